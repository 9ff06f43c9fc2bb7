//! One comparison of this program with itself, with or without extra work on one side.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

use crate::{
    cli::{
        Failure,
        lockstep::{Pair, Side, Spec},
    },
    gate::{
        comparison,
        schedule::{self, Block, Turn},
        selftest::Sizing,
    },
    stats::median,
};

/// What one comparison is to do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) launches: u32,
    pub(super) extra_ppm: u32,
    /// The side that is killed in the first launch.
    pub(super) dying: Option<Side>,
}

/// What a comparison measured.
#[derive(Debug)]
pub(super) struct Compared {
    /// One of each launch.
    pub(super) log_ratios: Vec<f64>,
    /// Median time of the baseline for one batch.
    pub(super) baseline_ns: f64,
    /// Wall-clock time, processes and their start included.
    pub(super) seconds: f64,
}

/// What compares this program with itself.
pub(super) struct Comparer<'a> {
    pub(super) spec: &'a Spec,
    pub(super) sizing: &'a Sizing,
    pub(super) seed: u64,
}

impl Comparer<'_> {
    /// All launches. `None` where the user stopped it.
    pub(super) fn compare(
        &self,
        plan: &Plan,
        interrupted: &AtomicBool,
    ) -> Result<Option<Compared>, Failure> {
        let clock = Instant::now();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Layouts are drawn from the streams with the numbers of the launches.
        rng.set_stream(u64::MAX);
        let mut log_ratios = Vec::new();
        let mut baseline_ns = Vec::new();
        for launch in 1..=plan.launches {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let is_baseline_first = schedule::coin(&mut rng);
            let first = if is_baseline_first { Side::Baseline } else { Side::Candidate };
            let blocks = schedule::blocks(&mut rng, self.sizing.blocks);
            let readings = self.launch(plan, launch, first, &blocks)?;
            let log_ratio = comparison::of_launch(&blocks, &readings).ok_or_else(|| {
                Failure::internal("a reading took no time at all: the timer is unfit")
            })?;
            log_ratios.push(log_ratio);
            baseline_ns.push(self.baseline_ns(&blocks, &readings));
        }
        Ok(Some(Compared {
            log_ratios,
            baseline_ns: median(&baseline_ns),
            seconds: clock.elapsed().as_secs_f64(),
        }))
    }

    /// The readings of one launch, in the order of its blocks.
    fn launch(
        &self,
        plan: &Plan,
        launch: u32,
        first: Side,
        blocks: &[Block],
    ) -> Result<Vec<u64>, Failure> {
        let mut pair = Pair::start(self.spec, first, self.seed, launch)?;
        if let Some(side) = plan.dying {
            pair.kill(side);
        }
        let turns = blocks.iter().flat_map(|block| block.turns());
        let readings: Result<Vec<u64>, Failure> =
            turns.map(|turn| pair.read(turn, self.sizing.repetitions, plan.extra_ppm)).collect();
        let readings = readings?;
        pair.end()?;
        Ok(readings)
    }

    /// Median nanoseconds of the baseline for one batch.
    fn baseline_ns(&self, blocks: &[Block], readings: &[u64]) -> f64 {
        let turns = blocks.iter().flat_map(|block| block.turns());
        let of_baseline = turns.zip(readings).filter(|(turn, _)| *turn == Turn::Baseline);
        let per_batch = |picos: u64| picos as f64 / 1e3 / self.sizing.repetitions as f64;
        median(&of_baseline.map(|(_, picos)| per_batch(*picos)).collect::<Vec<f64>>())
    }
}
