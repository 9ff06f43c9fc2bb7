//! Where single readings are kept: first beside one another, then in a histogram.

use crate::{
    clock::HostNanos,
    stats::latency::{Histogram, HistogramError},
};

/// Readings kept before they go to the histogram. Its counters would push the input out of the
/// first cache if they were touched after every reading; 2 KiB do not.
pub const KEPT: usize = 256;

/// A distribution that grows reading by reading, at a cost of a few nanoseconds each: see
/// `benches/sample.rs`. Allocates when it is made, and never again.
#[derive(Debug)]
pub struct Recorder {
    kept: Vec<HostNanos>,
    histogram: Histogram<HostNanos>,
}

impl Recorder {
    /// A recorder that has no reading yet.
    pub fn new() -> Result<Self, HistogramError> {
        Ok(Self { kept: Vec::with_capacity(KEPT), histogram: Histogram::new()? })
    }

    /// Keeps a reading. Every [`KEPT`] of them go to the histogram.
    #[inline]
    pub fn keep(&mut self, reading: HostNanos) {
        self.kept.push(reading);
        if self.kept.len() == KEPT {
            self.put_away();
        }
    }

    /// How many more readings there is room for beside one another.
    #[must_use]
    pub fn room(&self) -> usize {
        KEPT - self.kept.len()
    }

    /// Number of readings.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.histogram.len() + self.kept.len() as u64
    }

    /// Whether there is no reading.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The distribution of all readings.
    #[must_use]
    pub fn finish(mut self) -> Histogram<HostNanos> {
        self.put_away();
        self.histogram
    }

    #[inline(never)]
    fn put_away(&mut self) {
        let histogram = &mut self.histogram;
        self.kept.drain(..).for_each(|reading| histogram.record(reading));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mock;

    /// Recording allocates nothing, also when readings go to the histogram: an allocation would
    /// disturb the reading after it.
    #[test]
    fn recording_allocates_nothing() {
        let mut recorder = Recorder::new().unwrap();
        let allocated = allocation_counter::measure(|| {
            (1..3 * KEPT as u64).for_each(|nanos| recorder.keep(mock::host_nanos(nanos * 1_000)));
        });
        assert_eq!(allocated.count_total, 0);
        let seen = allocation_counter::measure(|| drop(Recorder::new()));
        assert!(seen.count_total > 0, "allocations are not seen at all");
    }

    /// No reading is lost or counted twice, whether it still lies beside others or not.
    #[test]
    fn every_reading_is_kept_once() {
        for count in [0, 1, KEPT - 1, KEPT, KEPT + 1, 3 * KEPT + 7] {
            let mut recorder = Recorder::new().unwrap();
            (1..=count as u64).for_each(|nanos| recorder.keep(mock::host_nanos(nanos)));
            assert_eq!((recorder.len(), recorder.is_empty()), (count as u64, count == 0));
            assert_eq!(recorder.room(), KEPT - count % KEPT);
            let histogram = recorder.finish();
            assert_eq!(histogram.len(), count as u64);
            if count > 0 {
                assert!((histogram.max_ns() / count as f64 - 1.0).abs() < 1e-3, "{count}");
            }
        }
    }
}
