//! Which history, and which series of it.

use std::path::PathBuf;

use super::{DEFAULT, failure};
use crate::{
    cli::Failure,
    history::{
        Store,
        query::{Metric, Selection, Series},
    },
};

/// Which history a verb works on.
#[derive(Debug, clap::Args)]
pub(super) struct File {
    /// The history
    #[arg(long, value_name = "FILE", default_value = DEFAULT)]
    pub(super) history: PathBuf,
}

impl File {
    pub(super) fn open(&self) -> Result<Store, Failure> {
        Store::open(&self.history).map_err(failure)
    }
}

/// Which series a verb works on.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Only of this backend
    #[arg(long, value_name = "ID")]
    backend: Option<String>,
    /// Only of this method, such as throughput
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Only of batches of N records
    #[arg(long, value_name = "N")]
    batch: Option<u32>,
    /// Only of N threads
    #[arg(long, value_name = "N")]
    threads: Option<u32>,
    /// Only of input in this cache, such as L2 or memory
    #[arg(long, value_name = "NAME")]
    home: Option<String>,
    /// Only metrics that fit this pattern, such as 'host/*/p99'; '*' is all of them [default:
    /// medians of times, and counts of cycles]
    #[arg(long, value_name = "PATTERN")]
    metric: Option<String>,
    /// Only of this host: the digest from its beginning on, or a part of the name
    #[arg(long, value_name = "DIGEST|NAME")]
    host: Option<String>,
    /// Only of release or of debug builds
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl Which {
    /// The series that are asked for. That there are none is an error.
    pub(super) fn series(&self, store: &Store) -> Result<Vec<Series>, Failure> {
        let selection = Selection {
            backend: self.backend.clone(),
            method: self.method.clone(),
            batch_len: self.batch,
            threads: self.threads,
            home: self.home.clone(),
            metric: self.metric.clone().map_or(Metric::Main, Metric::Like),
            host: self.host.clone(),
            profile: self.profile.clone(),
        };
        let series = store.series(&selection).map_err(failure)?;
        if series.is_empty() {
            let message = "no series fits all that was asked for; `nanogate history series \
                           --metric '*'` lists what there is";
            return Err(Failure::usage(message));
        }
        Ok(series)
    }
}
