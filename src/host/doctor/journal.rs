//! The journal of what `--fix` changes, written before the first change, so that all can be put
//! back even when nanogate died halfway.
//!
//! It is bound to the boot: the kernel forgets these settings when the machine restarts.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{root::Root, tuning::Change};

/// Environment variable with the folder of the journal.
pub const STATE_VARIABLE: &str = "NANOGATE_STATE_DIR";
/// Version of the journal.
const SCHEMA: &str = "nanogate.journal/1";
const FILE_NAME: &str = "doctor-journal.json";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What the journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    schema: String,
    /// Which start of the machine it belongs to.
    pub boot_id: String,
    /// When it was written, seconds since 1970.
    pub written_unix_s: u64,
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
}

/// Why the journal cannot be used. Nothing was changed.
#[derive(Debug, Error)]
pub enum JournalError {
    /// There is no folder for it.
    #[error("no folder for the journal: set {STATE_VARIABLE} or HOME")]
    NoFolder,
    /// The system does not tell its boots apart.
    #[error("cannot read {BOOT_ID}: without it, nothing could be put back safely")]
    NoBootId,
    /// There is one already.
    #[error(
        "settings are changed already (journal {}): run `nanogate doctor --restore` first",
        .0.display()
    )]
    Exists(PathBuf),
    /// It is not what we wrote.
    #[error(
        "the journal {} is damaged ({reason}); nothing was touched: put the settings back by hand, \
         or restart the machine, then remove the file",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be brought up to date. What it names more than is changed does no harm: restoring
    /// leaves alone what is back already.
    #[error(
        "cannot update the journal {}: {error}; see to its folder, then run \
         `nanogate doctor --restore`",
        path.display()
    )]
    Stale {
        /// The journal.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It cannot be read or written.
    #[error(
        "journal {}: {error}; nothing was touched: run as root, or set {STATE_VARIABLE} to a \
         folder that you may write to",
        path.display()
    )]
    Io {
        /// The journal.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Where the journal lies.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

/// Which start of the machine this is.
pub fn boot_id(root: &Root) -> Result<String, JournalError> {
    root.text(BOOT_ID).filter(|id| !id.is_empty()).ok_or(JournalError::NoBootId)
}

impl Entry {
    /// An entry of now.
    #[must_use]
    pub fn new(boot_id: String, changes: Vec<Change>) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written_unix_s = since_epoch.as_secs();
        Self { schema: SCHEMA.into(), boot_id, written_unix_s, changes }
    }
}

impl Journal {
    /// The journal of this user.
    pub fn locate() -> Result<Self, JournalError> {
        let folder = state_folder(is_root(), |name| std::env::var_os(name));
        folder.map(|folder| Self::in_folder(&folder)).ok_or(JournalError::NoFolder)
    }

