//! What the harness reads of nothing: an empty operation against a control that is also empty.
//!
//! Whatever the harness adds to a reading it adds to both, so the difference must be zero within
//! what the timer resolves. If it is not, the harness favours one place in its rounds over
//! another, and no figure near that difference can be believed.

use serde::{Deserialize, Serialize};

use super::{
    Bench, Empty,
    inputs::Rotation,
    latency::{self, LatencyError},
    throughput::{self, Contestant},
};
use crate::{
    clock::HostNanos,
    stats::{Estimate, Samples, latency::Histogram},
};

/// The empty operation as both host methods read it. Nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmptyReadings {
    /// By throughput.
    pub throughput: Zero,
    /// By latency.
    pub latency: Zero,
}

/// What a method reads of nothing, less its control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zero {
    /// Median difference per batch, with its interval.
    pub net_ns: Estimate,
    /// What the timer resolves of one batch: its resolution over the batches of a reading.
    pub resolution_ns: f64,
    /// What a batch takes of the control itself: the call, and for latency the clock.
    pub gross_ns: f64,
}

impl Zero {
    /// Whether zero, within the resolution, lies in the interval.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.net_ns.low <= self.resolution_ns && self.net_ns.high >= -self.resolution_ns
    }
}

/// The readings that both figures follow from.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Records per batch.
    pub batch_len: usize,
    /// Batches of the shorter reading, of whichever had fewer.
    pub repetitions: u64,
    /// What the timer resolves.
    pub resolution_ns: f64,
    /// By throughput, nanoseconds per record of the empty operation.
    pub measured: Samples<HostNanos>,
    /// Of its control, in the same rounds.
    pub control: Samples<HostNanos>,
    /// By latency, nanoseconds per batch that the operation takes more than its control.
    pub net: Samples<HostNanos>,
    /// By latency, nanoseconds per batch of the control.
    pub empty: Histogram<HostNanos>,
}

impl Raw {
    /// Both figures. `None` where the readings were too few.
    #[must_use]
    pub fn readings(&self) -> Option<EmptyReadings> {
        let batch_len = self.batch_len as f64;
        let throughput = Zero {
            net_ns: self.measured.net_of(&self.control)?.map(|net| net * batch_len),
            // A reading is the difference of n and 2n batches, so of two resolutions at most.
            resolution_ns: 2.0 * self.resolution_ns / self.repetitions as f64,
            gross_ns: self.control.median()?.value * batch_len,
        };
        let latency = Zero {
            net_ns: self.net.median()?,
            resolution_ns: self.resolution_ns,
            gross_ns: self.empty.quantile_ns(0.5).ok()?,
        };
        Some(EmptyReadings { throughput, latency })
    }
}

/// Measures it. Each rotation must have the same batches.
pub fn measure(
    bench: Bench<'_>,
    [one, other]: [&mut Rotation<'_>; 2],
) -> Result<Raw, LatencyError> {
    let (mut empty, mut control) = (Empty, Empty);
    let batch_len = one.batch_len();
    let contestants = [
        Contestant::new(&mut empty, &mut *one).without_output(),
        Contestant::new(&mut control, other).without_output(),
    ];
    let [measured, control] = throughput::measure_each(bench, contestants)?;
    let read = latency::measure(bench, &mut Empty, one)?;
    Ok(Raw {
        batch_len,
        repetitions: measured.repetitions.min(control.repetitions),
        resolution_ns: bench.timer.quality().resolution_ns,
        measured: measured.per_record,
        control: control.per_record,
        net: read.net,
        empty: read.empty,
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{Backend, Batch, SubmitError},
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, inputs::Pool},
        op::Op,
    };

    /// Does a hundred additions that depend on one another: about thirty nanoseconds.
    struct Little;

    impl Backend for Little {
        type Native = ();

        fn submit(&mut self, batch: Batch<'_>, _: &mut [u8]) -> Result<(), SubmitError> {
            (0..100).fold(batch.len(), |sum, _| std::hint::black_box(sum + 1));
            Ok(())
        }
    }

    /// An empty operation reads zero within the resolution by both methods: in one of five tries
    /// at least, for each try's interval misses by chance once in twenty times. Thirty nanoseconds
    /// of work are never taken for nothing.
    #[test]
    fn nothing_reads_zero() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 256).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_millis(20), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut rotations = [0, 0].map(|thread| pool.rotation(1, 256, thread).unwrap());
        let [one, other] = &mut rotations;
        let mut read = || measure(bench, [&mut *one, &mut *other]).unwrap().readings().unwrap();
        let holds = |zero: EmptyReadings| zero.throughput.holds() && zero.latency.holds();
        let tries: Vec<EmptyReadings> = (0..5).map(|_| read()).collect();
        assert!(tries.iter().any(|zero| holds(*zero)), "{tries:?}");
        let little = latency::measure(bench, &mut Little, one).unwrap();
        let resolution_ns = timer.quality().resolution_ns;
        let net_ns = little.net.median().unwrap();
        assert!(!Zero { net_ns, resolution_ns, gross_ns: 0.0 }.holds(), "{net_ns:?}");
    }
}
