//! Readings that many threads note at once, each in a place of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use super::timer::Reading;

/// No reading: a counter does not get there in centuries.
const NONE: u64 = u64::MAX;

/// A place for one reading each. A thread that notes one waits for nobody.
#[derive(Debug)]
pub struct Stamps {
    ticks: Vec<AtomicU64>,
}

impl Stamps {
    /// `len` places, empty. Eight bytes each, and all of them touched: noting meets no page fault.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { ticks: (0..len).map(|_| AtomicU64::new(NONE)).collect() }
    }

    /// Notes a reading in a place. Does nothing where there is no such place.
    #[inline]
    pub fn put(&self, place: usize, reading: Reading) {
        if let Some(ticks) = self.ticks.get(place) {
            ticks.store(reading.0, Ordering::Relaxed);
        }
    }

    /// What was noted in a place, if anything was. The threads that noted must have been joined, or
    /// this may be behind.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<Reading> {
        let ticks = self.ticks.get(place)?.load(Ordering::Relaxed);
        (ticks != NONE).then_some(Reading(ticks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::timer::Timer;

    /// What is noted is found in its place, and nothing in the others or beyond them.
    #[test]
    fn readings_keep_their_places() {
        let (timer, stamps) = (Timer::qualify(), Stamps::new(2));
        let reading = timer.start();
        stamps.put(1, reading);
        stamps.put(2, reading);
        assert_eq!([0, 1, 2].map(|place| stamps.get(place)), [None, Some(reading), None]);
    }
}
