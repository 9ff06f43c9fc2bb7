//! Cycles: one batch through simulated hardware, without and with what holds it up.
//!
//! Every count is exact, so each run is made once, but for the eager one: made a second time, it
//! must count the same. Every output of every run is compared with the golden one, and the
//! design's own counters must have counted what was submitted.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Bench, inputs::Rotation};
use crate::{
    backend::{
        Batch, SubmitError,
        simulated::{Counters, Observation, Pace, Pacing, SimElapsed, SimulatedBackend},
    },
    clock::{SimCycles, SimulatorCost},
    verify::{
        self, Divergence, PAINT,
        counters::{Miscounted, Submitted},
    },
};

/// Paces of a slow sink, in cycles of a thousand.
const SINK_PERMILLE: [u16; 5] = [900, 750, 500, 250, 100];

/// The pace of a slow source.
const SOURCE_PERMILLE: u16 = 500;

/// What the draws begin with.
const SEED: u32 = 0x6e61_6e6f;

/// Most time that is spent on what simulating costs.
const COST_BUDGET: Duration = Duration::from_millis(200);

/// What was counted of one batch.
#[derive(Clone, Debug)]
pub struct Cycles {
    /// Records that one beat holds.
    pub lanes: usize,
    /// Nobody waits.
    pub eager: Paced,
    /// A slow source: nothing of it may show in the latency.
    pub slow_source: Paced,
    /// A slow sink, at one pace after the other.
    pub backpressure: Vec<Paced>,
    /// The design's own counters, after all of it.
    pub counters: Counters,
    /// What the eager run costs the host.
    pub cost: SimulatorCost,
}

/// One batch at one pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paced {
    /// The paces around the design.
    pub pacing: Pacing,
    /// Records in the batch.
    pub records: usize,
    /// The whole batch.
    pub elapsed: SimElapsed,
    /// What the source and the sink saw.
    pub seen: Observation,
}

impl Paced {
    /// Records per cycle, from the first beat in to the last beat out.
    #[must_use]
    pub fn records_per_cycle(&self) -> f64 {
        self.records as f64 / self.elapsed.total.count() as f64
    }

    /// What comes out after the first beat of so many `lanes`, and the cycles that it takes. `None`
    /// where there is no more.
    #[must_use]
    pub fn steady(&self, lanes: usize) -> Option<(usize, SimCycles)> {
        Some((self.records.saturating_sub(lanes), self.elapsed.after_first()?))
    }
}

/// Why there are no cycles.
#[derive(Debug, Error)]
pub enum CyclesError {
    /// The backend gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// Wrong results, of one kind or another.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// What is wrong with a simulated design.
#[derive(Debug, Error)]
pub enum Wrong {
    /// An output is not golden.
    #[error("{0}")]
    Diverges(Box<Divergence>),
    /// The design does not count what it does.
    #[error(transparent)]
    Miscounted(#[from] Miscounted),
    /// The source and the sink did not see every beat.
    #[error("{seen} beats were seen of {beats}")]
    Unseen {
        /// Beats of the batch.
        beats: u64,
        /// Beats whose latency was seen.
        seen: u64,
    },
    /// The same batch at the same paces took other cycles.
    #[error(
        "not-deterministic: the same batch took {first} cycles and then {second}, or other ones in \
         between"
    )]
    NotDeterministic {
        /// In the first run.
        first: u64,
        /// In the second.
        second: u64,
    },
}

/// Counts the first batch of a rotation.
pub fn measure(
    bench: Bench<'_>,
    simulated: &mut dyn SimulatedBackend,
    rotation: &Rotation<'_>,
) -> Result<Cycles, CyclesError> {
    let before = simulated.counters()?;
    let (batch, golden) = (rotation.first(), rotation.golden_of_first());
    let output = vec![PAINT; batch.output_bytes()];
    let submitted = Submitted::default();
    let mut runs = Runs { bench, simulated, batch, golden, output, submitted };
    let eager = runs.at(Pacing::EAGER)?;
    let again = runs.at(Pacing::EAGER)?;
    if again != eager {
        let [first, second] = [eager, again].map(|run| run.elapsed.total.count());
        return Err(Wrong::NotDeterministic { first, second }.into());
    }
    let source = Pace { permille: SOURCE_PERMILLE, seed: SEED };
    let slow_source = runs.at(Pacing { source, ..Pacing::EAGER })?;
    let at_sink = |permille| {
        let sink = Pace { permille, seed: SEED };
        runs.at(Pacing { sink, ..Pacing::EAGER })
    };
    let backpressure = SINK_PERMILLE.into_iter().map(at_sink).collect::<Result<_, _>>()?;
    let counters = runs.simulated.counters()?;
    runs.submitted.check(&before, &counters).map_err(Wrong::from)?;
    let (cost, lanes) = (runs.cost()?, runs.simulated.facts().lanes);
    Ok(Cycles { lanes, eager, slow_source, backpressure, counters, cost })
}

