//! A simulated design that nobody designed: a pipeline with a queue, counted cycle by cycle.

use std::{collections::VecDeque, fmt::Write as _, fs, path::Path};

use super::{Host, sim_cycles};
use crate::{
    backend::{
        Backend, Batch, SubmitError,
        simulated::{
            Counters, Observation, Pace, Pacing, SimElapsed, SimFacts, SimulatedBackend,
            TimingFacts,
        },
    },
    op::Op,
    verdict::Verdict,
};

/// Golden verdicts after a constant latency, a beat of descriptors each cycle, and as many beats
/// on the way as the latency has cycles.
#[derive(Clone, Debug)]
pub struct Simulated {
    host: Host,
    facts: SimFacts,
    counters: Counters,
    latency: u64,
    flaw: Flaw,
    upset: Option<usize>,
}

/// What a mock does wrong beside its verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Every other beat takes a cycle more.
    Uneven,
    /// Each batch takes a cycle more than the one before.
    Slowing,
    /// The counters count a verdict too many for each batch.
    Miscounting,
}

impl Simulated {
    /// A mock with four lanes and a latency of five cycles that gives the golden output.
    #[must_use]
    pub fn golden(op: Op) -> Self {
        Self {
            host: Host::golden(op),
            facts: facts(),
            counters: Counters::default(),
            latency: 5,
            flaw: Flaw::None,
            upset: None,
        }
    }

    /// Flips a bit of the output record `index` of every batch that has one.
    #[must_use]
    pub fn wrong_at(mut self, index: usize) -> Self {
        self.upset = Some(index);
        self
    }

    /// Fails on every batch of at least `len` records.
    #[must_use]
    pub fn fails_from(mut self, len: usize) -> Self {
        self.host = self.host.fails_from(len);
        self
    }

    /// Takes a cycle more for every other beat, so that neither latency nor interval is constant.
    #[must_use]
    pub fn uneven(mut self) -> Self {
        self.flaw = Flaw::Uneven;
        self
    }

    /// Takes a cycle more for each batch than for the one before.
    #[must_use]
    pub fn slowing(mut self) -> Self {
        self.flaw = Flaw::Slowing;
        self
    }

    /// Counts a verdict too many for each batch.
    #[must_use]
    pub fn miscounting(mut self) -> Self {
        self.flaw = Flaw::Miscounting;
        self
    }

    /// Has no timing report.
    #[must_use]
    pub fn without_timing(mut self) -> Self {
        self.facts.timing.clear();
        self.facts.timing_absent = Some("nobody placed it".into());
        self
    }

    fn count(&mut self, golden: &[u8], elapsed: &SimElapsed) {
        let counters = &mut self.counters;
        counters.accepted += golden.len() as u64;
        counters.emitted += golden.len() as u64 + u64::from(self.flaw == Flaw::Miscounting);
        counters.source_stalled += elapsed.stalled.count();
        for verdict in golden.iter().filter_map(|&byte| Verdict::from_byte(byte)) {
            counters.decisions[verdict.decision() as usize] += 1;
            if let Some(fault) = verdict.fault() {
                counters.faults[fault as usize - 1] += 1;
            }
        }
    }

    fn extra(&self, beat: u64) -> u64 {
        if self.flaw == Flaw::Uneven { beat % 2 } else { 0 }
    }

    /// Lets `beats` of them through: what is given makes room for what is taken in the same cycle.
    fn flow(&self, beats: u64, pacing: Pacing) -> (SimElapsed, Observation) {
        let (mut source, mut sink) = (Draws::of(pacing.source), Draws::of(pacing.sink));
        let mut seen = Observation { beat_count: beats, ..Observation::NONE };
        let mut on_the_way = VecDeque::new();
        let (mut taken, mut given, mut stalled, mut stall_run) = (0, 0, 0, 0);
        let [mut first_in, mut first_out, mut last_in, mut last_out] = [0; 4];
        let mut is_offered = false;
        let mut cycle = 0;
        while given < beats {
            let ready = on_the_way
                .front()
                .is_some_and(|&since| cycle >= since + self.latency + self.extra(given));
            if sink.is_willing() && ready {
                let since = on_the_way.pop_front().unwrap_or_default();
                seen.latency.add(cycle - since);
                if given == 0 {
                    first_out = cycle;
                } else {
                    seen.interval_out.add(cycle - last_out);
                }
                last_out = cycle;
                given += 1;
            }
            is_offered |= source.is_willing() && taken < beats;
            if is_offered && on_the_way.len() < self.latency as usize {
                if taken == 0 {
                    first_in = cycle;
                } else {
                    seen.interval_in.add(cycle - last_in);
                }
                if stall_run > 0 {
                    seen.stall_runs.add(stall_run);
                }
                (last_in, stall_run, is_offered) = (cycle, 0, false);
                on_the_way.push_back(cycle);
                taken += 1;
            } else if is_offered {
                stalled += 1;
                stall_run += 1;
            }
            cycle += 1;
        }
        let total = if beats == 0 { 0 } else { last_out - first_in + 1 };
        let [latency, total, stalled] = [first_out - first_in, total, stalled].map(sim_cycles);
        (SimElapsed { latency, total, stalled }, seen)
    }
}

/// Draws whether one side is willing, cycle by cycle.
struct Draws {
    pace: Pace,
    state: u32,
}

