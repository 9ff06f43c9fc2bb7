//! Verdicts on differences: is the candidate slower than the baseline, and could this host tell?
//!
//! [`comparison`] holds the statistics, [`schedule`] the order of readings, [`trials`] and
//! [`selftest`] how the method is tried out on a host, and [`fitness`] whether what came of it
//! lets the gate arm. [`family`] judges the rows of a gate together ([`holm`]), [`limits`] and
//! [`effect`] say what that means, [`stored`] judges records of runs at different times, and
//! [`outcome`] is what is told. Nothing here starts a process or reads a clock.

pub mod comparison;
pub mod effect;
pub mod family;
pub mod fitness;
pub mod holm;
pub mod limits;
pub mod outcome;
pub mod schedule;
pub mod selftest;
pub mod stored;
pub mod trials;

use serde::{Deserialize, Serialize};

/// What a comparison says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It takes less time, by more than noise.
    Faster,
    /// It takes as long, within the margin.
    Same,
    /// It takes more time, by more than noise.
    Slower,
    /// None of these can be said.
    CannotTell,
}

impl Verdict {
    /// The name used in JSON, tables and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Same => "same",
            Self::Slower => "slower",
            Self::CannotTell => "cannot-tell",
        }
    }

    /// Whether it claims a difference: of identical programs, a false alarm.
    #[must_use]
    pub const fn is_alarm(self) -> bool {
        matches!(self, Self::Faster | Self::Slower)
    }
}

/// When a difference is one. All three are fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Error of the two-sided sign test that a claim of a difference may have.
    pub alpha: f64,
    /// Differences up to this are noise, however sure.
    pub noise: f64,
    /// Within this the two are the same.
    pub margin: f64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { alpha: 0.001, noise: 0.001, margin: 0.01 }
    }
}
