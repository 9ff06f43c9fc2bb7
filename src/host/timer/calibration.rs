//! The frequency of the counter against the monotonic clock: measured, or inherited and checked.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Source, TscUnavailable, tsc};

/// One window of the calibration. Two of them must agree.
const WINDOW: Duration = Duration::from_millis(40);

/// The window in which an inherited frequency is checked.
const CHECK_WINDOW: Duration = Duration::from_millis(1);

/// Windows that an inherited frequency may miss before it is refused: a hypervisor that stops
/// the machine between two clocks spoils one, a wrong frequency all of them.
const CHECKS: usize = 3;

/// Most that two calibrations may differ, in parts per million.
const SPREAD_PPM_MAX: f64 = 100.0;

/// What a process needs to read the clock as its parent does.
///
/// As text `tsc:2649998765.25`: hertz with all digits, so that what is read is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Calibration {
    /// Which clock is read.
    pub source: Source,
    /// Its ticks per second.
    pub frequency_hz: f64,
}

/// Text that is no calibration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no calibration of a timer, such as tsc:2649998765.25 or monotonic:1000000000")]
pub struct BadCalibration(String);

/// Why a calibration is not taken over.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InheritError {
    /// The counter that the parent reads cannot be used here.
    #[error("the inherited time-stamp counter cannot be used: {0}")]
    Tsc(#[from] TscUnavailable),
    /// The counter runs at another rate here.
    #[error(
        "the inherited frequency is {inherited_hz:.0} Hz, but the counter runs at {measured_hz:.0} \
         Hz, {off_ppm:.0} parts per million off where {allowed_ppm:.0} can be told: calibrate anew"
    )]
    Disagrees {
        /// What was handed over.
        inherited_hz: f64,
        /// What one window gave.
        measured_hz: f64,
        /// How far they are apart, in parts per million.
        off_ppm: f64,
        /// How far apart they may be, in parts per million.
        allowed_ppm: f64,
    },
    /// The system's clock counts nanoseconds.
    #[error("the monotonic clock counts 1e9 ticks per second, not {0}")]
    NotNanoseconds(f64),
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shortest digits that read back as the same number.
        write!(f, "{}:{}", self.source.name(), self.frequency_hz)
    }
}

impl FromStr for Calibration {
    type Err = BadCalibration;

    fn from_str(text: &str) -> Result<Self, BadCalibration> {
        let parse = || {
            let (name, hz) = text.split_once(':')?;
            let source = Source::ALL.into_iter().find(|source| source.name() == name)?;
            let frequency_hz: f64 = hz.parse().ok()?;
            let is_frequency = frequency_hz.is_normal() && frequency_hz > 0.0;
            is_frequency.then_some(Self { source, frequency_hz })
        };
        parse().ok_or_else(|| BadCalibration(text.into()))
    }
}

impl TryFrom<String> for Calibration {
    type Error = BadCalibration;

    fn try_from(text: String) -> Result<Self, BadCalibration> {
        text.parse()
    }
}

impl From<Calibration> for String {
    fn from(calibration: Calibration) -> Self {
        calibration.to_string()
    }
}

/// Both clocks at one moment, and how long reading them took: by so much the moment is unsure.
#[derive(Clone, Copy)]
struct Moment {
    clock: Instant,
    ticks: u64,
    width: Duration,
}

impl Moment {
    /// Of several tries, the one with least time around the counter.
    fn now() -> Self {
        let read = || {
            let before = Instant::now();
            let ticks = tsc::start();
            let width = before.elapsed();
            Self { clock: before + width / 2, ticks, width }
        };
        let first = read();
        (1..32).map(|_| read()).fold(
            first,
            |best, next| {
                if next.width < best.width { next } else { best }
            },
        )
    }
}

/// A frequency with what its window can tell.
#[derive(Clone, Copy, Debug)]
struct Window {
    hz: f64,
    /// Half of the time that reading both ends took, as a part of the window, in millionths.
    unsure_ppm: f64,
}

