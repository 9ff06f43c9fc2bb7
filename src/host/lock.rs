//! One measuring run at a time: a lock file that the operating system frees when we die.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::PathBuf,
};

use thiserror::Error;

/// Why the machine is not ours to measure on.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another run holds the lock.
    #[error(
        "another nanogate run is measuring on this machine (lock {}): wait for it to end",
        .0.display()
    )]
    Held(PathBuf),
    /// The lock file cannot be made or locked.
    #[error(
        "cannot lock {}: {error}; remove the file or set TMPDIR to a writable folder",
        path.display()
    )]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Held while measuring; freed when dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock of this machine, or says who has it.
    pub fn take() -> Result<Self, LockError> {
        Self::take_at(std::env::temp_dir().join("nanogate.lock"))
    }

    fn take_at(path: PathBuf) -> Result<Self, LockError> {
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) => return Err(LockError::Io { path, error }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held(path)),
            Err(TryLockError::Error(error)) => Err(LockError::Io { path, error }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second lock is refused while the first is held, and granted after.
    #[test]
    fn only_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = RunLock::take_at(path.clone()).unwrap();
        assert!(matches!(RunLock::take_at(path.clone()), Err(LockError::Held(_))));
        drop(first);
        assert!(RunLock::take_at(path).is_ok());
    }
}
