//! Where the system's files lie: below `/`, or below a fake tree in tests.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Environment variable with the folder that stands for `/`. For tests.
pub const ROOT_VARIABLE: &str = "NANOGATE_SYSTEM_ROOT";

/// The folder that system paths are read below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// Reads below `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// `/`, unless the environment names another folder.
    #[must_use]
    pub fn detect() -> Self {
        Self::new(std::env::var_os(ROOT_VARIABLE).unwrap_or_else(|| "/".into()))
    }

    /// Where the system's file `absolute` lies.
    #[must_use]
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// The exact text of a file. `None` where it cannot be read.
    #[must_use]
    pub fn exact(&self, absolute: &str) -> Option<String> {
        fs::read_to_string(self.path(absolute)).ok()
    }

    /// The trimmed text of a file, which may be empty. `None` where it cannot be read.
    #[must_use]
    pub fn text(&self, absolute: &str) -> Option<String> {
        self.exact(absolute).map(|text| text.trim().to_owned())
    }

    /// The number that a file holds.
    #[must_use]
    pub fn number<T: FromStr>(&self, absolute: &str) -> Option<T> {
        self.text(absolute)?.parse().ok()
    }

    /// The cores that a file lists, such as `0-3,8`.
    #[must_use]
    pub fn cores(&self, absolute: &str) -> Option<Vec<usize>> {
        self.text(absolute).map(|text| crate::host::cpu_list(&text))
    }

    /// Whether a file or folder is there.
    #[must_use]
    pub fn has(&self, absolute: &str) -> bool {
        self.path(absolute).exists()
    }

    /// The names in a folder, sorted. Empty where there is no such folder.
    #[must_use]
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The numbers N of the entries `prefixN` in a folder, least first.
    #[must_use]
    pub fn numbered(&self, folder: &str, prefix: &str) -> Vec<usize> {
        let number = |name: &String| name.strip_prefix(prefix)?.parse().ok();
        let mut numbers: Vec<usize> = self.names(folder).iter().filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl AsRef<Path> for Root {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
pub(super) mod fake {
    use super::*;

    /// A tree with the files given, absolute path and text.
    pub(crate) fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        for (path, text) in files {
            let path = root.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (folder, root)
    }
}

#[cfg(test)]
mod tests {
    use super::fake::tree;

    /// An empty file is no missing file, entries come in the order of their numbers, and nothing is
    /// read outside the tree.
    #[test]
    fn files_are_read_below_the_root() {
        let (_folder, root) = tree(&[
            ("/sys/isolated", "\n"),
            ("/sys/online", "0-1,4\n"),
            ("/sys/cpu/policy10/x", ""),
            ("/sys/cpu/policy9/x", ""),
            ("/sys/cpu/boost", "1"),
        ]);
        assert_eq!(root.text("/sys/isolated").as_deref(), Some(""));
        assert_eq!(root.cores("/sys/isolated"), Some(vec![]));
        assert_eq!(root.cores("/sys/online"), Some(vec![0, 1, 4]));
        assert_eq!(root.cores("/sys/offline"), None);
        assert_eq!(root.numbered("/sys/cpu", "policy"), [9, 10]);
        assert_eq!(root.number("/sys/cpu/boost"), Some(1));
        assert!(!root.has("/proc/stat"));
    }
}
