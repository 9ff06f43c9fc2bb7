//! Throughput: back-to-back batches, n against 2n, until the median is known well enough.
//!
//! A reading is T(2n) - T(n) over n batches. What a pair of clock reads costs is in both and
//! cancels; nothing is subtracted by guess. Which of the two comes first alternates, so that a
//! drift cancels too. n is chosen so that T(n) is at least 1,000 times the timer's resolution.

use std::time::Instant;

use super::{Bench, Stop, WARM_UP_SHARE, inputs::Rotation};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    stats::Samples,
};

/// Multiple of the timer's resolution that the shorter reading must last.
const RESOLUTIONS_MIN: f64 = 1_000.0;

/// Readings before the interval is first looked at.
const READINGS_MIN: usize = 20;

/// Readings without which there is no interval at all, whatever the budget.
const READINGS_LEAST: usize = 6;

/// What was measured, and how.
#[derive(Clone, Debug)]
pub struct Throughput {
    /// Nanoseconds per record.
    pub per_record: Samples<HostNanos>,
    /// Batches in the shorter reading.
    pub repetitions: u64,
    /// Batches submitted, warm-up included.
    pub submitted: u64,
    /// Why measuring ended.
    pub stop: Stop,
}

/// Measures a host backend. Other clocks are other types, and are refused by the compiler.
pub fn measure(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<Throughput, SubmitError> {
    let mut run = Run { bench, backend, rotation, submitted: 0 };
    let repetitions = run.warm_up()?;
    let records = (repetitions * run.rotation.batch_len() as u64) as f64;
    let mut per_record = Samples::default();
    let clock = Instant::now();
    let stop = loop {
        let (shorter, longer) = run.pair(repetitions, per_record.len())?;
        per_record.push_difference(shorter, longer, records);
        if let Some(stop) = decide_stop(&bench, &per_record, clock) {
            break stop;
        }
    };
    Ok(Throughput { per_record, repetitions, submitted: run.submitted, stop })
}

struct Run<'a, 'b> {
    bench: Bench<'a>,
    backend: &'a mut HostBackend,
    rotation: &'a mut Rotation<'b>,
    submitted: u64,
}

impl Run<'_, '_> {
    /// Runs for its share of the budget, and gives the batches that a reading needs.
    fn warm_up(&mut self) -> Result<u64, SubmitError> {
        let target_ns = self.bench.timer.quality().resolution_ns * RESOLUTIONS_MIN;
        let wanted = self.bench.limits.budget.mul_f64(WARM_UP_SHARE);
        let clock = Instant::now();
        let mut repetitions = 1;
        loop {
            let nanos = self.time(repetitions)?.picos() as f64 / 1e3;
            if nanos < target_ns {
                repetitions *= 2;
            } else if clock.elapsed() >= wanted || self.bench.is_interrupted() {
                return Ok(repetitions);
            }
        }
    }

    /// T(n) and T(2n), the longer first in every second pair.
    fn pair(
        &mut self,
        repetitions: u64,
        index: usize,
    ) -> Result<(HostNanos, HostNanos), SubmitError> {
        if index.is_multiple_of(2) {
            let shorter = self.time(repetitions)?;
            Ok((shorter, self.time(2 * repetitions)?))
        } else {
            let longer = self.time(2 * repetitions)?;
            Ok((self.time(repetitions)?, longer))
        }
    }

    fn time(&mut self, repetitions: u64) -> Result<HostNanos, SubmitError> {
        let timer = self.bench.timer;
        let start = timer.start();
        self.rotation.submit(self.backend, repetitions)?;
        let end = timer.end();
        self.submitted += repetitions;
        Ok(timer.between(start, end))
    }
}

/// Whether the last reading was enough, and why.
///
/// The interval is looked at whenever the number of readings has grown by an eighth, since
/// sorting after each reading would cost more than measuring.
fn decide_stop(bench: &Bench<'_>, samples: &Samples<HostNanos>, clock: Instant) -> Option<Stop> {
    let count = samples.len();
    if bench.is_interrupted() {
        return Some(Stop::Interrupted);
    }
    if count >= READINGS_LEAST && clock.elapsed() >= bench.limits.budget {
        return Some(Stop::Budget);
    }
    let stride = (count / 8).next_power_of_two();
    if count < READINGS_MIN || !count.is_multiple_of(stride) {
        return None;
    }
    let precise = samples.median()?.relative_half_width() <= bench.limits.precision;
    precise.then_some(Stop::Precise)
}
