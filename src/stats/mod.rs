//! Pure statistics over samples of one clock.
//!
//! Samples of different clocks are different types, so this does not compile:
//!
//! ```compile_fail
//! use nanogate::{clock::{HostNanos, SimCycles}, stats::Samples};
//! let host: Samples<HostNanos> = Samples::from_units([1.0; 6]);
//! let sim: Samples<SimCycles> = Samples::from_units([1.0; 6]);
//! let _ = host.speedup_of(&sim);
//! ```
//!
//! while this does:
//!
//! ```
//! use nanogate::{clock::HostNanos, stats::Samples};
//! let slow: Samples<HostNanos> = Samples::from_units([4.0; 6]);
//! let fast: Samples<HostNanos> = Samples::from_units([2.0; 6]);
//! assert_eq!(slow.speedup_of(&fast).unwrap().value, 2.0);
//! ```

pub mod binomial;
pub mod change_points;
pub mod hlog;
pub mod interval;
pub mod latency;
pub mod launches;
pub mod steady;
pub mod student;
pub mod trend;
pub mod welch;

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// Confidence of every interval that is printed.
pub const CONFIDENCE: f64 = 0.95;

/// A value with the interval that holds it with [`CONFIDENCE`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// Half the width of the interval as a fraction of the value.
    #[must_use]
    pub fn relative_half_width(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.value.abs()
    }

    /// The same on another scale, by a function that never falls.
    #[must_use]
    pub fn map(&self, scale: impl Fn(f64) -> f64) -> Self {
        Self { value: scale(self.value), low: scale(self.low), high: scale(self.high) }
    }
}

/// Readings in units of the clock `C`, such as nanoseconds per record.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples<C: Clock> {
    units: Vec<f64>,
    clock: PhantomData<C>,
}

impl<C: Clock> Default for Samples<C> {
    fn default() -> Self {
        Self { units: Vec::new(), clock: PhantomData }
    }
}

impl<C: Clock> Samples<C> {
    /// Samples from readings in [`Clock::UNIT`].
    pub fn from_units(units: impl IntoIterator<Item = f64>) -> Self {
        Self { units: units.into_iter().collect(), clock: PhantomData }
    }

    /// What one repetition took: the difference of two readings over the repetitions that the
    /// longer one has more. A constant cost of a reading is in both, so it cancels.
    pub fn push_difference(&mut self, shorter: C, longer: C, repetitions: f64) {
        self.units.push((longer.in_units() - shorter.in_units()) / repetitions);
    }

    /// What one of several repetitions took, by a reading of all.
    pub fn push_mean(&mut self, reading: C, repetitions: f64) {
        self.units.push(reading.in_units() / repetitions);
    }

    /// Number of readings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is no reading.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The median with its exact sign-test interval. `None` when the samples cannot bear one.
    #[must_use]
    pub fn median(&self) -> Option<Estimate> {
        interval::median(&self.sorted())
    }

    /// How many times `candidate` is as fast, by the quotients of readings taken side by side:
    /// the first with the first, and so on. What slows both in one round cancels in its quotient.
    /// `None` when the pairs cannot bear an interval.
    #[must_use]
    pub fn speedup_of(&self, candidate: &Self) -> Option<Estimate> {
        let pairs = self.units.iter().zip(&candidate.units);
        let mut quotients: Vec<f64> =
            pairs.filter_map(|(&one, &other)| quotient(one, other)).collect();
        quotients.sort_by(f64::total_cmp);
        interval::median(&quotients).filter(|ratio| ratio.low > 0.0 && ratio.high.is_finite())
    }

    /// What these take more than `control`, by the differences of readings taken side by side.
    /// `None` when the pairs cannot bear an interval.
    #[must_use]
    pub fn net_of(&self, control: &Self) -> Option<Estimate> {
        let pairs = self.units.iter().zip(&control.units);
        let mut differences: Vec<f64> = pairs.map(|(one, control)| one - control).collect();
        differences.sort_by(f64::total_cmp);
        interval::median(&differences)
    }

    /// The readings, in the order in which they were taken.
    #[must_use]
    pub fn units(&self) -> &[f64] {
        &self.units
    }

    /// The samples without the first `count`.
    #[must_use]
    pub fn from_index(&self, count: usize) -> Self {
        Self { units: self.units[count.min(self.units.len())..].to_vec(), clock: PhantomData }
    }

