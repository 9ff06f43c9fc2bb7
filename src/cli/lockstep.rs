//! Two programs in lock step on one core: what the self-test and the gate have in common.

mod pair;
mod sizing;

use std::path::{Path, PathBuf};

use crate::{
    cli::{Exit, Failure},
    corpus::{Corpus, generate::Generator},
    host::timer::Calibration,
};

pub(super) use crate::gate::schedule::Turn as Side;
pub(super) use pair::Pair;
pub(super) use sizing::{Reading, Terms, footprint, measure as size};

/// Faulty records per thousand in the input, as in a run.
const FAULTS_PERMILLE: u16 = 1;

/// The two programs.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) baseline: PathBuf,
    pub(super) candidate: PathBuf,
}

impl Programs {
    /// The program of a side.
    pub(super) fn of(&self, side: Side) -> &Path {
        match side {
            Side::Baseline => &self.baseline,
            Side::Candidate => &self.candidate,
        }
    }
}

/// What every worker is started with.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) programs: Programs,
    pub(super) backend: String,
    pub(super) batch_len: usize,
    pub(super) input: PathBuf,
    /// Flags that stand before the verb, such as `--hide-cpu`.
    pub(super) flags: Vec<String>,
    pub(super) timer: Calibration,
}

/// Draws records from the embedded corpus into a file: drawing them takes longer than a launch may.
pub(super) fn write_input(path: &Path, count: usize, seed: u64) -> Result<(), Failure> {
    let corpus = Corpus::embedded().map_err(Failure::internal)?;
    let mut bytes = Vec::new();
    let records = Generator::new(&corpus, seed, FAULTS_PERMILLE).take(count);
    records.for_each(|record| bytes.extend_from_slice(record.as_bytes()));
    std::fs::write(path, bytes).map_err(|error| {
        let message = format!("cannot write {}: {error}; set TMPDIR", path.display());
        Failure::new(Exit::Failed, message)
    })
}
