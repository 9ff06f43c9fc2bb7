//! Latency: one batch per reading, the whole distribution.
//!
//! Nothing is subtracted from the distribution. Beside each stretch of readings, the same loop
//! reads a backend that does nothing: what an empty reading takes is known from the same moments,
//! and the difference is a figure of its own.

use std::time::{Duration, Instant};

use super::{
    Bench, Empty, Steady, Stop,
    inputs::{Rotation, Stretch},
    samples::{Readings, Recorder},
};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    host::timer::Timer,
    stats::{Samples, latency::Histogram, median, steady::Groups},
};

/// Readings that bear every percentile that is looked for.
const READINGS_MAX: usize = 1_000_000;

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
    /// All readings in groups, those before the steady state too: what that is found by.
    pub groups: Groups,
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

/// Neighbouring readings, with as many empty ones that were taken just before them.
struct Neighbours {
    /// Index of the first.
    first: usize,
    begun: Duration,
}

/// Measures a host backend. Other clocks are other types, and are refused by the compiler.
pub fn measure(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<Latency, LatencyError> {
    let (mut readings, mut empty) = (Recorder::new(), Recorder::new());
    let (mut all, clock) = (Vec::new(), Instant::now());
    let stop = loop {
        let (first, begun) = (readings.len(), clock.elapsed());
        all.push(Neighbours { first, begun });
        // Both recorders have the same room, and so the same indices.
        let limit = readings.room() as u64;
        read(bench, &mut Empty, rotation.peek(limit), &mut empty)?;
        let count = (empty.len() - first) as u64;
        rotation.paint_next(count);
        read(bench, backend, rotation.stretch(count), &mut readings)?;
        rotation.check_last(count);
        if bench.is_interrupted() {
            break Stop::Interrupted;
        } else if readings.len() >= READINGS_MAX {
            break Stop::Complete;
        } else if clock.elapsed() >= bench.limits.budget {
            break Stop::Budget;
        }
    };
    finish(&all, &readings.finish(), &empty.finish(), stop)
}

/// Leaves out what came before the steady state.
fn finish(
    all: &[Neighbours],
    readings: &Readings,
    empty: &Readings,
    stop: Stop,
) -> Result<Latency, LatencyError> {
    let (units, empty_units) = (readings.units(), empty.units());
    let groups = Groups::of(&units);
    let onset = groups.onset();
    // The first that are steady from their first reading on.
    let early = all.iter().take_while(|one| one.first < onset.discarded()).count();
    let steady = &all[early.min(all.len() - 1)..];
    let first = steady[0].first;
    let ends = steady.iter().skip(1).map(|next| next.first).chain([units.len()]);
    let net = steady
        .iter()
        .zip(ends)
        .map(|(one, end)| median(&units[one.first..end]) - median(&empty_units[one.first..end]));
    Ok(Latency {
        end_to_end: readings.histogram(first)?,
        empty: empty.histogram(first)?,
        net: Samples::from_units(net),
        stop,
        steady: Steady { onset, after: steady[0].begun },
        groups,
    })
}

/// One reading per batch.
fn read(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    batches: Stretch<'_>,
    recorder: &mut Recorder,
) -> Result<(), SubmitError> {
    one_by_one(bench.timer, backend, batches, &mut |time| recorder.keep(time))
}

/// Reads so many batches one by one and hands over each time: for whoever decides alone how long,
/// and compares with another program in place of an empty reading.
pub fn sample(
    timer: &Timer,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
    count: u64,
    mut keep: impl FnMut(HostNanos),
) -> Result<(), SubmitError> {
    let mut left = count;
    while left > 0 {
        let stretch = rotation.stretch(left);
        left -= stretch.batch_count();
        one_by_one(timer, backend, stretch, &mut keep)?;
    }
    Ok(())
}

fn one_by_one(
    timer: &Timer,
    backend: &mut HostBackend,
    batches: Stretch<'_>,
    keep: &mut impl FnMut(HostNanos),
) -> Result<(), SubmitError> {
    for (batch, out) in batches.into_iter() {
        let start = timer.start();
        backend.submit(batch, out)?;
        let end = timer.end();
        keep(timer.between(start, end));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, inputs::Pool, samples::KEPT},
        op::Op,
        stats::steady::Onset,
    };

    /// Readings of as many nanoseconds, 32 at a time, a millisecond apart; empty ones of 20 ns.
    fn finished(nanos: impl Iterator<Item = u64>, stop: Stop) -> Latency {
        let (mut readings, mut empty) = (Recorder::new(), Recorder::new());
        let mut all = Vec::new();
        for (index, nanos) in nanos.enumerate() {
            let begun = Duration::from_millis(index as u64);
            all.push(Neighbours { first: readings.len(), begun });
            (0..32).for_each(|_| readings.keep(mock::host_nanos(nanos)));
            (0..32).for_each(|_| empty.keep(mock::host_nanos(20)));
        }
        finish(&all, &readings.finish(), &empty.finish(), stop).unwrap()
    }

    /// A slow beginning is in no percentile, and the record can say when it ended. The net figure
    /// is what lies above an empty reading.
    #[test]
    fn slow_beginnings_are_left_out() {
        let slow = std::iter::repeat_n(900, 20);
        let latency = finished(slow.chain(std::iter::repeat_n(100, 180)), Stop::Complete);
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
        let latency = finished(100..300, Stop::Budget);
        assert_eq!((latency.steady.onset, latency.end_to_end.len()), (Onset::Never, 6_400));
        let mut short = Recorder::new();
        (0..4).for_each(|_| short.keep(mock::host_nanos(100)));
        let (all, short) = ([Neighbours { first: 0, begun: Duration::ZERO }], short.finish());
        let short = finish(&all, &short, &short, Stop::Interrupted).unwrap();
        assert_eq!((short.steady.onset, short.end_to_end.len()), (Onset::Unknown, 4));
    }
}
