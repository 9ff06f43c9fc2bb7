//! The measuring of a gate: all cases in turns, a pair of fresh processes for each launch of each.
//!
//! Cases take turns launch by launch, so that an hour, a minute or a second in which the machine is
//! slow falls on all of them alike.

use std::sync::atomic::{AtomicBool, Ordering};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

use super::plan::{Case, Metric};
use crate::{
    cli::{
        Failure,
        lockstep::{Pair, Reading, Side, Spec},
        progress::Progress,
    },
    gate::{
        comparison,
        schedule::{self, Block},
        selftest::Sizing,
    },
    stats::quantile,
};

/// A case, ready to be measured.
pub(super) struct Contest {
    pub(super) case: Case,
    pub(super) spec: Spec,
    pub(super) sizing: Sizing,
    pub(super) metrics: Vec<Metric>,
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

/// All launches of all contests: for each a series of each metric. Stops early where the user
/// says so, with what was measured.
pub(super) fn run(
    contests: &[&Contest],
    seed: u64,
    interrupted: &AtomicBool,
) -> Result<Vec<Vec<Series>>, Failure> {
    let mut found: Vec<Vec<Series>> =
        contests.iter().map(|one| vec![Series::default(); one.metrics.len()]).collect();
    let rounds = contests.iter().map(|one| one.sizing.launches).max().unwrap_or(0);
    let all: u64 = contests.iter().map(|one| u64::from(one.sizing.launches)).sum();
    let progress = Progress::new("", all);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Layouts are drawn from the streams with the numbers of the launches.
    rng.set_stream(u64::MAX);
    for launch in 1..=rounds {
        for (contest, series) in contests.iter().zip(&mut found) {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(found);
            }
            if launch <= contest.sizing.launches {
                progress.say(&format!("{} {}", contest.case.backend, contest.case.batch_len));
                one_launch(contest, (seed, launch), &mut rng, series)?;
                progress.step();
            }
        }
    }
    Ok(found)
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
        let mut sorted: Vec<f64> = own.map(|(_, picos)| *picos as f64 / 1e3 / records).collect();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, 0.5)
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
        // One that a launch does not bear has a launch less.
        if let Some((one, other)) = of(&baseline).zip(of(&candidate)) {
            series.push((other / one).ln(), one, other);
        }
    }
    Ok(())
}