    /// All figures of these samples. `None` when there are too few for an interval, or when it
    /// reaches below zero: under heavy load the longer of two readings can take less.
    #[must_use]
    pub fn summary(&self) -> Option<Summary<C>> {
        let sorted = self.sorted();
        let median = interval::median(&sorted).filter(|median| median.low > 0.0)?;
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        let squares: f64 = sorted.iter().map(|unit| (unit - mean).powi(2)).sum();
        let mut deviations: Vec<f64> =
            sorted.iter().map(|unit| (unit - median.value).abs()).collect();
        deviations.sort_by(f64::total_cmp);
        Some(Summary {
            count: sorted.len(),
            median,
            mean,
            stdev: (squares / (sorted.len() - 1).max(1) as f64).sqrt(),
            mad: quantile(&deviations, 0.5),
            min: sorted.iter().copied().find(|&unit| unit > 0.0)?,
            max: sorted[sorted.len() - 1],
            clock: PhantomData,
        })
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.units.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Figures of a set of samples, in units of the clock `C`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary<C: Clock> {
    /// Number of samples.
    pub count: usize,
    /// Median with its interval.
    pub median: Estimate,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation, n - 1 in the denominator.
    pub stdev: f64,
    /// Median absolute deviation from the median, not scaled.
    pub mad: f64,
    /// Least sample above zero.
    pub min: f64,
    /// Greatest sample.
    pub max: f64,
    clock: PhantomData<C>,
}

/// One reading over another. A difference of two readings can be no time at all when the shorter
/// was disturbed: it counts as less than any other, and says nothing where both are.
fn quotient(baseline: f64, candidate: f64) -> Option<f64> {
    match (baseline > 0.0, candidate > 0.0) {
        (true, true) => Some(baseline / candidate),
        (true, false) => Some(f64::INFINITY),
        (false, true) => Some(0.0),
        (false, false) => None,
    }
}

/// The median of values in any order, of which there is one at least.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// Quantile `q` of sorted values, linear between neighbours (Hyndman and Fan, type 7).
///
/// `sorted` must not be empty; `q` is 0..=1.
#[must_use]
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    let weight = position - position.floor();
    sorted[below] + (sorted[above] - sorted[below]) * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, clock::HostNanos};

    /// Known figures of known numbers.
    #[test]
    fn summary_of_known_numbers() {
        let samples: Samples<HostNanos> =
            Samples::from_units([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let summary = samples.summary().unwrap();
        assert_eq!((summary.median.value, summary.mean), (5.0, 5.0));
        assert_eq!((summary.min, summary.max, summary.mad), (1.0, 9.0, 2.0));
        assert!((summary.stdev - 7.5f64.sqrt()).abs() < 1e-12);
    }

    /// A cost that every reading has does not show in the difference of two.
    #[test]
    fn differences_cancel_constant_costs() {
        let mut samples = Samples::default();
        for overhead in [5, 50, 500] {
            let (shorter, longer) =
                (mock::host_nanos(100 + overhead), mock::host_nanos(200 + overhead));
            samples.push_difference(shorter, longer, 10.0);
        }
        assert_eq!(samples, Samples::from_units([10.0, 10.0, 10.0]));
    }

    /// Quantiles lie between neighbours in proportion.
    #[test]
    fn quantiles_interpolate() {
        assert!((quantile(&[1.0, 2.0, 3.0, 4.0], 0.25) - 1.75).abs() < 1e-12);
        assert!((quantile(&[7.0], 0.9) - 7.0).abs() < 1e-12);
    }

    /// Readings without a time bend neither median, and make no ratio when they are the most.
    #[test]
    fn disturbed_readings_bend_nothing() {
        let baseline: Samples<HostNanos> =
            Samples::from_units([4.0, 4.0, 4.0, -1.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
        let candidate = Samples::from_units([2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
        let speedup = baseline.speedup_of(&candidate).unwrap();
        assert_eq!((speedup.low, speedup.value, speedup.high), (2.0, 2.0, 2.0));
        assert!((baseline.summary().unwrap().min - 4.0).abs() < 1e-12);
        let none: Samples<HostNanos> = Samples::from_units([-1.0; 10]);
        assert_eq!((baseline.speedup_of(&none), none.summary()), (None, None));
    }

    /// A control that costs as much in every round is what it takes more, whatever the pace.
    #[test]
    fn a_control_is_taken_off_round_by_round() {
        let pace = [1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 1.0];
        let control: Samples<HostNanos> = Samples::from_units(pace);
        let measured = Samples::from_units(pace.map(|pace| pace + 3.0));
        let net = measured.net_of(&control).unwrap();
        assert_eq!((net.low, net.value, net.high), (3.0, 3.0, 3.0));
    }

    /// A machine that is slow for half of the rounds does not change the speedup, although the
    /// medians of the two differ by another factor.
    #[test]
    fn speedup_survives_a_change_of_pace() {
        let pace = [1.0, 1.0, 1.0, 1.0, 1.0, 1.7, 1.7, 1.7, 1.7, 1.7, 1.7];
        let baseline: Samples<HostNanos> = Samples::from_units(pace.map(|pace| 20.0 * pace));
        let candidate = Samples::from_units(pace.map(|pace| 4.0 * pace));
        let speedup = baseline.speedup_of(&candidate).unwrap();
        assert!((speedup.low - 5.0).abs() < 1e-9 && (speedup.high - 5.0).abs() < 1e-9);
    }
}
