//! The contract of a backend whose work is done by simulated hardware.
//!
//! The design has a stream of beats in and a stream of beats out. What is around it, the source
//! and the sink, is part of the simulation: both keep a [`Pace`], and what they see is an
//! [`Observation`]. All of it is counted in cycles, and is exact: the same input at the same
//! paces gives the same counts on every machine.

use std::{num::NonZeroU64, path::Path};

use serde::{Deserialize, Serialize};

use super::{Backend, Batch, SubmitError};
use crate::clock::{Fmax, FmaxSource, SimCycles};

/// Simulated clock edges of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 3]", into = "[u64; 3]")]
pub struct SimElapsed {
    /// First beat in to first beat out. Zero for an empty batch.
    pub latency: SimCycles,
    /// First beat in to last beat out, both counted.
    pub total: SimCycles,
    /// Cycles in which the design held the input back.
    pub stalled: SimCycles,
}

/// As it is stored: latency, total and stalled.
impl From<SimElapsed> for [u64; 3] {
    fn from(elapsed: SimElapsed) -> Self {
        [elapsed.latency, elapsed.total, elapsed.stalled].map(SimCycles::count)
    }
}

impl From<[u64; 3]> for SimElapsed {
    fn from(stored: [u64; 3]) -> Self {
        let [latency, total, stalled] = stored.map(SimCycles::counted);
        Self { latency, total, stalled }
    }
}

impl SimElapsed {
    /// First beat out to last beat out: what the rest takes once the first is there. `None`
    /// where there is no second beat.
    #[must_use]
    pub fn after_first(&self) -> Option<SimCycles> {
        let first = self.latency + cycles(1);
        self.total.checked_sub(first).filter(|rest| rest.count() > 0)
    }
}

/// How often one side of a stream is willing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Cycles of a thousand, drawn at random, in which it is willing. 1000: always.
    pub permille: u16,
    /// What the draws begin with.
    pub seed: u32,
}

impl Pace {
    /// Willing in every cycle.
    pub const ALWAYS: Self = Self { permille: 1000, seed: 0 };
}

/// The paces around the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacing {
    /// Of the source: an offered beat stays until it is taken, as the protocol asks.
    pub source: Pace,
    /// Of the sink.
    pub sink: Pace,
}

impl Pacing {
    /// Nobody waits.
    pub const EAGER: Self = Self { source: Pace::ALWAYS, sink: Pace::ALWAYS };
}

/// How often each number of cycles was seen. The last place takes all that are longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<[u64; 2]>", into = "Vec<[u64; 2]>")]
#[repr(transparent)]
pub struct CycleCounts(pub [u64; Self::PLACES]);

/// As they are stored: what was seen, as pairs of cycles and how often.
impl From<CycleCounts> for Vec<[u64; 2]> {
    fn from(counts: CycleCounts) -> Self {
        counts.seen().map(<[u64; 2]>::from).collect()
    }
}

impl From<Vec<[u64; 2]>> for CycleCounts {
    fn from(stored: Vec<[u64; 2]>) -> Self {
        let mut counts = Self::NONE;
        for [cycles, times] in stored {
            let place = &mut counts.0[cycles.min(Self::PLACES as u64 - 1) as usize];
            *place = place.saturating_add(times);
        }
        counts
    }
}

impl CycleCounts {
    /// Numbers of cycles that are told apart: 0 to 62, and more.
    pub const PLACES: usize = 64;

    /// Nothing seen.
    pub const NONE: Self = Self([0; Self::PLACES]);

    /// Counts a number of cycles as seen once more.
    pub fn add(&mut self, cycles: u64) {
        let last = Self::PLACES as u64 - 1;
        self.0[cycles.min(last) as usize] += 1;
    }

    /// How many were seen.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Whether none was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The least that was seen.
    #[must_use]
    pub fn min(&self) -> Option<SimCycles> {
        self.0.iter().position(|&count| count > 0).map(cycles)
    }

    /// The most that was seen, where it is told apart: else the last place.
    #[must_use]
    pub fn max(&self) -> Option<SimCycles> {
        self.0.iter().rposition(|&count| count > 0).map(cycles)
    }

    /// Whether any was too long to be told apart.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.0[Self::PLACES - 1] > 0
    }

    /// The mean. `None` if nothing was seen, or any was too long to be told apart.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let cycles: u64 = self.0.iter().zip(0..).map(|(&count, place)| count * place).sum();
        (!self.is_empty() && !self.is_cut()).then(|| cycles as f64 / self.len() as f64)
    }

    /// What was seen, least first, as pairs of cycles and how often.
    pub fn seen(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        (0..).zip(self.0).filter(|&(_, count)| count > 0)
    }
}

fn cycles(place: usize) -> SimCycles {
    SimCycles::counted(place as u64)
}

