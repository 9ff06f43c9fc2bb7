//! What a record says of simulated hardware: cycles, backpressure, and modelled time.

use serde::{Deserialize, Serialize};

use super::record::{Entry, Header};
use crate::{
    backend::simulated::{Counters, CycleCounts, Pace, SimFacts, TimingFacts},
    clock::{Modeled, SimCycles, SimulatorCost},
    measure::{
        Method, Stop,
        cycles::{Cycles, Paced},
        inputs::Rotation,
    },
    warning::Warning,
};

/// First beat in to first beat out, in metrics and tables.
pub const LATENCY: &str = "sim/latency";
/// From beat taken to beat taken.
pub const INTERVAL: &str = "sim/initiation_interval";
/// First beat in to last beat out.
pub const TOTAL: &str = "sim/total";
/// Cycles in which the design held the input back.
pub const STALLED: &str = "sim/stalled";
/// Records per cycle: `mean` over the batch, `steady` after the first beat is out.
pub const RECORDS_PER_CYCLE: &str = "sim/records_per_cycle";

/// Whether a metric counts cycles, and can be compared exactly. Rates follow from them, and so does
/// modelled time.
#[must_use]
pub fn is_count(id: &str) -> bool {
    id.starts_with("sim/") && !id.starts_with(RECORDS_PER_CYCLE)
}

/// Home of a footprint that no cache of the host matters for.
pub const SIMULATOR_HOME: &str = "simulator";

/// A simulated design that was open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulatedRecord {
    /// Id of the backend.
    pub backend: String,
    /// What it is.
    #[serde(flatten)]
    pub facts: SimFacts,
    /// The design's own counters when they were last read.
    pub counters: Counters,
}

/// What the method `cycles` has beyond metrics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CyclesRecord {
    /// Records that one beat holds.
    pub lanes: usize,
    /// What the lanes allow at most.
    pub bound: CycleBound,
    /// The batch from a slow source.
    pub slow_source: PacedRecord,
    /// The batch into a slow sink, the fastest first.
    pub backpressure: Vec<PacedRecord>,
    /// Time at the clock of each timing report. An estimate of tools, no board.
    pub modeled: Vec<ModeledRecord>,
    /// What the eager run costs the host.
    pub simulator_cost: SimulatorCost,
}

/// Most records per cycle that the lanes and the paces allow, and the share of it that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CycleBound {
    /// Lanes, times how often both sides are willing on average.
    pub records_per_cycle: f64,
    /// Share of it over the whole batch. Draws can be luckier than their average.
    pub fraction: f64,
}

/// A batch with one side that is not always willing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PacedRecord {
    /// How often the slow side is willing.
    pub pace: Pace,
    /// Cycles from the first beat in to the last beat out.
    pub total: u64,
    /// Cycles in which the design held the input back.
    pub stalled: u64,
    /// Least latency of a beat.
    pub latency_min: u64,
    /// Greatest latency of a beat. Absent where it is beyond what is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_max: Option<u64>,
    /// Over the whole batch.
    pub records_per_cycle: f64,
    /// What the lanes allow at this pace.
    pub bound: CycleBound,
    /// How long the input was held back, as pairs of cycles and how often. The last that is told
    /// apart takes all that are longer.
    pub stall_runs: Vec<[u64; 2]>,
}

/// Time that cycles would take at the median clock of a timing report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModeledRecord {
    /// The report.
    pub report: String,
    /// The part, its package and its speed grade.
    pub part: String,
    /// Least, median and greatest clock of the runs of the placer, in megahertz.
    pub fmax_mhz: [f64; 3],
    /// First beat in to first beat out.
    pub latency_ns: Modeled,
    /// In steady state. Absent for a single beat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_record_ns: Option<Modeled>,
    /// In steady state, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_per_s: Option<Modeled>,
}

fn count(cycles: Option<SimCycles>) -> u64 {
    cycles.map_or(0, SimCycles::count)
}

impl CycleBound {
    fn of(lanes: usize, paced: &Paced) -> Self {
        let willing = |pace: Pace| f64::from(pace.permille) / 1000.0;
        let slower = willing(paced.pacing.source).min(willing(paced.pacing.sink));
        let records_per_cycle = lanes as f64 * slower;
        Self { records_per_cycle, fraction: paced.records_per_cycle() / records_per_cycle }
    }
}