/// Counter frequency over a window of the monotonic clock.
fn window(length: Duration) -> Window {
    let start = Moment::now();
    while start.clock.elapsed() < length {
        std::hint::spin_loop();
    }
    let end = Moment::now();
    let seconds = (end.clock - start.clock).as_secs_f64();
    Window {
        hz: end.ticks.saturating_sub(start.ticks) as f64 / seconds,
        unsure_ppm: (start.width + end.width).as_secs_f64() / 2.0 / seconds * 1e6,
    }
}

/// Ticks per second, and how far two windows lay apart in parts per million.
pub(super) fn measure() -> Result<(f64, f64), TscUnavailable> {
    tsc::check()?;
    let (first, second) = (window(WINDOW).hz, window(WINDOW).hz);
    let spread_ppm = off_ppm(first, second);
    if spread_ppm > SPREAD_PPM_MAX {
        return Err(TscUnavailable::Unsteady(spread_ppm));
    }
    Ok((f64::midpoint(first, second), spread_ppm))
}

/// Checks what was handed over against a short window. Gives how far that was off, in parts per
/// million.
pub(super) fn check(inherited: Calibration) -> Result<f64, InheritError> {
    match inherited.source {
        Source::Monotonic if (inherited.frequency_hz - 1e9).abs() > 0.5 => {
            Err(InheritError::NotNanoseconds(inherited.frequency_hz))
        }
        Source::Monotonic => Ok(0.0),
        Source::Tsc => {
            tsc::check()?;
            let mut outcome = compare(inherited.frequency_hz, window(CHECK_WINDOW));
            for _ in 1..CHECKS {
                if outcome.is_ok() {
                    break;
                }
                outcome = compare(inherited.frequency_hz, window(CHECK_WINDOW));
            }
            outcome
        }
    }
}

/// Whether a frequency is within what a window can tell of it.
fn compare(inherited_hz: f64, window: Window) -> Result<f64, InheritError> {
    let off_ppm = off_ppm(window.hz, inherited_hz);
    let allowed_ppm = SPREAD_PPM_MAX + window.unsure_ppm;
    if off_ppm <= allowed_ppm {
        return Ok(off_ppm);
    }
    Err(InheritError::Disagrees { inherited_hz, measured_hz: window.hz, off_ppm, allowed_ppm })
}

fn off_ppm(one: f64, other: f64) -> f64 {
    (one / other - 1.0).abs() * 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A calibration comes back from its text and from JSON bit by bit the same.
        #[test]
        fn calibrations_round_trip(hz in 1.0f64..1e11, is_tsc: bool) {
            let source = if is_tsc { Source::Tsc } else { Source::Monotonic };
            let one = Calibration { source, frequency_hz: hz };
            let read: Calibration = one.to_string().parse().unwrap();
            prop_assert_eq!(read.frequency_hz.to_bits(), hz.to_bits());
            prop_assert_eq!(read.source, source);
            let json = serde_json::to_string(&one).unwrap();
            let read: Calibration = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(read.frequency_hz.to_bits(), hz.to_bits());
        }
    }

    /// Text that is no calibration is refused, and the message shows what one looks like.
    #[test]
    fn bad_calibrations_are_refused() {
        for text in ["", "tsc", "tsc:", "tsc:0", "tsc:-1", "tsc:inf", "tsc:NaN", "hpet:1e9"] {
            let error = text.parse::<Calibration>().unwrap_err().to_string();
            assert!(error.contains("such as tsc:2649998765.25"), "{text}: {error}");
        }
        assert!(serde_json::from_str::<Calibration>("\"tsc:x\"").is_err());
    }

    /// What a window cannot tell apart passes, what it can does not.
    #[test]
    fn windows_tell_what_they_can() {
        let window = Window { hz: 2e9, unsure_ppm: 50.0 };
        assert!(compare(2e9 * (1.0 + 140e-6), window).is_ok());
        let refused = compare(2e9 * (1.0 + 160e-6), window).unwrap_err();
        assert!(refused.to_string().contains("160 parts per million off where 150"), "{refused}");
    }
}
