//! The host clock: a fenced time-stamp counter where it can be trusted, else the OS clock.
//!
//! The only place where host time is made. Method: Intel, "How to Benchmark Code Execution Times
//! on Intel IA-32 and IA-64" (2010), with the fences that AMD's manual asks for.

// Reading the counter has no safe form on the oldest compiler that we support.
#![allow(unsafe_code)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{clock::HostNanos, stats};

/// Which clock is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The fenced time-stamp counter.
    Tsc,
    /// The monotonic clock of the operating system.
    Monotonic,
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
pub struct Reading(u64);

/// What is known of the timer after measuring it. Printed and stored with every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Which clock is read.
    pub source: Source,
    /// Why it is not the time-stamp counter, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsc_unavailable: Option<String>,
    /// Ticks per second, measured against the monotonic clock.
    pub frequency_hz: f64,
    /// How far two measurements of the frequency lay apart, in parts per million.
    pub frequency_spread_ppm: f64,
    /// Least difference of two readings that is not zero, in nanoseconds.
    pub resolution_ns: f64,
    /// Median of what an empty pair of readings reads, in nanoseconds.
    pub overhead_ns: f64,
}

/// A qualified timer.
#[derive(Clone, Debug)]
pub struct Timer {
    source: Source,
    origin: Instant,
    picos_per_tick: f64,
    quality: Quality,
}

/// One window of the calibration. Two of them must agree.
const CALIBRATION_WINDOW: Duration = Duration::from_millis(40);

/// Most that two calibrations may differ, in parts per million.
const SPREAD_PPM_MAX: f64 = 100.0;

/// Pairs of readings that qualify the timer.
const PAIRS: usize = 20_000;

/// The same where another process has qualified it: a millisecond is too much for one launch.
const PAIRS_INHERITED: usize = 500;

impl Timer {
    /// Chooses the clock and measures it. Takes about a tenth of a second.
    #[must_use]
    pub fn qualify() -> Self {
        match tsc_frequency() {
            Ok((hz, spread_ppm)) => Self::measured(Source::Tsc, hz, spread_ppm, None, PAIRS),
            Err(reason) => Self::measured(Source::Monotonic, 1e9, 0.0, Some(reason), PAIRS),
        }
    }

    /// The time-stamp counter with the frequency that another process measured, in hertz: for
    /// processes that are too short to measure it. What can be checked at once is.
    pub fn with_frequency(frequency_hz: f64) -> Result<Self, TscUnavailable> {
        tsc::check()?;
        Ok(Self::measured(Source::Tsc, frequency_hz, 0.0, None, PAIRS_INHERITED))
    }

    /// The clock of the operating system, chosen by another process.
    #[must_use]
    pub fn of_the_system() -> Self {
        Self::measured(Source::Monotonic, 1e9, 0.0, None, PAIRS_INHERITED)
    }

    fn measured(
        source: Source,
        frequency_hz: f64,
        frequency_spread_ppm: f64,
        refused: Option<TscUnavailable>,
        pairs: usize,
    ) -> Self {
        let quality = Quality {
            source,
            tsc_unavailable: refused.map(|reason| reason.to_string()),
            frequency_hz,
            frequency_spread_ppm,
            resolution_ns: 0.0,
            overhead_ns: 0.0,
        };
        let picos_per_tick = 1e12 / frequency_hz;
        let mut timer = Self { source, origin: Instant::now(), picos_per_tick, quality };
        let mut empty_ns: Vec<f64> = (0..pairs).map(|_| timer.empty_pair_ns()).collect();
        empty_ns.sort_by(f64::total_cmp);
        timer.quality.overhead_ns = stats::quantile(&empty_ns, 0.5);
        timer.quality.resolution_ns =
            empty_ns.into_iter().find(|&ns| ns > 0.0).unwrap_or(picos_per_tick / 1e3);
        timer
    }

