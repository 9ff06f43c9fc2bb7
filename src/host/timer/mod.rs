//! The host clock: a fenced time-stamp counter where it can be trusted, else the OS clock.
//!
//! The only place where host time is made. Method: Intel, "How to Benchmark Code Execution Times
//! on Intel IA-32 and IA-64" (2010), with the fences that AMD's manual asks for.

mod calibration;
mod quality;
mod tsc;

use std::{hint::black_box, time::Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use calibration::{BadCalibration, Calibration, InheritError};
pub use quality::{BackToBack, Quality};

use crate::clock::HostNanos;
use quality::Known;

/// Which clock is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The fenced time-stamp counter.
    Tsc,
    /// The monotonic clock of the operating system.
    Monotonic,
}

impl Source {
    const ALL: [Self; 2] = [Self::Tsc, Self::Monotonic];

    /// The name used in JSON and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tsc => "tsc",
            Self::Monotonic => "monotonic",
        }
    }
}

/// Why the time-stamp counter is not used.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum TscUnavailable {
    /// Another architecture.
    #[error("this processor has no time-stamp counter that nanogate knows")]
    WrongArch,
    /// No `rdtscp`.
    #[error("the processor lacks rdtscp")]
    NoRdtscp,
    /// Its rate follows the core's.
    #[error("the time-stamp counter is not invariant")]
    NotInvariant,
    /// Two windows gave different frequencies.
    #[error("two calibrations against the monotonic clock differ by {0:.0} parts per million")]
    Unsteady(f64),
}

/// A point in time, in ticks of the timer that made it. The same on all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reading(pub(super) u64);

/// A qualified timer.
#[derive(Clone, Debug)]
pub struct Timer {
    source: Source,
    origin: Instant,
    picos_per_tick: f64,
    quality: Quality,
}

/// Pairs of readings that qualify the timer.
const PAIRS: usize = 20_000;

/// Pairs of readings of a timer that was inherited: its parent has read all of them.
const PAIRS_INHERITED: usize = 2_000;

/// Why a process that could read the counter does not.
const PARENT_DOES_NOT: &str = "the process that started this one reads the monotonic clock";

impl Timer {
    /// Chooses the clock and measures it. Takes about a tenth of a second.
    #[must_use]
    pub fn qualify() -> Self {
        let (source, known) = match calibration::measure() {
            Ok((hz, spread_ppm)) => (Source::Tsc, known(hz, spread_ppm, None)),
            Err(reason) => (Source::Monotonic, known(1e9, 0.0, Some(reason.to_string()))),
        };
        Self::measured(source, known, PAIRS)
    }

    /// The clock that another process on this machine has calibrated: what a worker is handed by
    /// its parent, so that it need not spend a tenth of a second again. Takes some milliseconds,
    /// in which the frequency is checked as well as a window of 1 ms can tell.
    pub fn inherit(calibration: &Calibration) -> Result<Self, InheritError> {
        let off_ppm = calibration::check(*calibration)?;
        let refused = match calibration.source {
            Source::Tsc => None,
            Source::Monotonic => Some(match tsc::check() {
                Err(reason) => reason.to_string(),
                Ok(()) => PARENT_DOES_NOT.to_owned(),
            }),
        };
        let known = known(calibration.frequency_hz, off_ppm, refused);
        Ok(Self::measured(calibration.source, known, PAIRS_INHERITED))
    }

    /// What another process needs to [inherit](Self::inherit) this clock.
    #[must_use]
    pub const fn calibration(&self) -> Calibration {
        Calibration { source: self.source, frequency_hz: self.quality.frequency_hz }
    }

    fn measured(source: Source, known: Known, pairs: usize) -> Self {
        let picos_per_tick = 1e12 / known.frequency_hz;
        let quality = Quality::unmeasured(source, known);
        let mut timer = Self { source, origin: Instant::now(), picos_per_tick, quality };
        let (empty_ns, backward_steps) = timer.empty_pairs_ns(pairs);
        timer.quality.measure(empty_ns, backward_steps);
        timer
    }

