//! How the budget of a comparison is divided into launches and readings. Measured once.

use std::time::Instant;

use super::{Pair, Side, Spec};
use crate::{
    cli::Failure,
    gate::selftest::Sizing,
    host::{fingerprint::Fingerprint, timer::Timer},
    measure::footprint::{self, Wanted},
    op::Op,
    stats::median,
};

/// Seconds for one launch: many short launches, for the launch is the unit.
const LAUNCH_S: f64 = 0.02;

/// Multiple of the timer's resolution that a reading must last, and the least it must in any case:
/// long against what the turn from one process to the other disturbs, and short against the time
/// in which a shared core changes its speed. Launches beside a busy neighbour scattered by 1.0 %
/// with readings of 150 us, by 0.7 % with 75 us, 0.4 % with 20 us and 0.3 % with 10 us; on a quiet
/// core by 0.25 % and, from 40 us down, 0.15 %.
const RESOLUTIONS_MIN: f64 = 1_000.0;
const READING_PS: f64 = 20e6;

/// Blocks of a launch.
const BLOCKS_MIN: u32 = 2;
const BLOCKS_MAX: u32 = 1_000;

/// Pairs that are started to see how long that takes, and blocks that are read.
const STARTS: u32 = 7;
const BLOCKS_TRIED: usize = 9;

/// Readings of a length that is tried.
const READINGS_TRIED: usize = 5;

/// Most batches of a reading that are tried.
const REPETITIONS_MAX: u64 = 1 << 30;

/// Batches in rotation in the smallest cache that holds two, and its name.
pub(in crate::cli) fn footprint(batch_len: usize, host: &Fingerprint) -> (usize, String) {
    let bytes = batch_len * (Op::Decide.input_bytes() + Op::Decide.output_bytes());
    let found = footprint::choose(&host.caches, bytes, 1, &[Wanted::Hot]);
    let smallest = found.into_iter().next();
    smallest.map_or((2, "unknown".into()), |found| (found.batch_count, found.home))
}

/// What a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Reading {
    /// Batches back to back.
    BackToBack,
    /// Batches one by one, so many for each side in a launch at least.
    OneByOne { samples_min: u64 },
}

impl Reading {
    /// Picoseconds of a reading of so many batches.
    pub(in crate::cli) fn take(
        self,
        pair: &mut Pair,
        side: Side,
        repetitions: u64,
    ) -> Result<u64, Failure> {
        match self {
            Self::BackToBack => pair.read(side, repetitions, 0),
            Self::OneByOne { .. } => pair.sample(side, repetitions),
        }
    }

    /// Fewest blocks of a launch.
    fn blocks_min(self, repetitions: u64) -> u32 {
        match self {
            Self::BackToBack => BLOCKS_MIN,
            // Each side has two readings in a block, and blocks come in twos.
            Self::OneByOne { samples_min } => {
                (samples_min.div_ceil(4 * repetitions) as u32).saturating_mul(2).max(BLOCKS_MIN)
            }
        }
    }
}

/// What a comparison is to be like.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Terms {
    pub(in crate::cli) reading: Reading,
    /// Seconds for all of it.
    pub(in crate::cli) budget_s: f64,
    pub(in crate::cli) seed: u64,
    /// Fewest launches that bear a verdict.
    pub(in crate::cli) launches_min: u32,
}

