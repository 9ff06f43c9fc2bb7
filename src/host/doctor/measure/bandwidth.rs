//! Bandwidth of memory by one core: plain slices that the compiler turns into vectors.

use std::hint::black_box;

use serde::Serialize;

use crate::{clock::Clock, host::timer::Timer, stats};

/// Passes over the buffer, each timed.
const PASSES: usize = 9;
/// Least and most bytes of one buffer.
const BUFFER_BYTES_MIN: u64 = 32 << 20;
const BUFFER_BYTES_MAX: u64 = 256 << 20;
/// Share of the memory that the two buffers together may take.
const MEMORY_SHARE: u64 = 8;

/// Median of several passes, and how far they lay apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Median, bytes per second over 10^9.
    pub gb_per_s_p50: f64,
    /// Slowest pass.
    pub gb_per_s_min: f64,
    /// Fastest pass.
    pub gb_per_s_max: f64,
}

/// What one core gets from memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bandwidth {
    /// Bytes of one buffer.
    pub buffer_bytes: u64,
    /// Timed passes of each kind.
    pub passes: usize,
    /// Bytes read, and nothing written.
    pub read: Rate,
    /// Bytes copied: each is read once and written once.
    pub copy: Rate,
}

/// How large a buffer must be: four times the last cache within bounds, and no more than memory
/// bears.
#[must_use]
pub fn buffer_bytes(last_cache_bytes: Option<u64>, available_bytes: Option<u64>) -> usize {
    let wanted = last_cache_bytes.unwrap_or(0).saturating_mul(4);
    let bearable = available_bytes.map_or(BUFFER_BYTES_MIN, |bytes| bytes / MEMORY_SHARE / 2);
    let bytes = wanted.clamp(BUFFER_BYTES_MIN, BUFFER_BYTES_MAX).min(bearable.max(1 << 20));
    usize::try_from(bytes).unwrap_or(1 << 20)
}

/// Reads and copies a buffer of `buffer_bytes`.
#[must_use]
pub fn run(timer: &Timer, buffer_bytes: usize) -> Bandwidth {
    let words = buffer_bytes / size_of::<u64>();
    // Not zero: pages of zeros that nobody wrote to are all the same one.
    let (source, mut target) = (vec![1_u64; words], vec![2_u64; words]);
    let bytes = (words * size_of::<u64>()) as f64;
    let pass = |work: &mut dyn FnMut()| {
        let start = timer.start();
        work();
        // Bytes per nanosecond are gigabytes per second.
        bytes / timer.between(start, timer.end()).in_units().max(1.0)
    };
    let read = (0..PASSES).map(|_| {
        pass(&mut || {
            black_box(sum(black_box(&source)));
        })
    });
    let read = rate(read.collect());
    let copy = (0..PASSES).map(|_| {
        pass(&mut || {
            target.copy_from_slice(black_box(&source));
            black_box(&mut target);
        })
    });
    let copy = rate(copy.collect());
    Bandwidth { buffer_bytes: bytes as u64, passes: PASSES, read, copy }
}

/// A sum in eight lanes that do not wait for one another.
fn sum(words: &[u64]) -> u64 {
    let mut lanes = [0_u64; 8];
    let chunks = words.chunks_exact(8);
    let rest: u64 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(*word);
        }
    }
    lanes.into_iter().fold(rest, u64::wrapping_add)
}

fn rate(mut gb_per_s: Vec<f64>) -> Rate {
    gb_per_s.sort_by(f64::total_cmp);
    Rate {
        gb_per_s_p50: stats::quantile(&gb_per_s, 0.5),
        gb_per_s_min: stats::quantile(&gb_per_s, 0.0),
        gb_per_s_max: stats::quantile(&gb_per_s, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word is read once, also those beyond the last eight.
    #[test]
    fn every_word_is_read() {
        let words: Vec<u64> = (1..=1_003).collect();
        assert_eq!(sum(&words), 1_003 * 1_004 / 2);
        assert_eq!(sum(&[]), 0);
    }

    /// Buffers exceed the cache where they may, and never take much of the memory.
    #[test]
    fn buffers_fit_the_machine() {
        let (gib, mib) = (1_u64 << 30, 1_u64 << 20);
        assert_eq!(buffer_bytes(Some(32 * mib), Some(64 * gib)), 128 << 20);
        assert_eq!(buffer_bytes(Some(512 * mib), Some(64 * gib)), 256 << 20);
        assert_eq!(buffer_bytes(None, Some(64 * gib)), 32 << 20);
        assert_eq!(buffer_bytes(Some(32 * mib), Some(256 * mib)), 16 << 20);
        assert_eq!(buffer_bytes(Some(32 * mib), Some(0)), 1 << 20);
    }

    /// The median of the passes is between the ends, and a run has the passes that it claims.
    #[test]
    fn passes_are_summed_up() {
        let rate = rate(vec![3.0, 1.0, 2.0]);
        assert_eq!((rate.gb_per_s_min, rate.gb_per_s_p50, rate.gb_per_s_max), (1.0, 2.0, 3.0));
        let bandwidth = run(&Timer::qualify(), 1 << 20);
        assert_eq!((bandwidth.buffer_bytes, bandwidth.passes), (1 << 20, PASSES));
        assert!(bandwidth.read.gb_per_s_min > 0.0 && bandwidth.copy.gb_per_s_min > 0.0);
    }
}