/// What the source and the sink saw of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)]
pub struct Observation {
    /// For each beat: from being taken to being given.
    pub latency: CycleCounts,
    /// From beat taken to beat taken: the initiation interval, where nobody waits.
    pub interval_in: CycleCounts,
    /// From beat given to beat given.
    pub interval_out: CycleCounts,
    /// How long the design held back a beat that was offered, each time that it did.
    pub stall_runs: CycleCounts,
    /// Beats in.
    pub beat_count: u64,
}

impl Observation {
    /// Nothing seen.
    pub const NONE: Self = Self {
        latency: CycleCounts::NONE,
        interval_in: CycleCounts::NONE,
        interval_out: CycleCounts::NONE,
        stall_runs: CycleCounts::NONE,
        beat_count: 0,
    };
}

/// The performance counters of the design, as its register block gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Descriptors taken.
    pub accepted: u64,
    /// Verdicts given.
    pub emitted: u64,
    /// Cycles in which the source was held back.
    pub source_stalled: u64,
    /// Cycles in which the sink held a verdict back.
    pub sink_stalled: u64,
    /// Verdicts by fault: magic, version, checksum, no risk level.
    pub faults: [u64; 4],
    /// Verdicts by decision: approve, caution, require approval, reject.
    pub decisions: [u64; 4],
}

/// A backend that simulates hardware, cycle by cycle.
pub trait SimulatedBackend: Backend<Native = SimElapsed> {
    /// What is simulated, and by what.
    fn facts(&self) -> &SimFacts;

    /// Like `submit`, at these paces, with what was seen.
    fn observe(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        pacing: Pacing,
    ) -> Result<(SimElapsed, Observation), SubmitError>;

    /// The design's own counters, since it was opened, read through its register block.
    fn counters(&mut self) -> Result<Counters, SubmitError>;

    /// From now on flips a bit of the verdict of the record `index` of every batch that has one,
    /// through the design's fault-injection port.
    fn plant_upset(&mut self, index: usize);

    /// Like `submit`, with every signal of every cycle written to `file` as a value change dump.
    /// Also where the design is not the traced one: what was planted is planted there too.
    fn trace(&mut self, batch: Batch<'_>, out: &mut [u8], file: &Path) -> Result<(), SubmitError>;
}

/// What is known of a simulated design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimFacts {
    /// The top module.
    pub design: String,
    /// Descriptors that one beat holds, and so the most that are taken in a cycle.
    pub lanes: usize,
    /// SHA-256 of its source.
    pub rtl_sha256: String,
    /// The simulator and its version.
    pub simulator: String,
    /// `fast`, or `checked`: with assertions, and unknown values drawn at random.
    pub build: String,
    /// What place and route says of exactly this source with so many lanes, part by part.
    pub timing: Vec<TimingFacts>,
    /// Why there is no timing, and so no modelled time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing_absent: Option<String>,
}

/// A place-and-route report: an estimate of tools, no board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimingFacts {
    /// Names the report and the design in it, such as `ecp5-85f-6 x4`.
    pub report: String,
    /// The part, its package and its speed grade.
    pub part: String,
    /// The tools and their versions.
    pub tools: String,
    /// Runs of the placer, each with a seed of its own.
    pub seed_count: usize,
    /// Least, median and greatest clock of these runs, in megahertz.
    pub fmax_mhz: [f64; 3],
    /// Lookup tables, carry chains apart.
    pub luts: u64,
    /// Flip-flops.
    pub flip_flops: u64,
}

impl TimingFacts {
    /// The median clock. `None` if it is not above zero.
    #[must_use]
    pub fn fmax(&self) -> Option<Fmax> {
        let hz = NonZeroU64::new((self.fmax_mhz[1] * 1e6) as u64)?;
        Some(Fmax { hz, source: FmaxSource::TimingReport(self.report.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Least, most and mean are exact, and what is too long to be told apart is known to be so.
    #[test]
    fn counts_know_their_limits() {
        let mut counts = CycleCounts::NONE;
        assert_eq!((counts.min(), counts.max(), counts.mean()), (None, None, None));
        for seen in [3, 4, 3, 62] {
            counts.add(seen);
        }
        assert_eq!((counts.min(), counts.max()), (Some(cycles(3)), Some(cycles(62))));
        assert_eq!((counts.mean(), counts.is_cut()), (Some(18.0), false));
        assert_eq!(counts.seen().collect::<Vec<_>>(), [(3, 2), (4, 1), (62, 1)]);
        let stored = serde_json::to_value(counts).unwrap();
        assert_eq!(stored, serde_json::json!([[3, 2], [4, 1], [62, 1]]));
        assert_eq!(serde_json::from_value::<CycleCounts>(stored).unwrap(), counts);
        counts.add(1_000);
        assert_eq!((counts.mean(), counts.is_cut(), counts.len()), (None, true, 5));
    }

    /// A single beat leaves nothing after the first; each more takes at least a cycle.
    #[test]
    fn the_rest_comes_after_the_first() {
        let elapsed =
            |total| SimElapsed { latency: cycles(5), total: cycles(total), stalled: cycles(0) };
        assert_eq!(elapsed(6).after_first(), None);
        assert_eq!(elapsed(9).after_first(), Some(cycles(3)));
    }
}
