//! Latency: one batch per reading, the whole distribution.
//!
//! Nothing is subtracted: what an empty reading takes is measured by the same loop on a backend
//! that does nothing, and shown beside the distribution.

use std::time::Instant;

use super::{Bench, Stop, WARM_UP_SHARE, inputs::Rotation, samples::Recorder};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    stats::latency::Histogram,
};

/// Readings that bear every percentile that is looked for.
const READINGS_MAX: u64 = 1_000_000;

/// What was measured.
#[derive(Clone, Debug)]
pub struct Latency {
    /// Nanoseconds per batch.
    pub end_to_end: Histogram<HostNanos>,
    /// Why measuring ended.
    pub stop: Stop,
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

/// Measures a host backend. Other clocks are other types, and are refused by the compiler.
pub fn measure(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<Latency, LatencyError> {
    let mut recorder = Recorder::new()?;
    warm_up(bench, backend, rotation)?;
    let clock = Instant::now();
    let stop = loop {
        read_stretch(bench, backend, rotation, &mut recorder)?;
        if bench.is_interrupted() {
            break Stop::Interrupted;
        } else if recorder.len() >= READINGS_MAX {
            break Stop::Complete;
        } else if clock.elapsed() >= bench.limits.budget {
            break Stop::Budget;
        }
    };
    Ok(Latency { end_to_end: recorder.finish(), stop })
}

fn warm_up(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
) -> Result<(), SubmitError> {
    let wanted = bench.limits.budget.mul_f64(WARM_UP_SHARE);
    let clock = Instant::now();
    loop {
        rotation.submit(backend, 1)?;
        if clock.elapsed() >= wanted {
            return Ok(());
        }
    }
}

/// One reading per batch, over the next stretch of the rotation, and no more than there is room
/// for.
fn read_stretch(
    bench: Bench<'_>,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
    recorder: &mut Recorder,
) -> Result<(), SubmitError> {
    for (batch, out) in rotation.stretch(recorder.room() as u64).into_iter() {
        let start = bench.timer.start();
        backend.submit(batch, out)?;
        let end = bench.timer.end();
        recorder.keep(bench.timer.between(start, end));
    }
    Ok(())
}
