//! What a run is to measure.

use std::time::Duration;

use super::Arguments;
use crate::{
    backend::{BackendEntry, ProbeContext, Unavailable},
    cli::{Failure, backends_asked, corpus_asked},
    corpus::Corpus,
    measure::{Limits, Method},
    op::Op,
    registry,
    report::record::{CorpusRecord, Skipped},
};

/// Batch lengths unless told otherwise: one tool, a shell's worth, and up to beyond the caches.
const BATCH_LENS: [usize; 6] = [1, 16, 256, 4_096, 65_536, 1_048_576];

const BUDGET: Duration = Duration::from_secs(1);
const BUDGET_QUICK: Duration = Duration::from_millis(150);

/// Half width of the interval at which a throughput reading is precise enough.
const PRECISION: f64 = 0.01;

/// What to measure.
pub(super) struct Plan {
    pub(super) context: ProbeContext,
    pub(super) op: Op,
    pub(super) corpus: Corpus,
    pub(super) seed: u64,
    pub(super) faults_permille: u16,
    pub(super) backends: Vec<&'static BackendEntry>,
    missing: Vec<(&'static BackendEntry, Unavailable)>,
    pub(super) batch_lens: Vec<usize>,
    pub(super) methods: Vec<Method>,
    pub(super) limits: Limits,
}

impl Plan {
    /// What the arguments ask for.
    pub(super) fn new(arguments: &Arguments, context: &ProbeContext) -> Result<Self, Failure> {
        let (mut backends, missing) = backends_asked(&arguments.backend, arguments.peers, context)?;
        // The baseline first: it is what the others are read against.
        backends.sort_by_key(|entry| entry.id != registry::BASELINE.id);
        let mut batch_lens: Vec<usize> = arguments.batch.iter().map(|&len| len as usize).collect();
        if batch_lens.is_empty() {
            batch_lens.extend(BATCH_LENS);
        }
        batch_lens.sort_unstable();
        batch_lens.dedup();
        let chosen =
            |method: &Method| arguments.method.is_empty() || arguments.method.contains(method);
        let default_budget = if arguments.quick { BUDGET_QUICK } else { BUDGET };
        Ok(Self {
            context: *context,
            op: Op::Decide,
            corpus: corpus_asked(arguments.corpus.as_deref())?,
            seed: arguments.seed,
            faults_permille: arguments.faults,
            backends,
            missing,
            batch_lens,
            methods: Method::ALL.into_iter().filter(chosen).collect(),
            limits: Limits {
                budget: arguments.budget.unwrap_or(default_budget),
                precision: PRECISION,
            },
        })
    }

    /// Entries, and one step each for the timer and for preparing.
    pub(super) fn step_count(&self) -> u64 {
        (self.backends.len() * self.batch_lens.len() * self.methods.len()) as u64 + 1
    }

    pub(super) fn corpus_record(&self) -> CorpusRecord {
        CorpusRecord {
            source: self.corpus.source().into(),
            digest: self.corpus.digest().into(),
            descriptor_count: self.corpus.entries().len(),
            seed: self.seed,
            faults_permille: self.faults_permille,
        }
    }

    pub(super) fn skipped(&self) -> Vec<Skipped> {
        let skipped = self.missing.iter().map(|(entry, reason)| Skipped {
            backend: entry.id.into(),
            reason: reason.to_string(),
        });
        skipped.collect()
    }
}
