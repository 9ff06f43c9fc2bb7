//! Latency: one batch per reading, the whole distribution.
//!
//! Nothing is subtracted from the distribution. Beside each stretch of readings, the same loop
//! reads a backend that does nothing: what an empty reading takes is known from the same moments,
//! and the difference is a figure of its own.

use std::time::{Duration, Instant};

use super::{Bench, Empty, Steady, Stop, inputs::Rotation};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::{Clock as _, HostNanos},
    stats::{
        Samples,
        latency::Histogram,
        steady::{self, Onset},
    },
};

/// Readings that bear every percentile that is looked for.
const READINGS_MAX: usize = 1_000_000;

/// Readings kept before they go to the others. That long list would push the input out of the
/// first cache if it were touched after every reading; 4 KiB do not.
const KEPT: usize = 256;

/// What was measured, from the steady state on.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Nanoseconds per batch.
    pub end_to_end: Histogram<HostNanos>,
    /// Nanoseconds per reading of nothing.
    pub empty: Histogram<HostNanos>,
    /// Nanoseconds per batch that the backend adds to an empty reading: medians of stretches.
    pub net: Samples<HostNanos>,
    /// Why measuring ended.
    pub stop: Stop,
    /// When the readings became steady.
    pub steady: Steady,
}

/// What went wrong while measuring.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    /// The backend gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// No histogram.
    #[error(transparent)]
    Histogram(#[from] crate::stats::latency::HistogramError),
}

/// Some neighbouring readings, with empty ones beside them.
struct Stretch {
    readings: Vec<HostNanos>,
    empty: Vec<HostNanos>,
    begun: Duration,
}

/// Measures a host backend. Other clocks are other types, and are refused by the compiler.
pub fn measure(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<Latency, LatencyError> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut count, clock) = (0, Instant::now());
    let stop = loop {
        let begun = clock.elapsed();
        let empty = read_empty(bench, rotation)?;
        rotation.paint_next(empty.len() as u64);
        let readings = read(bench, backend, rotation)?;
        rotation.check_last(readings.len() as u64);
        count += readings.len();
        stretches.push(Stretch { readings, empty, begun });
        if bench.is_interrupted() {
            break Stop::Interrupted;
        } else if count >= READINGS_MAX {
            break Stop::Complete;
        } else if clock.elapsed() >= bench.limits.budget {
            break Stop::Budget;
        }
    };
    finish(&stretches, stop)
}

/// Leaves out what came before the steady state.
fn finish(stretches: &[Stretch], stop: Stop) -> Result<Latency, LatencyError> {
    let all = stretches.iter().flat_map(|stretch| &stretch.readings);
    let onset = steady::onset(&all.map(|reading| reading.in_units()).collect::<Vec<_>>());
    let first = first_steady(stretches, onset);
    let (mut end_to_end, mut empty) = (Histogram::new()?, Histogram::new()?);
    let mut net = Vec::new();
    for stretch in &stretches[first..] {
        stretch.readings.iter().for_each(|reading| end_to_end.record(*reading));
        stretch.empty.iter().for_each(|reading| empty.record(*reading));
        net.push(median(&stretch.readings) - median(&stretch.empty));
    }
    let after = stretches.get(first).map_or(Duration::ZERO, |stretch| stretch.begun);
    let net = Samples::from_units(net);
    Ok(Latency { end_to_end, empty, net, stop, steady: Steady { onset, after } })
}

/// Index of the first stretch that is steady from its first reading on.
fn first_steady(stretches: &[Stretch], onset: Onset) -> usize {
    let mut before = 0;
    let is_early = |stretch: &&Stretch| {
        let starts_early = before < onset.discarded();
        before += stretch.readings.len();
        starts_early
    };
    let early = stretches.iter().take_while(is_early).count();
    early.min(stretches.len().saturating_sub(1))
}

fn median(readings: &[HostNanos]) -> f64 {
    let mut sorted: Vec<f64> = readings.iter().map(|reading| reading.in_units()).collect();
    sorted.sort_by(f64::total_cmp);
    crate::stats::quantile(&sorted, 0.5)
}

/// One reading per batch, over the next stretch of the rotation.
fn read(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<Vec<HostNanos>, SubmitError> {
    time_each(bench, backend, rotation.stretch(KEPT as u64))
}

/// The same over the same batches, as many of them, doing nothing with them.
fn read_empty(
    bench: Bench<'_>,
    rotation: &mut Rotation<'_>,
) -> Result<Vec<HostNanos>, SubmitError> {
    time_each(bench, &mut Empty, rotation.peek(KEPT as u64))
}

fn time_each(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    batches: super::inputs::Stretch<'_>,
) -> Result<Vec<HostNanos>, SubmitError> {
    let mut kept = Vec::with_capacity(KEPT);
    for (batch, out) in batches.into_iter() {
        let start = bench.timer.start();
        backend.submit(batch, out)?;
        let end = bench.timer.end();
        kept.push(bench.timer.between(start, end));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, inputs::Pool},
        op::Op,
    };

    fn stretch(readings: &[u64], begun_ms: u64) -> Stretch {
        Stretch {
            readings: readings.iter().map(|&nanos| mock::host_nanos(nanos)).collect(),
            empty: vec![mock::host_nanos(20); readings.len()],
            begun: Duration::from_millis(begun_ms),
        }
    }

    /// A slow beginning is in no percentile, and the record can say when it ended. The net figure
    /// is what lies above an empty reading.
    #[test]
    fn slow_beginnings_are_left_out() {
        let slow = (0..20).map(|index| stretch(&[900; 32], index));
        let fast = (20..200).map(|index| stretch(&[100; 32], index));
        let latency = finish(&slow.chain(fast).collect::<Vec<_>>(), Stop::Complete).unwrap();
        assert!(latency.end_to_end.max_ns() < 101.0, "{}", latency.end_to_end.max_ns());
        assert!((20..30).contains(&latency.steady.after.as_millis()), "{:?}", latency.steady);
        assert!((latency.net.median().unwrap().value - 80.0).abs() < 1e-9);
        assert_eq!(latency.empty.len(), latency.end_to_end.len());
    }

    /// Whatever the batches in rotation, what was measured is verified: no output is painted that
    /// is not written again.
    #[test]
    fn all_outputs_are_written() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 1_000).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_millis(2), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        for batch_count in [1, 3, KEPT - 1, KEPT, KEPT + 1, 1_000] {
            let mut rotation = pool.rotation(1, batch_count, 0).unwrap();
            measure(bench, &mut mock::Host::golden(Op::Decide), &mut rotation).unwrap();
            assert_eq!(rotation.verify_measured(), None, "{batch_count}");
        }
    }

    /// What never becomes steady is kept whole, and so is what is too short to say.
    #[test]
    fn unsteady_readings_are_kept() {
        let rising: Vec<_> = (0..200).map(|index| stretch(&[100 + index; 32], index)).collect();
        let latency = finish(&rising, Stop::Budget).unwrap();
        assert_eq!((latency.steady.onset, latency.end_to_end.len()), (Onset::Never, 6_400));
        let short = finish(&[stretch(&[100; 4], 0)], Stop::Interrupted).unwrap();
        assert_eq!((short.steady.onset, short.end_to_end.len()), (Onset::Unknown, 4));
    }
}