impl Draws {
    const fn of(pace: Pace) -> Self {
        // A generator of this kind never leaves zero.
        Self { pace, state: pace.seed ^ 0x9e37_79b9 }
    }

    const fn is_willing(&mut self) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state % 1000 < self.pace.permille as u32
    }
}

impl Backend for Simulated {
    type Native = SimElapsed;

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<SimElapsed, SubmitError> {
        self.observe(batch, out, Pacing::EAGER).map(|(elapsed, _)| elapsed)
    }
}

impl SimulatedBackend for Simulated {
    fn facts(&self) -> &SimFacts {
        &self.facts
    }

    fn observe(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        pacing: Pacing,
    ) -> Result<(SimElapsed, Observation), SubmitError> {
        self.host.submit(batch, out)?;
        let observed = self.flow(batch.len().div_ceil(self.facts.lanes) as u64, pacing);
        self.count(out, &observed.0);
        self.latency += u64::from(self.flaw == Flaw::Slowing);
        if let Some(byte) = self.upset.and_then(|index| out.get_mut(index)) {
            *byte ^= 1;
        }
        Ok(observed)
    }

    fn counters(&mut self) -> Result<Counters, SubmitError> {
        Ok(self.counters)
    }

    fn plant_upset(&mut self, index: usize) {
        self.upset = Some(index);
    }

    fn trace(&mut self, batch: Batch<'_>, out: &mut [u8], file: &Path) -> Result<(), SubmitError> {
        self.submit(batch, out)?;
        let mut text = String::from("$var wire 8 v verdict $end\n$enddefinitions $end\n");
        for (cycle, verdict) in out.iter().enumerate() {
            let _ = write!(text, "#{cycle}\nb{verdict:b} v\n");
        }
        fs::write(file, text).map_err(|error| SubmitError::Device(error.to_string()))
    }
}

/// A design that nobody designed, placed by nobody.
fn facts() -> SimFacts {
    SimFacts {
        design: "mock".into(),
        lanes: 4,
        rtl_sha256: "0".repeat(64),
        simulator: "scripted".into(),
        build: "fast".into(),
        timing: vec![TimingFacts {
            report: "mock x4".into(),
            part: "no part".into(),
            tools: "scripted".into(),
            seed_count: 5,
            fmax_mhz: [180.0, 200.0, 210.0],
            luts: 1_000,
            flip_flops: 500,
        }],
        timing_absent: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SimCycles, kernel};

    fn observed(
        simulated: &mut Simulated,
        len: usize,
        pacing: Pacing,
    ) -> (SimElapsed, Observation) {
        let input = vec![0; len * Op::Decide.input_bytes()];
        let mut out = vec![9; len];
        let batch = Batch::new(Op::Decide, &input).unwrap();
        let observed = simulated.observe(batch, &mut out, pacing).unwrap();
        assert_eq!(out, kernel::run(Op::Decide, &input).unwrap());
        observed
    }

    /// Nobody waits: a beat each cycle, constant latency, and a total that follows from both.
    #[test]
    fn an_eager_batch_flows() {
        let mut simulated = Simulated::golden(Op::Decide);
        let (elapsed, seen) = observed(&mut simulated, 401, Pacing::EAGER);
        let counts = [elapsed.latency, elapsed.total, elapsed.stalled].map(SimCycles::count);
        assert_eq!((counts, seen.beat_count), ([5, 5 + 101, 0], 101));
        let [latency, interval] = [seen.latency, seen.interval_in];
        assert_eq!((latency.min(), latency.max()), (Some(sim_cycles(5)), Some(sim_cycles(5))));
        assert_eq!((interval.len(), interval.max()), (100, Some(sim_cycles(1))));
        assert_eq!(elapsed.after_first(), Some(sim_cycles(100)));
        let (nothing, _) = observed(&mut simulated, 0, Pacing::EAGER);
        assert_eq!(nothing.total.count() + nothing.latency.count(), 0);
        assert_eq!(simulated.counters().unwrap().accepted, 401);
        assert_eq!(simulated.counters().unwrap().faults, [401, 0, 0, 0]);
    }

    /// A slow sink stalls the source, a slow one stalls nobody, and both are the same each time.
    #[test]
    fn paces_are_kept() {
        let mut simulated = Simulated::golden(Op::Decide);
        let half = Pace { permille: 500, seed: 7 };
        let slow_sink = Pacing { sink: half, ..Pacing::EAGER };
        let slow_source = Pacing { source: half, ..Pacing::EAGER };
        let (elapsed, seen) = observed(&mut simulated, 4_000, slow_sink);
        assert!((1_900..2_100).contains(&elapsed.total.count()), "{elapsed:?}");
        let in_runs: u64 = seen.stall_runs.seen().map(|(cycles, count)| cycles * count).sum();
        assert!(in_runs > 0 && in_runs == elapsed.stalled.count());
        assert_eq!(observed(&mut simulated, 4_000, slow_sink), (elapsed, seen));
        let (elapsed, seen) = observed(&mut simulated, 4_000, slow_source);
        assert_eq!((elapsed.stalled.count(), seen.stall_runs.is_empty()), (0, true));
        assert_eq!(seen.latency.max(), Some(sim_cycles(5)));
    }
}
