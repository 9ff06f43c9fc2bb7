//! The measuring of a plan, entry by entry.

use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::Plan;
use crate::{
    backend::{BackendEntry, HostBackend, OpenOptions, Opened},
    cli::{Exit, Failure},
    corpus::generate::Generator,
    host::{
        schedule::{Disturbance, Snapshot},
        timer::Timer,
    },
    measure::{
        Bench, Empty, Method,
        inputs::{Pool, Rotation},
        latency,
        throughput::{self, Contestant, Throughput},
    },
    registry,
    report::record::{Entry, Header, RunRecord, Speedup, TimerRecord},
    verify::Divergence,
};

/// Batches on which the empty operation is measured.
const EMPTY_BATCH_LEN: usize = 1;

/// A backend of the plan, open.
type Open = (&'static BackendEntry, Opened);

/// Called after each entry, to store and to show.
type Keep<'k> = dyn FnMut(&RunRecord, &str) -> Result<(), Failure> + 'k;

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
        let lens: Vec<usize> = plan.batch_lens.iter().copied().chain([EMPTY_BATCH_LEN]).collect();
        let pool = Pool::new(plan.op, records, &lens).map_err(Failure::internal)?;
        let bench = Bench { timer, limits: plan.limits, interrupted };
        Ok(Self { plan, bench, pool, floor_ns: None })
    }

    /// Measures what the harness itself costs, on a backend that does nothing.
    pub(super) fn timer_record(&mut self) -> Result<TimerRecord, Failure> {
        let mut rotation = self.rotation(EMPTY_BATCH_LEN)?;
        let mut empty = Empty;
        let contestants = vec![Contestant::new(&mut empty, &mut rotation)];
        let per_batch =
            throughput::measure(self.bench, contestants).map_err(Failure::internal)?.pop();
        let readings =
            latency::measure(self.bench, &mut empty, &mut rotation).map_err(Failure::internal)?;
        self.floor_ns = readings.end_to_end.quantile_ns(0.5).ok();
        Ok(TimerRecord {
            quality: self.bench.timer.quality().clone(),
            empty_throughput_ns: per_batch.and_then(|measured| measured.per_record.median()),
            empty_latency_ns: self.floor_ns,
        })
    }

    /// Measures every entry of the plan, until all is there or the user stops it.
    pub(super) fn measure(
        &self,
        record: &mut RunRecord,
        keep: &mut Keep<'_>,
    ) -> Result<(), Failure> {
        let mut opened = self.open_all()?;
        for &batch_len in &self.plan.batch_lens {
            for &method in &self.plan.methods {
                match method {
                    Method::Throughput => self.throughput(&mut opened, batch_len, record, keep)?,
                    Method::Latency => self.latency(&mut opened, batch_len, record, keep)?,
                }
                if self.is_interrupted() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn open_all(&self) -> Result<Vec<Open>, Failure> {
        let batch_len_max = self.plan.batch_lens.iter().copied().max().unwrap_or(1);
        let options = OpenOptions { op: self.plan.op, batch_len_max };
        let open = |entry: &&'static BackendEntry| {
            registry::open(entry, &self.plan.context, options)
                .map(|opened| (*entry, opened))
                .map_err(|error| Failure::new(Exit::Unfit, format!("{}: {error}", entry.id)))
        };
        self.plan.backends.iter().map(open).collect()
    }

    /// All backends against each other: verified, measured in turns, verified.
    fn throughput(
        &self,
        opened: &mut [Open],
        batch_len: usize,
        record: &mut RunRecord,
        keep: &mut Keep<'_>,
    ) -> Result<(), Failure> {
        let mut rotations = Vec::new();
        for (entry, backend) in &mut *opened {
            rotations.push(self.verified_rotation(entry, backend, batch_len)?);
        }
        let before = Snapshot::take();
        let mut contestants = Vec::new();
        for ((entry, backend), rotation) in opened.iter_mut().zip(&mut rotations) {
            contestants.push(Contestant::new(host_backend(entry, backend)?, rotation));
        }
        let measured = throughput::measure(self.bench, contestants).map_err(Failure::internal)?;
        let disturbance = before.until(&Snapshot::take());
        let entries: Vec<_> = opened.iter().map(|(entry, _)| *entry).collect();
        for ((entry, rotation), one) in entries.iter().zip(&rotations).zip(&measured) {
            refuse(entry, rotation.verify_measured(one.submitted))?;
            let header = self.header(entry, rotation, disturbance, record);
            let precision = self.plan.limits.precision;
            let mut done = Entry::of_throughput(header, rotation, one, precision);
            done.speedup = speedup(entry, one, &entries, &measured);
            Self::push(record, done, keep)?;
        }
        Ok(())
    }

    /// Each backend on its own: verified, measured, verified.
    fn latency(
        &self,
        opened: &mut [Open],
        batch_len: usize,
        record: &mut RunRecord,
        keep: &mut Keep<'_>,
    ) -> Result<(), Failure> {
        for (entry, backend) in opened {
            let mut rotation = self.verified_rotation(entry, backend, batch_len)?;
            let before = Snapshot::take();
            let measured =
                latency::measure(self.bench, host_backend(entry, backend)?, &mut rotation)
                    .map_err(Failure::internal)?;
            let disturbance = before.until(&Snapshot::take());
            refuse(entry, rotation.verify_measured(measured.submitted))?;
            let header = self.header(entry, &rotation, disturbance, record);
            let done = Entry::of_latency(header, &rotation, &measured, self.floor_ns)
                .map_err(Failure::internal)?;
            Self::push(record, done, keep)?;
            if self.is_interrupted() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds an entry, unless it was interrupted before there was any figure.
    fn push(record: &mut RunRecord, entry: Entry, keep: &mut Keep<'_>) -> Result<(), Failure> {
        if entry.metrics.is_empty() {
            return Ok(());
        }
        let what = format!("{} {} x {}", entry.backend, entry.method.name(), entry.batch_len);
        record.entries.push(entry);
        keep(record, &what)
    }

    fn verified_rotation(
        &self,
        entry: &BackendEntry,
        backend: &mut Opened,
        batch_len: usize,
    ) -> Result<Rotation<'_>, Failure> {
        let mut rotation = self.rotation(batch_len)?;
        refuse(entry, rotation.verify(backend).map_err(Failure::internal)?)?;
        Ok(rotation)
    }

    fn rotation(&self, batch_len: usize) -> Result<Rotation<'_>, Failure> {
        self.pool.rotation(batch_len).map_err(Failure::internal)
    }

    fn header(
        &self,
        entry: &BackendEntry,
        rotation: &Rotation<'_>,
        disturbance: Disturbance,
        record: &RunRecord,
    ) -> Header {
        Header {
            backend: entry.id,
            op: self.plan.op,
            footprint_home: record.host.home_of(rotation.footprint_bytes()),
            disturbance,
        }
    }

    fn is_interrupted(&self) -> bool {
        self.bench.interrupted.load(Ordering::Relaxed)
    }
}

/// The backend as the host loops take it. Other clocks need measuring methods of their own.
fn host_backend<'o>(
    entry: &BackendEntry,
    opened: &'o mut Opened,
) -> Result<&'o mut HostBackend, Failure> {
    match opened {
        Opened::Host(backend) => Ok(backend.as_mut()),
        Opened::Device(_) | Opened::Simulated(_) => {
            let message = format!("{}: only host backends can be measured yet", entry.id);
            Err(Failure::new(Exit::Unfit, message))
        }
    }
}

/// How many times as fast as the baseline, by the readings of the same rounds.
fn speedup(
    entry: &BackendEntry,
    measured: &Throughput,
    entries: &[&'static BackendEntry],
    all: &[Throughput],
) -> Option<Speedup> {
    let baseline = registry::BASELINE.id;
    let index = entries.iter().position(|other| other.id == baseline)?;
    if entry.id == baseline {
        return None;
    }
    let ratio = all[index].per_record.speedup_of(&measured.per_record)?;
    Some(Speedup { baseline: baseline.into(), ratio })
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
