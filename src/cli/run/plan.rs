//! What a run is to measure, and the measuring of it, entry by entry.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::Arguments;
use crate::{
    backend::{BackendEntry, HostBackend, OpenOptions, Opened, ProbeContext, Unavailable},
    cli::{Exit, Failure, backends_asked, corpus_asked},
    corpus::{Corpus, generate::Generator},
    host::{schedule::Snapshot, timer::Timer},
    measure::{
        Bench, Empty, Limits, Method,
        inputs::{Pool, Rotation},
        latency, throughput,
    },
    op::Op,
    registry,
    report::record::{CorpusRecord, Entry, Header, RunRecord, Skipped, TimerRecord},
    verify::Divergence,
};

/// Batch lengths unless told otherwise: one tool, a shell's worth, and up to beyond the caches.
const BATCH_LENS: [usize; 6] = [1, 16, 256, 4_096, 65_536, 1_048_576];

const BUDGET: Duration = Duration::from_secs(1);
const BUDGET_QUICK: Duration = Duration::from_millis(150);

/// Half width of the interval at which a throughput reading is precise enough.
const PRECISION: f64 = 0.01;

/// Batches on which the empty operation is measured.
const EMPTY_BATCH_LEN: usize = 1;

/// What to measure.
pub(super) struct Plan {
    op: Op,
    corpus: Corpus,
    seed: u64,
    faults_permille: u16,
    backends: Vec<&'static BackendEntry>,
    missing: Vec<(&'static BackendEntry, Unavailable)>,
    batch_lens: Vec<usize>,
    methods: Vec<Method>,
    limits: Limits,
}

impl Plan {
    /// What the arguments ask for.
    pub(super) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let (mut backends, missing) = backends_asked(&arguments.backend, &ProbeContext::default())?;
        // The baseline first, so that each other entry finds it measured.
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

/// A plan with its inputs made.
pub(super) struct Session<'a> {
    plan: &'a Plan,
    bench: Bench<'a>,
    pool: Pool,
    /// Median of empty latency readings.
    floor_ns: Option<f64>,
}

impl<'a> Session<'a> {
    /// Draws the inputs and computes what is golden.
    pub(super) fn new(
        plan: &'a Plan,
        timer: &'a Timer,
        interrupted: &'a AtomicBool,
    ) -> Result<Self, Failure> {
        let records = Generator::new(&plan.corpus, plan.seed, plan.faults_permille);
        let lens = plan.batch_lens.iter().copied().chain([EMPTY_BATCH_LEN]);
        let pool =
            Pool::new(plan.op, records, &lens.collect::<Vec<_>>()).map_err(Failure::internal)?;
        let bench = Bench { timer, limits: plan.limits, interrupted };
        Ok(Self { plan, bench, pool, floor_ns: None })
    }

    /// Measures what the harness itself costs, on a backend that does nothing.
    pub(super) fn timer_record(&mut self) -> Result<TimerRecord, Failure> {
        let mut rotation = self.pool.rotation(EMPTY_BATCH_LEN).map_err(Failure::internal)?;
        let per_batch = throughput::measure(self.bench, &mut Empty, &mut rotation)
            .map_err(Failure::internal)?;
        let readings =
            latency::measure(self.bench, &mut Empty, &mut rotation).map_err(Failure::internal)?;
        self.floor_ns = readings.end_to_end.quantile_ns(0.5).ok();
        Ok(TimerRecord {
            quality: self.bench.timer.quality().clone(),
            empty_throughput_ns: per_batch.per_record.median(),
            empty_latency_ns: self.floor_ns,
        })
    }

    /// Measures every entry of the plan. `keep` is called after each, to store and to show.
    ///
    /// Backends take turns within a batch length, so that a slow drift of the machine meets the
    /// baseline and its rivals alike.
    pub(super) fn measure(
        &mut self,
        record: &mut RunRecord,
        mut keep: impl FnMut(&RunRecord, &str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut opened = self.open_all()?;
        for &batch_len in &self.plan.batch_lens {
            for &method in &self.plan.methods {
                for (entry, backend) in &mut opened {
                    let measured = self.measure_entry(entry, backend, method, batch_len, record)?;
                    if self.bench.interrupted.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    record.push(measured, registry::BASELINE.id);
                    keep(record, &format!("{} {} x {batch_len}", entry.id, method.name()))?;
                }
            }
        }
        Ok(())
    }

    fn open_all(&self) -> Result<Vec<(&'static BackendEntry, Opened)>, Failure> {
        let batch_len_max = self.plan.batch_lens.iter().copied().max().unwrap_or(1);
        let options = OpenOptions { op: self.plan.op, batch_len_max };
        let open = |entry: &&'static BackendEntry| {
            registry::open(entry, &ProbeContext::default(), options)
                .map(|opened| (*entry, opened))
                .map_err(|error| Failure::new(Exit::Unfit, format!("{}: {error}", entry.id)))
        };
        self.plan.backends.iter().map(open).collect()
    }

    /// Verifies, measures, verifies.
    fn measure_entry(
        &self,
        entry: &'static BackendEntry,
        opened: &mut Opened,
        method: Method,
        batch_len: usize,
        record: &RunRecord,
    ) -> Result<Entry, Failure> {
        let mut rotation = self.pool.rotation(batch_len).map_err(Failure::internal)?;
        refuse(entry, rotation.verify(opened).map_err(Failure::internal)?)?;
        let Opened::Host(backend) = opened else {
            let message = format!("{}: only host backends can be measured yet", entry.id);
            return Err(Failure::new(Exit::Unfit, message));
        };
        let header = Header {
            backend: entry.id,
            op: self.plan.op,
            footprint_home: record.host.home_of(rotation.footprint_bytes()),
            disturbance: Snapshot::default().until(&Snapshot::default()),
        };
        let (measured, submitted) =
            self.measure_host(header, backend.as_mut(), method, &mut rotation)?;
        refuse(entry, rotation.verify_measured(submitted))?;
        Ok(measured)
    }

    /// The entry, and how many batches were submitted for it.
    fn measure_host(
        &self,
        mut header: Header,
        backend: &mut HostBackend,
        method: Method,
        rotation: &mut Rotation<'_>,
    ) -> Result<(Entry, u64), Failure> {
        let before = Snapshot::take();
        match method {
            Method::Throughput => {
                let measured = throughput::measure(self.bench, backend, rotation)
                    .map_err(Failure::internal)?;
                header.disturbance = before.until(&Snapshot::take());
                let precision = self.plan.limits.precision;
                let entry = Entry::of_throughput(header, rotation, &measured, precision);
                Ok((entry, measured.submitted))
            }
            Method::Latency => {
                let measured =
                    latency::measure(self.bench, backend, rotation).map_err(Failure::internal)?;
                header.disturbance = before.until(&Snapshot::take());
                let entry = Entry::of_latency(header, rotation, &measured, self.floor_ns)
                    .map_err(Failure::internal)?;
                Ok((entry, measured.submitted))
            }
        }
    }
}

/// A backend that differs from the golden model has no number.
fn refuse(entry: &BackendEntry, divergence: Option<Divergence>) -> Result<(), Failure> {
    match divergence {
        None => Ok(()),
        Some(divergence) => {
            let message = format!("{} differs from the golden model: {divergence}", entry.id);
            Err(Failure::new(Exit::WrongResults, message))
        }
    }
}