/// Starts some pairs, and divides the seconds of the budget by what they took.
pub(in crate::cli) fn measure(
    spec: &Spec,
    Terms { reading, budget_s, seed, launches_min }: Terms,
    timer: &Timer,
    (batch_count, home): (usize, String),
) -> Result<Sizing, Failure> {
    let start = |launch| {
        let clock = Instant::now();
        Pair::start(spec, Side::Baseline, seed, launch)?.end()?;
        Ok(clock.elapsed().as_secs_f64())
    };
    let took_s: Vec<f64> = (1..=STARTS).map(start).collect::<Result<_, Failure>>()?;
    let start_s = median(&took_s);
    let mut pair = Pair::start(spec, Side::Baseline, seed, 0)?;
    let wanted_ps = (timer.quality().resolution_ns * 1e3 * RESOLUTIONS_MIN).max(READING_PS);
    let repetitions = repetitions(&mut pair, wanted_ps)?;
    let (mut blocks_s, mut readings_us) = (Vec::new(), Vec::new());
    for _ in 0..BLOCKS_TRIED {
        let clock = Instant::now();
        for side in [Side::Baseline, Side::Candidate, Side::Candidate, Side::Baseline] {
            readings_us.push(reading.take(&mut pair, side, repetitions)? as f64 / 1e6);
        }
        blocks_s.push(clock.elapsed().as_secs_f64());
    }
    pair.end()?;
    let blocks_min = reading.blocks_min(repetitions);
    let least = (launches_min, blocks_min);
    let (launches, blocks) = divide(budget_s, start_s, median(&blocks_s), least);
    Ok(Sizing {
        launches,
        blocks,
        repetitions,
        batch_count,
        home,
        reading_us: median(&readings_us),
        start_ms: 1e3 * start_s,
    })
}

/// Batches that take as long as is wanted.
fn repetitions(pair: &mut Pair, wanted_ps: f64) -> Result<u64, Failure> {
    let mut repetitions = 1;
    loop {
        let took_ps = fastest_ps(pair, repetitions)?;
        if took_ps >= wanted_ps || repetitions >= REPETITIONS_MAX {
            // Doubling may have gone up to twice too far.
            let fitting = (repetitions as f64 * wanted_ps / took_ps.max(1.0)).ceil();
            return Ok((fitting as u64).clamp(1, repetitions));
        }
        repetitions *= 2;
    }
}

/// The least of a few readings: the first of a process is slow, and others may be disturbed.
fn fastest_ps(pair: &mut Pair, repetitions: u64) -> Result<f64, Failure> {
    let mut least = u64::MAX;
    for _ in 0..READINGS_TRIED {
        least = least.min(pair.read(Side::Baseline, repetitions, 0)?);
    }
    Ok(least as f64)
}

/// Launches, and blocks in each, that fit the budget, all in seconds. At least as many as bear a
/// verdict, even where they do not fit.
fn divide(budget: f64, start: f64, block: f64, least: (u32, u32)) -> (u32, u32) {
    let (launches_min, blocks_min) = least;
    let one_launch = LAUNCH_S.max(start + f64::from(blocks_min) * block);
    let launches = ((budget / one_launch).round() as u32).max(launches_min);
    let left = budget / f64::from(launches) - start;
    let fitting = (left / block).max(f64::from(blocks_min)).min(f64::from(BLOCKS_MAX)) as u32;
    // Even, so that the blocks of a launch are balanced.
    (launches, fitting / 2 * 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::comparison::LAUNCHES_MIN;

    const LEAST: (u32, u32) = (LAUNCHES_MIN, BLOCKS_MIN);

    /// The budget is kept where it can be: short ones have fewer launches, not shorter readings;
    /// slow starts have fewer launches too, and never too few for a verdict.
    #[test]
    fn budgets_are_divided() {
        for (budget_s, start_s, block_s) in
            [(1.0, 0.008, 0.001), (10.0, 0.008, 0.001), (0.5, 0.004, 0.0007), (4.0, 0.05, 0.001)]
        {
            let (launches, blocks) = divide(budget_s, start_s, block_s, LEAST);
            let taken = f64::from(launches) * (start_s + f64::from(blocks) * block_s);
            assert!(taken <= 1.05 * budget_s && taken > 0.7 * budget_s, "{budget_s}: {taken}");
            assert!(blocks.is_multiple_of(2));
        }
        assert_eq!(divide(1.0, 0.008, 0.001, LEAST), (50, 12));
        assert_eq!(divide(0.05, 0.008, 0.001, LEAST), LEAST);
        assert_eq!(divide(0.05, 1.0, 1.0, (22, 4)), (22, 4));
    }
}