    fn empty_pair_ns(&self) -> f64 {
        let start = self.start();
        black_box(());
        self.between(start, self.end()).picos() as f64 / 1e3
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
        HostNanos::from_picos((ticks as f64 * self.picos_per_tick).round() as u64)
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Ticks per second, and how far two windows lay apart in parts per million.
fn tsc_frequency() -> Result<(f64, f64), TscUnavailable> {
    tsc::check()?;
    let (first, second) = (calibrate(), calibrate());
    let spread_ppm = (first / second - 1.0).abs() * 1e6;
    if spread_ppm > SPREAD_PPM_MAX {
        return Err(TscUnavailable::Unsteady(spread_ppm));
    }
    Ok((f64::midpoint(first, second), spread_ppm))
}

/// Counter frequency over one window of the monotonic clock, in hertz.
fn calibrate() -> f64 {
    let (start, start_ticks) = simultaneous();
    while start.elapsed() < CALIBRATION_WINDOW {
        std::hint::spin_loop();
    }
    let (end, end_ticks) = simultaneous();
    end_ticks.saturating_sub(start_ticks) as f64 / (end - start).as_secs_f64()
}

/// Both clocks at one moment: of several tries, the one with least time around the counter.
fn simultaneous() -> (Instant, u64) {
    let mut best = (Duration::MAX, Instant::now(), 0);
    for _ in 0..32 {
        let before = Instant::now();
        let ticks = tsc::start();
        let width = before.elapsed();
        if width < best.0 {
            best = (width, before + width / 2, ticks);
        }
    }
    (best.1, best.2)
}

#[cfg(target_arch = "x86_64")]
mod tsc {
    use std::arch::x86_64::{__rdtscp, _mm_lfence, _rdtsc};

    use raw_cpuid::CpuId;

    use super::TscUnavailable;

    /// Whether the counter runs at one rate whatever the core does.
    pub(super) fn check() -> Result<(), TscUnavailable> {
        let cpuid = CpuId::new();
        if !cpuid
            .get_extended_processor_and_feature_identifiers()
            .is_some_and(|features| features.has_rdtscp())
        {
            return Err(TscUnavailable::NoRdtscp);
        }
        if !cpuid.get_advanced_power_mgmt_info().is_some_and(|power| power.has_invariant_tsc()) {
            return Err(TscUnavailable::NotInvariant);
        }
        Ok(())
    }

    /// Earlier instructions end before the read, later ones begin after it.
    #[inline]
    pub(super) fn start() -> u64 {
        // SAFETY: every x86-64 processor has lfence and rdtsc; neither touches memory.
        unsafe {
            _mm_lfence();
            let ticks = _rdtsc();
            _mm_lfence();
            ticks
        }
    }

    /// `rdtscp` waits for earlier instructions; the fence holds later ones back.
    #[inline]
    pub(super) fn end() -> u64 {
        let mut core = 0;
        // SAFETY: `check` saw rdtscp; it writes one u32 through a valid pointer.
        unsafe {
            let ticks = __rdtscp(&raw mut core);
            _mm_lfence();
            ticks
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod tsc {
    use super::TscUnavailable;

    pub(super) const fn check() -> Result<(), TscUnavailable> {
        Err(TscUnavailable::WrongArch)
    }

    pub(super) const fn start() -> u64 {
        0
    }

    pub(super) const fn end() -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
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

    /// A process that inherits a frequency reads the same time as the one that measured it.
    #[test]
    fn frequencies_are_inherited() {
        let timer = Timer::qualify();
        let inherited = match timer.quality().source {
            Source::Tsc => Timer::with_frequency(timer.quality().frequency_hz).unwrap(),
            Source::Monotonic => Timer::of_the_system(),
        };
        let clock = (timer.start(), inherited.start());
        std::thread::sleep(Duration::from_millis(20));
        let read =
            [timer.between(clock.0, timer.end()), inherited.between(clock.1, inherited.end())];
        let [one, other] = read.map(|nanos| nanos.picos() as f64);
        // The two ends are read one after the other, and the core may be taken away in between.
        assert!((one / other - 1.0).abs() < 0.2, "{read:?}");
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
}
