//! Histogram logs beside the record: one file for each entry of a load and each kind of time.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use thiserror::Error;

use super::record::Entry;
use crate::{
    host::timer::Timer,
    measure::load::outcome::{Kind, Load},
    stats::{
        hlog::{self, HlogError, SIGNATURE},
        latency::HistogramError,
    },
};

/// Intervals of a log.
const INTERVALS: u32 = 10;

/// Why there is no log.
#[derive(Debug, Error)]
pub enum HlogFolderError {
    /// The folder is missing and cannot be made, or is closed to us.
    #[error("--hlog {}: cannot write there: {error}", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file of that name is none of ours.
    #[error("--hlog {}: exists and is no log of nanogate; name another folder", .0.display())]
    Foreign(PathBuf),
    /// The log could not be made.
    #[error(transparent)]
    Log(#[from] HlogError),
    /// A distribution could not be made.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
}

/// Where the logs go.
#[derive(Clone, Debug)]
pub struct HlogFolder {
    path: PathBuf,
}

impl HlogFolder {
    /// Makes the folder if it is missing, and checks that it can be written to.
    pub fn new(path: &Path) -> Result<Self, HlogFolderError> {
        let unwritable = |error| HlogFolderError::Unwritable { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(unwritable)?;
        NamedTempFile::new_in(path).map_err(unwritable)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Writes both logs of an entry, in nanoseconds. A log of ours with the same name is replaced.
    pub fn write(&self, entry: &Entry, load: &Load, timer: &Timer) -> Result<(), HlogFolderError> {
        for kind in Kind::ALL {
            let path = self.path.join(format!("{}-{}.hlog", stem(entry, load), kind.name()));
            if path.exists() && !is_ours(&path) {
                return Err(HlogFolderError::Foreign(path));
            }
            let intervals = load.intervals(timer, kind, INTERVALS)?;
            let log = hlog::write(load.began, &comments(entry, load, kind), &intervals)?;
            fs::write(&path, log).map_err(|error| HlogFolderError::Unwritable { path, error })?;
        }
        Ok(())
    }
}

/// All that tells an entry from another one of the same run.
fn stem(entry: &Entry, load: &Load) -> String {
    format!(
        "{}-batch{}-{}-workers{}-clients{}-rate{:.0}",
        entry.backend,
        entry.batch_len,
        entry.footprint_home,
        load.workers,
        load.offered.clients,
        load.offered.rate_per_s,
    )
}

fn comments(entry: &Entry, load: &Load, kind: Kind) -> Vec<String> {
    let from = match kind {
        Kind::Service => "start of service",
        Kind::Response => "intended start",
    };
    vec![
        format!(
            "{} time of a request of {} records, from its {from} to its end, in nanoseconds",
            kind.name(),
            entry.batch_len
        ),
        format!(
            "backend: {}, workers: {}, clients: {}, arrivals: {}; requests/s: {:.0} offered, \
             {:.0} served",
            entry.backend,
            load.workers,
            load.offered.clients,
            load.offered.arrivals.name(),
            load.offered.rate_per_s,
            load.achieved_per_s,
        ),
        format!("{} requests came, {} were lost", load.requests, load.lost),
    ]
}

fn is_ours(path: &Path) -> bool {
    let mut start = vec![0; SIGNATURE.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == SIGNATURE.as_bytes()
}
