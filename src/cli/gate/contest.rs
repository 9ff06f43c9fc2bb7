//! The measuring of a gate: all cases in turns, a pair of fresh processes for each launch of each.
//!
//! Cases take turns launch by launch, so that an hour, a minute or a second in which the machine is
//! slow falls on all of them alike.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

use super::plan::{Case, Metric};
use crate::{
    cli::{
        Exit, Failure,
        lockstep::{Pair, Reading, Side, Spec},
        progress::Progress,
    },
    gate::{
        comparison,
        outcome::Key,
        schedule::{self, Block},
        selftest::Sizing,
    },
    stats::median,
};

/// A case, ready to be measured.
#[derive(Clone)]
pub(super) struct Contest {
    pub(super) case: Case,
    pub(super) spec: Spec,
    pub(super) sizing: Sizing,
    pub(super) metrics: Vec<Metric>,
}

impl Contest {
    /// The keys of its rows.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.metrics.iter().map(|metric| self.case.key(metric, &self.sizing.home))
    }

    /// The same on another input.
    pub(super) fn with_input(&self, input: PathBuf) -> Self {
        let mut other = self.clone();
        other.spec.input = input;
        other
    }
}

/// What was found of a contest.
pub(super) struct Found {
    /// One of each metric.
    pub(super) series: Vec<Series>,
    /// Seconds that it took, processes and their start included.
    pub(super) seconds: f64,
}

/// What the launches found of one metric: as many of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// Natural logarithms of candidate to baseline.
    pub(super) log_ratios: Vec<f64>,
    /// Nanoseconds.
    pub(super) baseline: Vec<f64>,
    /// Nanoseconds.
    pub(super) candidate: Vec<f64>,
}

impl Series {
    fn push(&mut self, log_ratio: f64, baseline: f64, candidate: f64) {
        self.log_ratios.push(log_ratio);
        self.baseline.push(baseline);
        self.candidate.push(candidate);
    }
}

/// What is said where the user stopped a gate.
pub(super) fn stopped() -> Failure {
    Failure::new(Exit::Interrupted, "stopped: what was measured until then decides nothing")
}

/// All launches of all contests. Ends early where the user says so, or a worker fails, with what
/// was measured until then and why.
pub(super) fn run(
    contests: &[&Contest],
    seed: u64,
    interrupted: &AtomicBool,
) -> (Vec<Found>, Option<Failure>) {
    let empty = |one: &&Contest| {
        let series = vec![Series::default(); one.metrics.len()];
        Found { series, seconds: 0.0 }
    };
    let mut found: Vec<Found> = contests.iter().map(empty).collect();
    let stopped = fill(contests, seed, interrupted, &mut found).err();
    (found, stopped)
}

fn fill(
    contests: &[&Contest],
    seed: u64,
    interrupted: &AtomicBool,
    found: &mut [Found],
) -> Result<(), Failure> {
    let rounds = contests.iter().map(|one| one.sizing.launches).max().unwrap_or(0);
    let all: u64 = contests.iter().map(|one| u64::from(one.sizing.launches)).sum();
    let progress = Progress::new("", all);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Layouts are drawn from the streams with the numbers of the launches.
    rng.set_stream(u64::MAX);
    for launch in 1..=rounds {
        for (contest, found) in contests.iter().zip(&mut *found) {
            if interrupted.load(Ordering::Relaxed) {
                return Err(stopped());
            }
            if launch <= contest.sizing.launches {
                progress.say(&format!("{} {}", contest.case.backend, contest.case.batch_len));
                let clock = Instant::now();
                one_launch(contest, (seed, launch), &mut rng, &mut found.series)?;
                found.seconds += clock.elapsed().as_secs_f64();
                progress.step();
            }
        }
    }
    Ok(())
}

fn one_launch(
    contest: &Contest,
    (seed, launch): (u64, u32),
    rng: &mut ChaCha8Rng,
    series: &mut [Series],
) -> Result<(), Failure> {
    let first = if schedule::coin(rng) { Side::Baseline } else { Side::Candidate };
    let blocks = schedule::blocks(rng, contest.sizing.blocks);
    let mut pair = Pair::start(&contest.spec, first, seed, launch)?;
    let turns = blocks.iter().flat_map(|block| block.turns());
    let (reading, repetitions) = (contest.case.reading(), contest.sizing.repetitions);
    let readings: Vec<u64> =
        turns.map(|turn| reading.take(&mut pair, turn, repetitions)).collect::<Result<_, _>>()?;
    match reading {
        Reading::BackToBack => keep_throughput(contest, &blocks, &readings, series)?,
        Reading::OneByOne { .. } => keep_percentiles(contest, &mut pair, series)?,
    }
    pair.end()
}

fn keep_throughput(
    contest: &Contest,
    blocks: &[Block],
    readings: &[u64],
    series: &mut [Series],
) -> Result<(), Failure> {
    let no_time = || Failure::internal("a reading took no time at all: the timer is unfit");
    let log_ratio = comparison::of_launch(blocks, readings).ok_or_else(no_time)?;
    let records = contest.sizing.repetitions as f64 * contest.case.batch_len as f64;
    let median_ns = |side| {
        let turns = blocks.iter().flat_map(|block| block.turns());
        let own = turns.zip(readings).filter(|(turn, _)| *turn == side);
        median(&own.map(|(_, picos)| *picos as f64 / 1e3 / records).collect::<Vec<f64>>())
    };
    if let [series] = series {
        series.push(log_ratio, median_ns(Side::Baseline), median_ns(Side::Candidate));
    }
    Ok(())
}

fn keep_percentiles(
    contest: &Contest,
    pair: &mut Pair,
    series: &mut [Series],
) -> Result<(), Failure> {
    let baseline = pair.percentiles(Side::Baseline)?;
    let candidate = pair.percentiles(Side::Candidate)?;
    for (metric, series) in contest.metrics.iter().zip(series) {
        let of = |all: &[Option<f64>]| all.get(metric.percentile?).copied().flatten();
        // One that a launch does not bear, or that is below what the clock sees, has a launch less.
        let both = of(&baseline).zip(of(&candidate));
        if let Some((one, other)) = both.filter(|(one, other)| *one > 0.0 && *other > 0.0) {
            series.push((other / one).ln(), one, other);
        }
    }
    Ok(())
}