/// A batch that is run again and again.
struct Runs<'a> {
    bench: Bench<'a>,
    simulated: &'a mut dyn SimulatedBackend,
    batch: Batch<'a>,
    golden: &'a [u8],
    output: Vec<u8>,
    submitted: Submitted,
}

impl Runs<'_> {
    /// Runs the batch at these paces, into a painted output that must become golden.
    fn at(&mut self, pacing: Pacing) -> Result<Paced, CyclesError> {
        if self.bench.is_interrupted() {
            return Err(CyclesError::Interrupted);
        }
        self.output.fill(PAINT);
        let (elapsed, seen) = self.simulated.observe(self.batch, &mut self.output, pacing)?;
        self.submitted.add(self.golden);
        self.refuse(&format!(
            "cycles, source {} and sink {} per thousand",
            pacing.source.permille, pacing.sink.permille
        ))?;
        let beats = self.batch.len().div_ceil(self.simulated.facts().lanes) as u64;
        let in_latency = seen.latency.len();
        if [seen.beat_count, in_latency] != [beats; 2] {
            return Err(Wrong::Unseen { beats, seen: in_latency.min(seen.beat_count) }.into());
        }
        Ok(Paced { pacing, records: self.batch.len(), elapsed, seen })
    }

    fn refuse(&self, case: &str) -> Result<(), Wrong> {
        match verify::first_divergence(self.batch, self.golden, &self.output, || case.into()) {
            None => Ok(()),
            Some(divergence) => Err(Wrong::Diverges(Box::new(divergence))),
        }
    }

    /// The median of what the host needs for the eager run. Once is enough where it takes long.
    fn cost(&mut self) -> Result<SimulatorCost, CyclesError> {
        let budget = self.bench.limits.budget.min(COST_BUDGET);
        let (timer, clock) = (self.bench.timer, Instant::now());
        let mut readings = Vec::new();
        loop {
            let start = timer.start();
            self.simulated.submit(self.batch, &mut self.output)?;
            readings.push(timer.between(start, timer.end()));
            if clock.elapsed() >= budget || self.bench.is_interrupted() {
                break;
            }
        }
        self.refuse("cycles, what simulating costs")?;
        readings.sort_unstable();
        Ok(SimulatorCost::of(readings[readings.len() / 2], self.batch.len()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{
        backend::mock::Simulated,
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, inputs::Pool},
        op::Op,
    };

    fn measured(mut simulated: Simulated, len: usize) -> Result<Cycles, CyclesError> {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, len).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        measure(bench, &mut simulated, &pool.rotation(len, 1, 0).unwrap())
    }

    fn golden() -> Simulated {
        Simulated::golden(Op::Decide)
    }

    /// A pipeline gives its lanes in each cycle, a slow source does not change its latency, and a
    /// slower sink stalls it more.
    #[test]
    fn a_pipeline_is_counted() {
        let cycles = measured(golden(), 4_001).unwrap();
        let eager = &cycles.eager;
        assert_eq!(eager.elapsed.total.count(), 1_001 + 5);
        assert!((eager.records_per_cycle() - 4_001.0 / 1_006.0).abs() < 1e-12);
        let (records, rest) = eager.steady(4).unwrap();
        assert_eq!((records, rest.count()), (3_997, 1_000));
        let latency = |paced: &Paced| (paced.seen.latency.min(), paced.seen.latency.max());
        assert_eq!(latency(eager), latency(&cycles.slow_source));
        assert_eq!(cycles.backpressure.len(), SINK_PERMILLE.len());
        assert!(cycles.backpressure.is_sorted_by_key(|paced| paced.elapsed.stalled));
        assert!(cycles.backpressure.iter().all(|paced| !paced.seen.stall_runs.is_empty()));
        let runs = 3 + SINK_PERMILLE.len() as u64;
        assert_eq!(cycles.counters.accepted, runs * 4_001);
    }

    /// A single beat has no steady state.
    #[test]
    fn one_beat_has_no_steady_state() {
        let cycles = measured(golden(), 3).unwrap();
        assert!(cycles.eager.steady(4).is_none() && cycles.eager.seen.interval_in.is_empty());
    }

    /// Wrong outputs, counters that lie and counts that change are wrong results; a design that
    /// gives up is none.
    #[test]
    fn what_is_wrong_is_told_apart() {
        let wrong = |simulated| match measured(simulated, 100) {
            Err(CyclesError::Wrong(wrong)) => wrong.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(wrong(golden().wrong_at(3)).contains("record 3 of 100"));
        assert!(wrong(golden().miscounting()).contains("`emitted` grew by 808, but 800"));
        assert!(wrong(golden().slowing()).contains("not-deterministic"));
        let failed = measured(golden().fails_from(100), 100);
        assert!(matches!(failed, Err(CyclesError::Submit(_))), "{failed:?}");
    }
}