    /// What empty pairs read, in nanoseconds, and how many readings were earlier than the one
    /// before them.
    fn empty_pairs_ns(&self, count: usize) -> (Vec<f64>, u64) {
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            let start = self.start();
            black_box(());
            pairs.push((start, self.end()));
        }
        let nanos =
            |&(start, end): &(Reading, Reading)| self.between(start, end).picos() as f64 / 1e3;
        let readings: Vec<Reading> = pairs.iter().flat_map(|&(start, end)| [start, end]).collect();
        let backward = readings.windows(2).filter(|two| two[1] < two[0]).count();
        (pairs.iter().map(nanos).collect(), backward as u64)
    }

    /// What is known of this timer.
    #[must_use]
    pub const fn quality(&self) -> &Quality {
        &self.quality
    }

    /// Reads the clock before what is measured: nothing of it begins earlier.
    #[inline]
    #[must_use]
    pub fn start(&self) -> Reading {
        match self.source {
            Source::Tsc => Reading(tsc::start()),
            Source::Monotonic => Reading(self.monotonic()),
        }
    }

    /// Reads the clock after what is measured: all of it has ended.
    #[inline]
    #[must_use]
    pub fn end(&self) -> Reading {
        match self.source {
            Source::Tsc => Reading(tsc::end()),
            Source::Monotonic => Reading(self.monotonic()),
        }
    }

    /// The time between two readings of this timer. Zero if they are in the wrong order.
    #[inline]
    #[must_use]
    pub fn between(&self, start: Reading, end: Reading) -> HostNanos {
        let ticks = end.0.saturating_sub(start.0);
        // Adding a half rounds as well as `round`, which is a call on the oldest processors.
        HostNanos::from_picos((ticks as f64 * self.picos_per_tick + 0.5) as u64)
    }

    /// The moment `nanos` nanoseconds after a reading, never earlier.
    #[inline]
    #[must_use]
    pub fn after(&self, reading: Reading, nanos: u64) -> Reading {
        Reading(reading.0 + (nanos as f64 * 1e3 / self.picos_per_tick).ceil() as u64)
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

const fn known(frequency_hz: f64, spread_ppm: f64, tsc_unavailable: Option<String>) -> Known {
    Known { tsc_unavailable, frequency_hz, frequency_spread_ppm: spread_ppm }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The timer agrees with the monotonic clock over a sleep, and never runs backwards.
    #[test]
    fn agrees_with_the_monotonic_clock() {
        let timer = Timer::qualify();
        let (clock, start) = (Instant::now(), timer.start());
        std::thread::sleep(Duration::from_millis(20));
        let (elapsed, end) = (clock.elapsed(), timer.end());
        let read = timer.between(start, end).picos() as f64 / 1e3;
        // A shared machine may take the core away between the two reads, so only up to 20 %.
        assert!((read / elapsed.as_nanos() as f64 - 1.0).abs() < 0.2, "{read} ns, {elapsed:?}");
        assert_eq!(timer.between(end, start).picos(), 0);
    }

    /// Resolution and overhead were measured: positive, and below a microsecond.
    #[test]
    fn quality_is_measured() {
        let timer = Timer::qualify();
        let quality = timer.quality();
        assert!(quality.resolution_ns > 0.0 && quality.resolution_ns < 1e3, "{quality:?}");
        assert!(quality.overhead_ns < 1e3, "{quality:?}");
        assert_eq!(quality.source == Source::Monotonic, quality.tsc_unavailable.is_some());
    }

    /// A worker reads its parent's clock without calibrating, and a frequency that is off by more
    /// than a short window can miss is refused.
    #[test]
    fn clocks_are_inherited() {
        let parent = Timer::qualify();
        let handed = parent.calibration();
        let child = Timer::inherit(&handed.to_string().parse().unwrap()).unwrap();
        assert_eq!(child.calibration(), handed);
        assert_eq!(child.quality().source, parent.quality().source);
        if handed.source == Source::Tsc {
            let (start, end) = (child.start(), child.end());
            assert_eq!(child.between(start, end), parent.between(start, end));
        }
        let wrong = Calibration { frequency_hz: handed.frequency_hz * 1.05, ..handed };
        assert!(Timer::inherit(&wrong).is_err());
    }

    /// A worker whose parent reads the system's clock reads it too, and says why.
    #[test]
    fn monotonic_clocks_are_inherited() {
        let handed = Calibration { source: Source::Monotonic, frequency_hz: 1e9 };
        let child = Timer::inherit(&handed).unwrap();
        assert_eq!(child.quality().source, Source::Monotonic);
        assert!(child.quality().tsc_unavailable.is_some());
        let wrong = Calibration { frequency_hz: 2e9, ..handed };
        assert_eq!(Timer::inherit(&wrong).unwrap_err(), InheritError::NotNanoseconds(2e9));
    }

    /// Readings in the wrong order are counted, and read as no time.
    #[test]
    fn timers_do_not_run_backwards() {
        let timer = Timer::qualify();
        assert_eq!(timer.quality().backward_steps, 0);
        assert_eq!(timer.between(Reading(5), Reading(3)), HostNanos::ZERO);
    }
}
