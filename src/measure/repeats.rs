//! Unique against repeated inputs: does a backend, or the processor under it, remember answers?
//!
//! The same backend works on batches of different records and on batches of the same few over and
//! over, in turns, both in the first cache. What differs there is not explained by caches. After
//! TEST04 of `MLPerf`.

use super::{Bench, inputs::Rotation};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    stats::{Estimate, Samples},
};

/// Records that are repeated: one vector kernel's turn and more, but no more than branch predictors
/// can learn by heart.
pub const TILE: usize = 64;

/// Readings of each.
const ROUNDS: usize = 61;

/// Multiple of the timer's resolution that a reading must last.
const RESOLUTIONS_MIN: f64 = 1_000.0;

/// Times as fast on repeated inputs as on unique ones, from which on it is worth a warning. Where
/// the buffers lie alone moves vector kernels by some percent.
const DIFFERENCE_MAX: f64 = 0.1;

/// Whether the whole interval of how much faster repeated inputs are is beyond what places explain.
#[must_use]
pub fn is_suspicious(speedup: &Estimate) -> bool {
    speedup.low > 1.0 + DIFFERENCE_MAX
}

/// Reads both in turns: readings of unique inputs, and of repeated ones. Both rotations are in the
/// same cache, and their outputs are for the caller to verify.
pub fn measure(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    [unique, repeated]: [&mut Rotation<'_>; 2],
) -> Result<[Samples<HostNanos>; 2], SubmitError> {
    let target_ns = bench.timer.quality().resolution_ns * RESOLUTIONS_MIN;
    let mut repetitions = unique.batch_count() as u64;
    while read(bench, backend, unique, repetitions)?.picos() < (target_ns * 1e3) as u64 {
        repetitions *= 2;
    }
    let mut samples = [Samples::default(), Samples::default()];
    for round in 0..ROUNDS {
        if bench.is_interrupted() {
            break;
        }
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let rotation = if which == 0 { &mut *unique } else { &mut *repeated };
            rotation.paint_next(repetitions);
            let reading = read(bench, backend, rotation, repetitions)?;
            rotation.check_last(repetitions);
            samples[which].push_mean(reading, (repetitions * rotation.batch_len() as u64) as f64);
        }
    }
    Ok(samples)
}

fn read(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
    repetitions: u64,
) -> Result<HostNanos, SubmitError> {
    let start = bench.timer.start();
    rotation.submit(backend, repetitions)?;
    Ok(bench.timer.between(start, bench.timer.end()))
}
