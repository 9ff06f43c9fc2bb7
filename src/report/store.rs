//! The record file: written whole or not at all, and never over something foreign.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use thiserror::Error;

use super::record::{RunRecord, SCHEMA};

/// Why a record cannot be written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder is missing or closed to us.
    #[error("--out {}: cannot write there: {error}", path.display())]
    Unwritable {
        /// The record's path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file holds something else.
    #[error(
        "--out {}: exists and is no nanogate run record; name another file",
        .0.display()
    )]
    Foreign(PathBuf),
    /// Writing failed, most likely a full disk. What was there before is still there.
    #[error(
        "cannot write {}: {error}; the file still holds the entries written before", path.display()
    )]
    Write {
        /// The record's path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Where a run keeps its record.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

/// As much of a record as tells it from other JSON.
#[derive(Deserialize)]
struct Marked {
    schema: String,
}

impl Store {
    /// Checks that a record can be written to `path`, before anything is measured.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        let store = Self { path: path.to_owned() };
        match fs::metadata(path) {
            // A device or a folder is not to be replaced by a file, whatever it holds.
            Ok(found) if !found.is_file() => return Err(StoreError::Foreign(store.path)),
            Ok(found) if found.len() > 0 && !is_record(path) => {
                return Err(StoreError::Foreign(store.path));
            }
            _ => {}
        }
        match temporary(&store.path) {
            Ok(_) => Ok(store),
            Err(error) => Err(StoreError::Unwritable { path: store.path, error }),
        }
    }

    /// The record's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the record: readers see the old one or the new one, and a crash loses neither.
    pub fn write(&self, record: &RunRecord) -> Result<(), StoreError> {
        replace(&self.path, record)
            .map_err(|error| StoreError::Write { path: self.path.clone(), error })
    }
}

/// Puts a value as JSON in the place of a file: readers see the old one or the new one.
pub(super) fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut writer = BufWriter::new(temporary(path)?);
    serde_json::to_writer_pretty(&mut writer, value)?;
    writer.write_all(b"\n")?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|persist| persist.error)?;
    Ok(())
}

/// A file beside the one that it becomes, so that renaming it is atomic.
pub(super) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.prefix(".nanogate-run.").tempfile_in(folder)
}

/// Whether a file is a record of any version. Read as a stream, however long it is.
fn is_record(path: &Path) -> bool {
    let marked = |file| serde_json::from_reader::<_, Marked>(BufReader::new(file)).ok();
    let found = File::open(path).ok().and_then(marked);
    found.is_some_and(|marked| marked.schema.split('/').next() == SCHEMA.split('/').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record may be replaced, and an empty file filled; anything else is left alone.
    #[test]
    fn foreign_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let is_taken = |text: &str| {
            fs::write(&path, text).unwrap();
            matches!(Store::new(&path), Err(StoreError::Foreign(_)))
        };
        assert!(!is_taken(r#"{"schema": "nanogate.run/1", "entries": []}"#));
        assert!(!is_taken(""));
        assert!(is_taken(r#"{"schema": "other/1"}"#));
        assert!(is_taken("my thesis"));
    }

    /// A folder that is not there, and a folder in place of a file, are refused at once.
    #[test]
    fn unwritable_paths_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Store::new(&folder.path().join("no/such/run.json")),
            Err(StoreError::Unwritable { .. })
        ));
        assert!(matches!(Store::new(folder.path()), Err(StoreError::Foreign(_))));
        assert!(Store::new(&folder.path().join("run.json")).is_ok());
    }
}