impl PacedRecord {
    fn new(lanes: usize, pace: Pace, paced: &Paced) -> Self {
        let latency = &paced.seen.latency;
        Self {
            pace,
            total: paced.elapsed.total.count(),
            stalled: paced.elapsed.stalled.count(),
            latency_min: count(latency.min()),
            latency_max: (!latency.is_cut()).then(|| count(latency.max())),
            records_per_cycle: paced.records_per_cycle(),
            bound: CycleBound::of(lanes, paced),
            stall_runs: paced.seen.stall_runs.seen().map(<[u64; 2]>::from).collect(),
        }
    }
}

impl ModeledRecord {
    /// `None` for a report without a clock.
    fn new(timing: &TimingFacts, measured: &Cycles) -> Option<Self> {
        let fmax = timing.fmax()?;
        let steady = measured.eager.steady(measured.lanes);
        let each = steady.map(|(records, cycles)| cycles.at(&fmax).each_of(records));
        Some(Self {
            report: timing.report.clone(),
            part: timing.part.clone(),
            fmax_mhz: timing.fmax_mhz,
            latency_ns: measured.eager.elapsed.latency.at(&fmax).figure(),
            per_record_ns: each.map(|each| each.figure()),
            records_per_s: each.map(|each| each.per_second()),
        })
    }
}

impl Entry {
    /// The entry of a batch whose cycles were counted.
    #[must_use]
    pub fn of_cycles(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Cycles,
        facts: &SimFacts,
    ) -> Self {
        let mut entry = Self::new(header, Method::Cycles, rotation, Stop::Complete);
        entry.put_cycles(measured, facts);
        entry.warn_of_cycles(measured);
        entry
    }

    /// The figures of a batch whose cycles were counted.
    pub(crate) fn put_cycles(&mut self, measured: &Cycles, facts: &SimFacts) {
        self.sample_count = 1;
        let Cycles { lanes, eager, slow_source, .. } = *measured;
        self.put_counts(LATENCY, &eager.seen.latency);
        self.put_counts(INTERVAL, &eager.seen.interval_in);
        self.put_mean(&eager.seen.interval_in);
        let total = eager.elapsed.total.count();
        let stalled = eager.elapsed.stalled.count();
        self.metrics.insert(format!("{TOTAL}/count"), total as f64);
        self.metrics.insert(format!("{STALLED}/count"), stalled as f64);
        self.metrics.insert(format!("{RECORDS_PER_CYCLE}/mean"), eager.records_per_cycle());
        let steady = format!("{RECORDS_PER_CYCLE}/steady");
        if let Some((records, cycles)) = eager.steady(lanes) {
            self.metrics.insert(steady, records as f64 / cycles.count() as f64);
        } else {
            self.absent.insert(steady, ONE_BEAT.into());
        }
        let slow_sink = |paced: &Paced| PacedRecord::new(lanes, paced.pacing.sink, paced);
        let modeled = facts.timing.iter().filter_map(|one| ModeledRecord::new(one, measured));
        self.cycles = Some(CyclesRecord {
            lanes,
            bound: CycleBound::of(lanes, &eager),
            slow_source: PacedRecord::new(lanes, slow_source.pacing.source, &slow_source),
            backpressure: measured.backpressure.iter().map(slow_sink).collect(),
            modeled: modeled.collect(),
            simulator_cost: measured.cost,
        });
    }

    /// Least and most, where there are any and they are told apart.
    fn put_counts(&mut self, metric: &str, counts: &CycleCounts) {
        let longest = counts.max().filter(|_| !counts.is_cut());
        for (stat, value) in [("min", counts.min()), ("max", longest)] {
            let id = format!("{metric}/{stat}");
            match value {
                Some(cycles) => drop(self.metrics.insert(id, cycles.count() as f64)),
                None => drop(self.absent.insert(id, why_absent(counts))),
            }
        }
    }

    fn put_mean(&mut self, intervals: &CycleCounts) {
        let id = format!("{INTERVAL}/mean");
        match intervals.mean() {
            Some(mean) => drop(self.metrics.insert(id, mean)),
            None => drop(self.absent.insert(id, why_absent(intervals))),
        }
    }

