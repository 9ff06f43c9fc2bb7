//! Where a series of readings becomes steady: MSER, the marginal standard error rule.
//!
//! Of all prefixes of up to half of the series, the one is left out whose rest has the least
//! standard error of its mean. A fixed warm-up is a guess; this looks at the readings. Source:
//! White, "An Effective Truncation Heuristic for Bias Reduction in Simulation Output" (1997), with
//! groups as in MSER-5; the groups' medians stand for them, since a reading during which the
//! core was taken away says nothing about warming up.

use serde::{Deserialize, Serialize};

/// Groups that a series is divided into at most.
const GROUPS_MAX: usize = 64;

/// Readings in a group at the least: of fewer, the median is no shield.
const GROUP_LEN_MIN: usize = 3;

/// Groups without which nothing can be said.
const GROUPS_MIN: usize = 6;

/// Most that the halves of a steady state may differ by, as a fraction.
const DRIFT_MAX: f64 = 0.05;

/// From which reading on a series is steady.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Onset {
    /// From the reading with this index.
    At(usize),
    /// Too few readings to say.
    Unknown,
    /// The least error lies at the half, or the halves of what is left differ: it changes still.
    Never,
}

impl Onset {
    /// Readings before the steady state. None are left out where there is none.
    #[must_use]
    pub const fn discarded(self) -> usize {
        match self {
            Self::At(index) => index,
            Self::Unknown | Self::Never => 0,
        }
    }
}

/// Finds where a series becomes steady.
#[must_use]
pub fn onset(readings: &[f64]) -> Onset {
    Groups::of(readings).onset()
}

/// A series in groups of neighbours: all that the rule looks at, however long the series is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    /// Readings in each group.
    pub len: usize,
    /// The median of each group, in order.
    pub medians: Vec<f64>,
}

impl Groups {
    /// The groups of a series. What does not fill the last one is left out.
    #[must_use]
    pub fn of(readings: &[f64]) -> Self {
        let len = readings.len().div_ceil(GROUPS_MAX).max(GROUP_LEN_MIN);
        let medians = readings.chunks_exact(len).map(super::median).collect();
        Self { len, medians }
    }

    /// Where the series becomes steady.
    #[must_use]
    pub fn onset(&self) -> Onset {
        let groups = &self.medians;
        if groups.len() < GROUPS_MIN {
            return Onset::Unknown;
        }
        let half = groups.len() / 2;
        let error = |first: &usize| squared_error(&groups[*first..]);
        let least = (0..=half).min_by(|one, other| error(one).total_cmp(&error(other)));
        // A median hides up to half a group of slow readings: the one after them is the first to
        // trust.
        let first = least.map_or(half, |least| if least == 0 { 0 } else { least + 1 });
        if first < half && !drifts(&groups[first..]) {
            Onset::At(first.saturating_mul(self.len))
        } else {
            Onset::Never
        }
    }
}

/// Whether the halves differ in their medians: a step in the second half has the least error at the
/// start of the series, so the rule alone would not see it.
fn drifts(groups: &[f64]) -> bool {
    let (early, late) = groups.split_at(groups.len() / 2);
    (super::median(late) / super::median(early) - 1.0).abs() > DRIFT_MAX
}

/// Square of the standard error of the mean.
fn squared_error(groups: &[f64]) -> f64 {
    let count = groups.len() as f64;
    let mean = groups.iter().sum::<f64>() / count;
    groups.iter().map(|group| (group - mean).powi(2)).sum::<f64>() / (count * count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings of some noise around what `level` gives for each index.
    fn series(len: usize, level: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..len).map(|index| level(index) + ((index * 7_919) % 101) as f64 / 1_000.0).collect()
    }

    /// A slow beginning is left out, to within two groups, and what is steady at once is kept.
    #[test]
    fn transients_are_left_out() {
        let slow = series(600, |index| if index < 120 { 20.0 } else { 10.0 });
        let discarded = onset(&slow).discarded();
        assert!((120..150).contains(&discarded), "{discarded}");
        assert!(matches!(onset(&series(600, |_| 10.0)), Onset::At(0..200)));
    }

    /// A series that drifts all the way never becomes steady, and neither does one that changes
    /// its level after the half.
    #[test]
    fn a_drift_is_no_steady_state() {
        assert_eq!(onset(&series(600, |index| 10.0 + index as f64 / 10.0)), Onset::Never);
        let late = series(600, |index| if index < 400 { 10.0 } else { 20.0 });
        assert_eq!((onset(&late), Onset::Never.discarded()), (Onset::Never, 0));
    }

    /// One reading that is far off, as when the core was taken away, changes nothing.
    #[test]
    fn an_outlier_is_no_transient() {
        let mut readings = series(600, |_| 10.0);
        let without = onset(&readings);
        readings[300] = 10_000.0;
        assert_eq!(onset(&readings), without);
    }

    /// Too few readings bear no statement.
    #[test]
    fn short_series_say_nothing() {
        assert_eq!(onset(&[10.0; 17]), Onset::Unknown);
        assert_eq!(onset(&[10.0; 18]), Onset::At(0));
    }
}
