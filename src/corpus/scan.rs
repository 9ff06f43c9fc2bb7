//! Finds the commands of a machine or of an unpacked tree, and their documentation.
//!
//! A command is an executable file on the path, or a page of section 1 or 8 called
//! `<family>-<word>` where the head of the family is on the path. Files are only read.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use super::{
    Corpus, Entry, help,
    page::{self, PageFile, Pages},
    root::resolve,
    rules::{Facts, Rules},
};

/// Section of a command without a page.
pub const NO_SECTION: &str = "-";

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Links do not leave this directory. `/` for the machine itself.
    pub root: PathBuf,
    /// Directories with executable files, first one first.
    pub path_dirs: Vec<PathBuf>,
    /// Directories with `man1` and `man8`.
    pub manual_dirs: Vec<PathBuf>,
}

impl Places {
    /// The standard directories below `root`.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        let at = |relative: &[&str]| relative.iter().map(|dir| root.join(dir)).collect();
        Self {
            root: root.to_owned(),
            path_dirs: at(&[
                "usr/local/sbin",
                "usr/local/bin",
                "usr/sbin",
                "usr/bin",
                "sbin",
                "bin",
                "usr/local/games",
                "usr/games",
            ]),
            manual_dirs: at(&["usr/local/share/man", "usr/local/man", "usr/share/man"]),
        }
    }

    /// This machine: `path` as in `PATH`, and the manual directories that belong to it.
    #[must_use]
    pub fn of_path(path: &std::ffi::OsStr) -> Self {
        let path_dirs: Vec<PathBuf> =
            std::env::split_paths(path).filter(|dir| dir.is_absolute()).collect();
        let mut manual_dirs = Vec::new();
        let beside = path_dirs.iter().filter_map(|dir| dir.parent());
        let beside = beside.flat_map(|dir| [dir.join("share/man"), dir.join("man")]);
        let standard = ["/usr/local/share/man", "/usr/share/man"].map(PathBuf::from);
        for dir in beside.chain(standard) {
            if !manual_dirs.contains(&dir) {
                manual_dirs.push(dir);
            }
        }
        Self { root: PathBuf::from("/"), path_dirs, manual_dirs }
    }
}

/// What a scan met besides commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Commands found.
    pub commands: usize,
    /// Of them, with a manual page.
    pub with_page: usize,
    /// Of them, without a page but with help text in their file.
    pub with_help: usize,
    /// Of them, without any documentation.
    pub undocumented: usize,
    /// Files left out because their name is no UTF-8 or has control characters.
    pub odd_names: usize,
    /// Pages that could not be read.
    pub unreadable_pages: usize,
    /// Pages left out because of their compression: only gzip and plain pages are read.
    pub other_compressions: usize,
}

/// A command before its documentation is read.
#[derive(Debug)]
struct Command {
    executable: Option<PathBuf>,
    page: Option<PageFile>,
}

/// Scans `places` and applies `rules`. Calls `progress` with commands done and commands in all.
pub fn scan(
    places: &Places,
    rules: &Rules,
    source: &str,
    progress: &mut dyn FnMut(usize, usize),
) -> (Corpus, Counts) {
    let mut counts = Counts::default();
    let commands = commands(places, rules, &mut counts);
    let mut entries = Vec::with_capacity(commands.len());
    for (done, (name, command)) in commands.iter().enumerate() {
        progress(done, commands.len());
        entries.push(entry(name, command, places, rules, &mut counts));
    }
    counts.commands = entries.len();
    (Corpus::from_entries(entries, source), counts)
}

fn commands(places: &Places, rules: &Rules, counts: &mut Counts) -> BTreeMap<String, Command> {
    let pages = Pages::find(&places.manual_dirs);
    counts.other_compressions = pages.other_compressions;
    let mut commands = BTreeMap::new();
    let mut odd_names = HashSet::new();
    for dir in &places.path_dirs {
        for (name, path) in executables(dir, &places.root) {
            let Some(name) = plain_name(&name) else {
                odd_names.insert(name);
                continue;
            };
            let page = pages.get(name).cloned();
            let command = Command { executable: Some(path), page };
            commands.entry(name.to_owned()).or_insert(command);
        }
    }
    counts.odd_names = odd_names.len();
    let heads: BTreeSet<&str> = rules.families().iter().map(String::as_str).collect();
    let on_path: Vec<&str> =
        heads.into_iter().filter(|head| commands.contains_key(*head)).collect();
    let mut members = Vec::new();
    for page in pages.iter() {
        let belongs = |head: &&str| page.name.strip_prefix(*head).is_some_and(is_member);
        let is_command = rules.is_command(&page.name) && plain_name(page.name.as_ref()).is_some();
        if is_command && on_path.iter().any(belongs) {
            members.push(page.clone());
        }
    }
    for page in members {
        let name = page.name.clone();
        commands.entry(name).or_insert(Command { executable: None, page: Some(page) });
    }
    commands
}

