//! Where single readings are kept: first beside one another, then in a long list, and in the end
//! in a histogram.

use crate::{
    clock::{Clock as _, HostNanos},
    stats::latency::{Histogram, HistogramError},
};

/// Readings kept before they go to the list. It would push the input out of the first cache if it
/// grew with every reading; 2 KiB do not.
pub const KEPT: usize = 256;

/// Readings in their order, at a cost of a few nanoseconds each: see `benches/sample.rs`.
#[derive(Debug, Default)]
pub struct Recorder {
    kept: Vec<HostNanos>,
    all: Vec<HostNanos>,
}

impl Recorder {
    /// A recorder that has no reading yet.
    #[must_use]
    pub fn new() -> Self {
        Self { kept: Vec::with_capacity(KEPT), all: Vec::new() }
    }

    /// Keeps a reading. Every [`KEPT`] of them go to the list.
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
    pub fn len(&self) -> usize {
        self.all.len() + self.kept.len()
    }

    /// Whether there is no reading.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All readings.
    #[must_use]
    pub fn finish(mut self) -> Readings {
        self.put_away();
        Readings(self.all)
    }

    #[inline(never)]
    fn put_away(&mut self) {
        self.all.append(&mut self.kept);
    }
}

/// Readings that are complete.
#[derive(Debug)]
pub struct Readings(Vec<HostNanos>);

impl Readings {
    /// Nanoseconds of each, in order.
    #[must_use]
    pub fn units(&self) -> Vec<f64> {
        self.0.iter().map(|reading| reading.in_units()).collect()
    }

    /// The distribution of the readings from index `first` on.
    pub fn histogram(&self, first: usize) -> Result<Histogram<HostNanos>, HistogramError> {
        let mut histogram = Histogram::new()?;
        self.0[first.min(self.0.len())..].iter().for_each(|reading| histogram.record(*reading));
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mock;

    /// Keeping readings beside one another allocates nothing: that would disturb the reading after
    /// it. Only putting them away does.
    #[test]
    fn recording_allocates_nothing() {
        let mut recorder = Recorder::new();
        let mut keep = |count: usize| {
            allocation_counter::measure(|| {
                (0..count).for_each(|_| recorder.keep(mock::host_nanos(9)));
            })
        };
        assert_eq!(keep(KEPT - 1).count_total, 0);
        assert!(keep(1).count_total > 0, "allocations are not seen at all");
        assert_eq!(keep(KEPT - 1).count_total, 0);
    }

    /// No reading is lost or counted twice, whether it still lies beside others or not.
    #[test]
    fn every_reading_is_kept_once() {
        for count in [0, 1, KEPT - 1, KEPT, KEPT + 1, 3 * KEPT + 7] {
            let mut recorder = Recorder::new();
            (1..=count as u64).for_each(|nanos| recorder.keep(mock::host_nanos(nanos)));
            assert_eq!((recorder.len(), recorder.is_empty()), (count, count == 0));
            assert_eq!(recorder.room(), KEPT - count % KEPT);
            let readings = recorder.finish();
            assert_eq!(readings.units().len(), count);
            assert_eq!(readings.histogram(count / 2).unwrap().len(), (count - count / 2) as u64);
            let last = readings.units().pop().unwrap_or_default();
            assert!((last - count as f64).abs() < 1e-9, "{last}");
        }
    }
}
