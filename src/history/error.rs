//! What can be wrong with a history, by the name of the file and with the remedy.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, Error, ErrorCode};
use thiserror::Error;

use super::store::{BUSY_S, VERSION};

/// Why a history cannot be used.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// There is no such file.
    #[error("--history {}: no such file; `nanogate run --history FILE` begins one", .0.display())]
    Missing(PathBuf),
    /// The file holds something else. It is left as it is.
    #[error("--history {}: is no nanogate history ({what}); name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The file was written by a later version.
    #[error(
        "--history {}: has format {version}, and this nanogate knows formats up to {VERSION}; use \
         a newer nanogate", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: i32,
    },
    /// The file is a history, and damaged.
    #[error(
        "--history {}: is damaged ({detail}); move it away, and fill a new one from records with \
         `nanogate history add`", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says, and what its check of the file finds first.
        detail: String,
    },
    /// Somebody else is writing, for longer than we wait.
    #[error(
        "--history {}: another process has kept it locked for {BUSY_S} s; try again when it has \
         ended", .0.display()
    )]
    Busy(PathBuf),
    /// The file or its folder is closed to us, or not there.
    #[error(
        "--history {}: {detail}; name a file in a folder that you may write to", path.display()
    )]
    Closed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// The disk is full, or fails. What was in the file before is still there.
    #[error(
        "--history {}: {detail}; free some space or choose another disk: what was in it before is \
         still there", path.display()
    )]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// A record has no form that could be kept.
    #[error("cannot keep the record: {0}")]
    Record(#[from] serde_json::Error),
}

impl HistoryError {
    /// The path is there, and cannot be looked at.
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Closed { path: path.to_owned(), detail: error.to_string() }
    }

    /// What an error of SQLite means. Where the file may be damaged, it is checked.
    pub(super) fn explain(path: &Path, connection: Option<&Connection>, error: &Error) -> Self {
        use ErrorCode as Code;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy(path),
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                Self::Closed { path, detail: error.to_string() }
            }
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::FileLockingProtocolFailed
                | Code::OutOfMemory,
            ) => Self::Disk { path, detail: error.to_string() },
            // All else comes of tables that are not as we made them.
            _ => {
                let found = connection.and_then(quick_check);
                let found = found.map(|found| format!("; {found}")).unwrap_or_default();
                Self::Damaged { path, detail: format!("{error}{found}") }
            }
        }
    }
}

/// The first fault that SQLite finds in the whole file. `None` where it finds none, or cannot.
fn quick_check(connection: &Connection) -> Option<String> {
    let first = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let said = connection.query_row("PRAGMA quick_check(1)", (), first).ok()?;
    // One line for the user, whatever SQLite says.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (said != "ok").then_some(said)
}