fn is_member(after_head: &str) -> bool {
    after_head.strip_prefix('-').is_some_and(|word| !word.is_empty())
}

/// A name that a CSV file and a terminal can show.
fn plain_name(name: &std::ffi::OsStr) -> Option<&str> {
    let name = name.to_str()?;
    let plain = |character: char| !character.is_control() && !character.is_whitespace();
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// Executable files of a directory with their resolved paths; none if it cannot be read.
fn executables(dir: &Path, root: &Path) -> Vec<(std::ffi::OsString, PathBuf)> {
    let Ok(dir) = resolve(root, dir) else { return Vec::new() };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let resolved = entries.filter_map(|entry| {
        let path = resolve(root, &entry.path()).ok()?;
        is_executable(&path).then(|| (entry.file_name(), path))
    });
    resolved.collect()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

fn entry(
    name: &str,
    command: &Command,
    places: &Places,
    rules: &Rules,
    counts: &mut Counts,
) -> Entry {
    let rendered = command.page.as_ref().and_then(|file| {
        let rendered = page::render(&file.path, &places.root);
        counts.unreadable_pages += usize::from(rendered.is_err());
        Some((file.section.as_str(), rendered.ok()?))
    });
    // A page that only links to one that is not there is none.
    let rendered = rendered.filter(|(_, rendered)| !rendered.text.trim().is_empty());
    let (section, summary, text) = match rendered {
        Some((section, rendered)) => (section, rendered.summary, page::collapse(&rendered.text)),
        None => (NO_SECTION, String::new(), help_of(command)),
    };
    let documentation_bytes = text.len() as u64;
    match (section, documentation_bytes) {
        (_, 0) => counts.undocumented += 1,
        (NO_SECTION, _) => counts.with_help += 1,
        _ => counts.with_page += 1,
    }
    let (summary, text) = (summary.to_lowercase(), text.to_lowercase());
    let finding = rules.apply(&Facts { name, section, summary: &summary, text: &text });
    Entry {
        name: name.to_owned(),
        section: section.to_owned(),
        documentation_bytes,
        descriptor: rules.describe(name, finding.risk, finding.capabilities),
        fired: finding.fired,
    }
}

fn help_of(command: &Command) -> String {
    let text = command.executable.as_deref().and_then(|path| help::text_of_file(path).ok());
    page::collapse(&text.unwrap_or_default())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn executable(path: &Path, text: &[u8]) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for dir in ["usr/bin", "usr/sbin", "usr/share/man/man1", "usr/share/man/man8", "etc"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        symlink("/usr/bin", at("bin")).unwrap();
        executable(&at("usr/bin/git"), b"\0");
        executable(&at("usr/bin/cat"), b"\0");
        executable(&at("usr/bin/helpful"), b"\0Usage: helpful\0");
        executable(&at("usr/bin/odd\nname"), b"\0");
        executable(&at("usr/bin/a,\"b"), b"\0");
        fs::write(at("usr/bin/no-program"), "").unwrap();
        symlink("/usr/bin/cat", at("usr/sbin/alias")).unwrap();
        symlink("loop", at("usr/bin/loop")).unwrap();
        let page = |name: &str| format!(".TH X 1 d s m\n.SH NAME\n{name} \\- record changes\n");
        fs::write(at("usr/share/man/man1/helpful.1"), ".so man1/none.1\n").unwrap();
        for name in ["cat", "git-commit", "cargo-build"] {
            fs::write(at(&format!("usr/share/man/man1/{name}.1")), page(name)).unwrap();
        }
        fs::write(at("usr/share/man/man8/x.8.bz2"), "").unwrap();
        root
    }

    /// Files on the path and pages of families whose head is there; each name once; nothing else.
    #[test]
    fn commands_and_family_pages_are_found() {
        let root = tree();
        let rules = Rules::embedded().unwrap();
        let (corpus, counts) = scan(&Places::below(root.path()), &rules, "test", &mut |_, _| {});
        let found: Vec<(&str, &str)> = corpus
            .entries()
            .iter()
            .map(|entry| (entry.name.as_str(), entry.section.as_str()))
            .collect();
        let expected = [
            ("a,\"b", "-"),
            ("alias", "-"),
            ("cat", "1"),
            ("git", "-"),
            ("git-commit", "1"),
            ("helpful", "-"),
        ];
        assert_eq!(found, expected);
        let expected = Counts {
            commands: 6,
            with_page: 2,
            with_help: 1,
            undocumented: 3,
            odd_names: 1,
            unreadable_pages: 0,
            other_compressions: 1,
        };
        assert_eq!(counts, expected);
    }
}