    /// The journal in a folder, which need not be there yet.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(FILE_NAME) }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds. `None` where there is none.
    pub fn read(&self) -> Result<Option<Entry>, JournalError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io(error)),
        };
        let damaged = |reason: String| JournalError::Damaged { path: self.path.clone(), reason };
        let entry: Entry =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if entry.schema != SCHEMA {
            return Err(damaged(format!("its schema is {}, not {SCHEMA}", entry.schema)));
        }
        // What it names is written to, perhaps as root: only what we would have changed ourselves.
        match entry.changes.iter().find(|change| !change.is_ours()) {
            Some(change) => Err(damaged(format!("{} is no setting of ours", change.path))),
            None => Ok(Some(entry)),
        }
    }

    /// Writes the first entry. It is on the disk when this returns.
    pub fn create(&self, entry: &Entry) -> Result<(), JournalError> {
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(|error| self.io(error))?;
        let file = self.written(entry).map_err(|error| self.io(error))?;
        match file.persist_noclobber(&self.path) {
            Ok(_) => sync_folder(folder).map_err(|error| self.io(error)),
            Err(persist) if persist.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(JournalError::Exists(self.path.clone()))
            }
            Err(persist) => Err(self.io(persist.error)),
        }
    }

    /// Replaces the entry: a crash leaves the old one or the new one.
    pub fn replace(&self, entry: &Entry) -> Result<(), JournalError> {
        let file = self.written(entry).map_err(|error| self.stale(error))?;
        file.persist(&self.path).map_err(|persist| self.stale(persist.error))?;
        sync_folder(self.folder()).map_err(|error| self.stale(error))
    }

    /// Removes it. What is not there is removed already.
    pub fn remove(&self) -> Result<(), JournalError> {
        match fs::remove_file(&self.path) {
            Ok(()) => sync_folder(self.folder()).map_err(|error| self.stale(error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.stale(error)),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("."))
    }

    fn io(&self, error: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), error }
    }

    fn stale(&self, error: io::Error) -> JournalError {
        JournalError::Stale { path: self.path.clone(), error }
    }

    /// The entry in a temporary file that is on the disk.
    fn written(&self, entry: &Entry) -> io::Result<tempfile::NamedTempFile> {
        let mut file =
            tempfile::Builder::new().prefix(".nanogate-journal.").tempfile_in(self.folder())?;
        serde_json::to_writer_pretty(&mut file, entry)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

/// A name is safe only once its folder is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// The folder for state, by who runs us and by the environment.
fn state_folder(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set(STATE_VARIABLE) {
        return Some(folder);
    }
    if is_root {
        return Some("/var/lib/nanogate".into());
    }
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    Some(state?.join("nanogate"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::tuning::Kind;

    fn entry(path: &str) -> Entry {
        let change = Change {
            kind: Kind::Turbo,
            path: path.into(),
            before: "0\n".into(),
            after: "1\n".into(),
        };
        Entry::new("boot-1".into(), vec![change])
    }

    const NO_TURBO: &str = "/sys/devices/system/cpu/intel_pstate/no_turbo";

    /// What is written is read again; a second journal is refused; removing twice is fine.
    #[test]
    fn journals_survive() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(&folder.path().join("new/folder"));
        assert_eq!(journal.read().unwrap(), None);
        let first = entry(NO_TURBO);
        journal.create(&first).unwrap();
        assert_eq!(journal.read().unwrap(), Some(first));
        assert!(matches!(journal.create(&entry(NO_TURBO)), Err(JournalError::Exists(_))));
        let fewer = Entry { changes: Vec::new(), ..entry(NO_TURBO) };
        journal.replace(&fewer).unwrap();
        assert_eq!(journal.read().unwrap(), Some(fewer));
        journal.remove().unwrap();
        journal.remove().unwrap();
        assert_eq!(journal.read().unwrap(), None);
        assert_eq!(fs::read_dir(folder.path().join("new/folder")).unwrap().count(), 0);
    }

    /// A journal cut off anywhere is damaged, and never half of its changes.
    #[test]
    fn truncated_journals_are_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path());
        journal.create(&entry(NO_TURBO)).unwrap();
        let whole = fs::read_to_string(journal.path()).unwrap();
        for length in 0..whole.trim_end().len() {
            fs::write(journal.path(), &whole[..length]).unwrap();
            assert!(matches!(journal.read(), Err(JournalError::Damaged { .. })), "{length}");
        }
    }

    /// A journal that names any other file is refused: it may be read as root.
    #[test]
    fn foreign_paths_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path());
        for path in [
            "/etc/passwd",
            "/proc/irq/24/../../sys/kernel/core_pattern",
            "/sys/devices/system/cpu/cpufreq/policy0/../../../../../etc/scaling_governor",
            "/sys/devices/system/cpu/cpufreq/boost/scaling_governor",
        ] {
            fs::write(journal.path(), serde_json::to_string(&entry(path)).unwrap()).unwrap();
            let error = journal.read().unwrap_err().to_string();
            assert!(error.contains("no setting of ours"), "{error}");
        }
        let other = serde_json::to_string(&entry(NO_TURBO)).unwrap().replace("journal/1", "run/1");
        fs::write(journal.path(), other).unwrap();
        assert!(journal.read().unwrap_err().to_string().contains("its schema is nanogate.run/1"));
    }

    /// The folder is the one named, else that of the system or of the user.
    #[test]
    fn the_folder_follows_the_user() {
        let find = |is_root, set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name);
            state_folder(is_root, |name| find(name).map(|(_, value)| value.into()))
        };
        let home = ("HOME", "/home/me");
        let state = ("XDG_STATE_HOME", "/state");
        assert_eq!(find(true, &[home, (STATE_VARIABLE, "/mine")]), Some("/mine".into()));
        assert_eq!(find(true, &[home]), Some("/var/lib/nanogate".into()));
        assert_eq!(find(false, &[home, state]), Some("/state/nanogate".into()));
        assert_eq!(find(false, &[home]), Some("/home/me/.local/state/nanogate".into()));
        assert_eq!(find(false, &[(STATE_VARIABLE, "")]), None);
    }
}