    /// Warns where what a design promises does not hold.
    pub(crate) fn warn_of_cycles(&mut self, measured: &Cycles) {
        let range = |counts: &CycleCounts| (count(counts.min()), count(counts.max()));
        let (eager, slow) = (&measured.eager.seen, &measured.slow_source.seen);
        let [one, other] = [range(&eager.latency), range(&slow.latency)];
        let (least, most) = (one.0.min(other.0), one.1.max(other.1));
        if least != most {
            self.warnings.push(Warning::LatencyNotConstant { least, most }.record());
        }
        let (least, most) = range(&eager.interval_in);
        if !eager.interval_in.is_empty() && (least, most) != (1, 1) {
            self.warnings.push(Warning::IntervalNotOne { least, most }.record());
        }
    }
}

const ONE_BEAT: &str = "a single beat, after which none comes";

fn why_absent(counts: &CycleCounts) -> String {
    if counts.is_empty() {
        return ONE_BEAT.into();
    }
    format!("longer than the {} cycles that are told apart", CycleCounts::PLACES - 2)
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{SimulatedBackend, mock::Simulated},
        corpus::Corpus,
        host::{schedule::Disturbance, timer::Timer},
        measure::{Bench, Limits, cycles, inputs::Pool},
        op::Op,
    };

    pub(in crate::report) fn entry(mut simulated: Simulated, len: usize) -> Entry {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, len).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let rotation = pool.rotation(len, 1, 0).unwrap();
        let measured = cycles::measure(bench, &mut simulated, &rotation).unwrap();
        let header = Header {
            backend: "mock",
            software: false,
            op: Op::Decide,
            threads: 1,
            footprint_home: SIMULATOR_HOME.into(),
            disturbance: Disturbance::default(),
        };
        Entry::of_cycles(header, &rotation, &measured, simulated.facts())
    }

    fn codes(entry: &Entry) -> Vec<&str> {
        entry.warnings.iter().map(|warning| warning.code.as_str()).collect()
    }

    /// Exact counts become metrics of the simulated clock and of no other, and the lanes bound
    /// them; modelled time stands apart, with its report.
    #[test]
    fn counts_become_metrics() {
        let entry = entry(Simulated::golden(Op::Decide), 4_000);
        assert!(entry.metrics.keys().all(|metric| metric.starts_with("sim/")));
        let metrics = |metric, stats: [&str; 3]| stats.map(|stat| entry.metric(metric, stat));
        assert_eq!(metrics(LATENCY, ["min", "max", "max"]), [Some(5.0); 3]);
        assert_eq!(metrics(INTERVAL, ["min", "max", "mean"]), [Some(1.0); 3]);
        assert_eq!(entry.metric(TOTAL, "count"), Some(1_005.0));
        assert_eq!(entry.metric(RECORDS_PER_CYCLE, "steady"), Some(4.0));
        let cycles = entry.cycles.as_ref().unwrap();
        let is_near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-12;
        assert!(is_near(cycles.bound.records_per_cycle, 4.0));
        assert!(is_near(cycles.bound.fraction, 1_000.0 / 1_005.0));
        assert!(is_near(cycles.backpressure[2].bound.records_per_cycle, 2.0));
        assert!(cycles.backpressure[0].stall_runs.iter().all(|[_, times]| *times > 0));
        let modeled = serde_json::to_value(&cycles.modeled[0]).unwrap();
        assert_eq!(modeled["latency_ns"], 25.0);
        assert_eq!(modeled["per_record_ns"], 1.25);
        assert_eq!(modeled["records_per_s"], 8e8);
        assert!(codes(&entry).is_empty(), "{:?}", entry.warnings);
    }

    /// A latency that changes and an interval that is not one are told, as is what a single beat
    /// cannot have.
    #[test]
    fn flaws_are_warned_of() {
        let uneven = entry(Simulated::golden(Op::Decide).uneven(), 4_000);
        assert_eq!(codes(&uneven), ["latency-not-constant", "interval-not-one"]);
        let single = entry(Simulated::golden(Op::Decide).without_timing(), 1);
        assert_eq!(single.absent.len(), 4);
        assert!(single.cycles.unwrap().modeled.is_empty());
    }
}
