//! Distribution of single readings of one clock, in an HdrHistogram, with percentiles only where
//! earned.

use std::marker::PhantomData;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::serialization::{Serializer as _, V2Serializer};
use thiserror::Error;

use crate::clock::Time;

/// Readings are kept to three significant digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// Longest reading that is told apart: ten minutes, in picoseconds.
const PICOS_MAX: u64 = 600_000_000_000_000;

/// Samples that must lie beyond a percentile before it is printed.
pub const BEYOND_MIN: u64 = 10;

/// Two-sided quantile of the normal distribution at [`super::CONFIDENCE`].
pub(super) const NORMAL_QUANTILE: f64 = 1.959_963_985;

/// The percentiles that are looked for, with their names in metric ids.
pub const PERCENTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
    ("p99.999", 0.99999),
];

/// A histogram that cannot be made or written.
#[derive(Debug, Error)]
pub enum HistogramError {
    /// The bounds are refused.
    #[error("histogram: {0}")]
    Creation(#[from] hdrhistogram::CreationError),
    /// Serialisation failed.
    #[error("histogram: {0}")]
    Serialize(#[from] hdrhistogram::serialization::V2SerializeError),
    /// What was stored is no base64.
    #[error("histogram: {0}")]
    Base64(#[from] base64::DecodeError),
    /// What was stored is no histogram.
    #[error("histogram: {0}")]
    Deserialize(#[from] hdrhistogram::serialization::DeserializeError),
    /// What was stored reaches further than a histogram of ours.
    #[error("histogram: {0}")]
    Addition(#[from] hdrhistogram::AdditionError),
}

/// A percentile that the samples do not bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("needs {needed} samples, has {count}")]
pub struct Unearned {
    /// Samples that would bear it.
    pub needed: u64,
    /// Samples there are.
    pub count: u64,
}

/// A distribution of durations on one clock.
#[derive(Clone, Debug)]
pub struct Histogram<C: Time> {
    pub(super) picos: hdrhistogram::Histogram<u64>,
    clock: PhantomData<C>,
}

impl<C: Time> Histogram<C> {
    /// An empty histogram from 1 ps to 10 min. Allocates all it will ever need.
    pub fn new() -> Result<Self, HistogramError> {
        let picos = hdrhistogram::Histogram::new_with_bounds(1, PICOS_MAX, SIGNIFICANT_DIGITS)?;
        Ok(Self { picos, clock: PhantomData })
    }

    /// Adds a reading. Longer ones than ten minutes count as ten minutes.
    pub fn record(&mut self, reading: C) {
        self.picos.saturating_record(reading.picos());
    }

    /// Number of readings.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.picos.len()
    }

    /// Whether there is no reading.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.picos.is_empty()
    }

    /// Quantile `q` in nanoseconds, if at least [`BEYOND_MIN`] readings lie beyond it.
    pub fn quantile_ns(&self, q: f64) -> Result<f64, Unearned> {
        let needed = needed(q);
        if self.len() < needed {
            return Err(Unearned { needed, count: self.len() });
        }
        Ok(self.picos.value_at_quantile(q) as f64 / 1e3)
    }

    /// Least reading in nanoseconds.
    #[must_use]
    pub fn min_ns(&self) -> f64 {
        self.picos.min() as f64 / 1e3
    }

    /// Greatest reading in nanoseconds.
    #[must_use]
    pub fn max_ns(&self) -> f64 {
        self.picos.max() as f64 / 1e3
    }

    /// Mean in nanoseconds, to three digits.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        self.picos.mean() / 1e3
    }

    /// Standard deviation in nanoseconds.
    #[must_use]
    pub fn stdev_ns(&self) -> f64 {
        self.picos.stdev() / 1e3
    }

    /// Median absolute deviation from the median in nanoseconds, not scaled.
    #[must_use]
    pub fn mad_ns(&self) -> f64 {
        let median = self.picos.value_at_quantile(0.5);
        let counted = |step: hdrhistogram::iterators::IterationValue<u64>| {
            (step.value_iterated_to().abs_diff(median), step.count_at_value())
        };
        let mut deviations: Vec<(u64, u64)> = self.picos.iter_recorded().map(counted).collect();
        deviations.sort_unstable();
        let mut below = 0;
        let is_below = |(_, count): &&(u64, u64)| {
            below += count;
            2 * below < self.picos.len()
        };
        let index = deviations.iter().take_while(is_below).count();
        deviations.get(index).map_or(0.0, |&(deviation, _)| deviation as f64 / 1e3)
    }

    /// The interval of quantile `q` in nanoseconds, from one order statistic to another: the number
    /// of readings below it is binomial. `None` where the readings do not reach as far.
    #[must_use]
    pub fn quantile_interval_ns(&self, q: f64) -> Option<(f64, f64)> {
        let count = self.len() as f64;
        let reach = NORMAL_QUANTILE * (count * q * (1.0 - q)).sqrt();
        let (low, high) = ((count * q - reach).floor(), (count * q + reach).ceil() + 1.0);
        let at = |rank: f64| self.picos.value_at_quantile(rank / count) as f64 / 1e3;
        (low >= 1.0 && high <= count).then(|| (at(low), at(high)))
    }

    /// Adds the readings of another.
    pub fn add(&mut self, other: &Self) -> Result<(), HistogramError> {
        Ok(self.picos.add(&other.picos)?)
    }

    /// A histogram as [`Histogram::to_base64`] wrote it.
    pub fn from_base64(text: &str) -> Result<Self, HistogramError> {
        let bytes = STANDARD.decode(text)?;
        let stored: hdrhistogram::Histogram<u64> =
            hdrhistogram::serialization::Deserializer::new().deserialize(&mut bytes.as_slice())?;
        let mut read = Self::new()?;
        read.picos.add(&stored)?;
        Ok(read)
    }

    /// Readings above so many nanoseconds, to the histogram's three digits.
    #[must_use]
    pub fn count_above_ns(&self, nanos: f64) -> u64 {
        let picos = (nanos * 1e3) as u64;
        self.len() - self.picos.count_between(0, picos.min(PICOS_MAX))
    }

    /// Readings in each of so many steps from the least to the greatest, each as many times as long
    /// as the one before. Where all are one, they are in the middle.
    #[must_use]
    pub fn counts_by_logarithm(&self, steps: usize) -> Vec<u64> {
        let counted = |step: hdrhistogram::iterators::IterationValue<u64>| {
            ((step.value_iterated_to().max(1) as f64).ln(), step.count_at_value())
        };
        let recorded: Vec<(f64, u64)> = self.picos.iter_recorded().map(counted).collect();
        let mut counts = vec![0; steps];
        let [(low, _), ..] = *recorded.as_slice() else { return counts };
        let high = recorded.last().map_or(low, |(high, _)| *high);
        for (log, count) in recorded {
            let part = if high > low { (log - low) / (high - low) } else { 0.5 };
            let index = (part * steps as f64) as usize;
            if let Some(all) = counts.get_mut(index.min(steps.saturating_sub(1))) {
                *all += count;
            }
        }
        counts
    }

    /// The histogram in HdrHistogram's V2 format, base64. Values are picoseconds.
    pub fn to_base64(&self) -> Result<String, HistogramError> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.picos, &mut bytes)?;
        Ok(STANDARD.encode(bytes))
    }
}

/// Samples that leave [`BEYOND_MIN`] beyond quantile `q`.
fn needed(q: f64) -> u64 {
    (BEYOND_MIN as f64 / (1.0 - q)).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock, clock::HostNanos};

    fn filled(count: u64) -> Histogram<HostNanos> {
        let mut histogram = Histogram::new().unwrap();
        (1..=count).for_each(|nanos| histogram.record(mock::host_nanos(nanos)));
        histogram
    }

    /// A percentile is given from the sample on that leaves ten beyond it, and not one earlier.
    #[test]
    fn percentiles_must_be_earned() {
        assert_eq!(filled(999).quantile_ns(0.99), Err(Unearned { needed: 1_000, count: 999 }));
        let p99 = filled(1_000).quantile_ns(0.99).unwrap();
        assert!((p99 - 990.0).abs() < 1.0, "{p99}");
        assert_eq!(needed(0.99999), 1_000_000);
    }

    /// Device time has distributions too, of a type of its own.
    #[test]
    fn device_time_has_distributions() {
        let mut histogram = Histogram::new().unwrap();
        histogram.record(mock::device_nanos(3));
        assert_eq!((histogram.len(), histogram.min_ns()), (1, 3.0));
    }

    /// Every reading is in one step, the least in the first and the greatest in the last.
    #[test]
    fn steps_hold_every_reading() {
        let counts = filled(1_000).counts_by_logarithm(3);
        assert_eq!(counts.iter().sum::<u64>(), 1_000);
        // Steps end at 10 and 100; a value stands for those that the histogram takes for it.
        for (count, about) in counts.iter().zip([9, 90, 901]) {
            assert!(count.abs_diff(about) <= 1, "{counts:?}");
        }
        let mut same = Histogram::new().unwrap();
        (0..5).for_each(|_| same.record(mock::host_nanos(7)));
        assert_eq!(same.counts_by_logarithm(3), [0, 5, 0]);
        assert_eq!(Histogram::<HostNanos>::new().unwrap().counts_by_logarithm(2), [0, 0]);
    }

    /// Merged readings count like readings recorded into one histogram.
    #[test]
    fn merging_adds_readings() {
        let (mut one, mut all) = (filled(10), filled(10));
        one.add(&filled(3)).unwrap();
        (1..=3).for_each(|nanos| all.record(mock::host_nanos(nanos)));
        assert_eq!((one.len(), one.picos), (13, all.picos));
    }

    /// What is written can be read by any reader of the format, with the same values.
    #[test]
    fn base64_round_trips() {
        let histogram = filled(100);
        let text = histogram.to_base64().unwrap();
        let mut read = Histogram::<HostNanos>::from_base64(&text).unwrap();
        assert_eq!(read.picos, histogram.picos);
        read.add(&histogram).unwrap();
        assert_eq!((read.len(), read.max_ns()), (200, histogram.max_ns()));
        for spoiled in ["no base64!", "AAAA", &text[4..]] {
            assert!(Histogram::<HostNanos>::from_base64(spoiled).is_err(), "{spoiled}");
        }
    }

    /// Figures of spread of known numbers, to the three digits that are kept.
    #[test]
    fn spread_of_known_numbers() {
        let histogram = filled(1_001);
        let is_near = |value: f64, wanted: f64| (value / wanted - 1.0).abs() < 3e-3;
        assert!(is_near(histogram.mean_ns(), 501.0), "{}", histogram.mean_ns());
        assert!(is_near(histogram.stdev_ns(), 288.96), "{}", histogram.stdev_ns());
        assert!(is_near(histogram.mad_ns(), 250.0), "{}", histogram.mad_ns());
    }

    /// The interval of a percentile holds the percentile, narrows with the count, and is not there
    /// beyond the readings.
    #[test]
    fn intervals_of_percentiles() {
        let (low, high) = filled(10_000).quantile_interval_ns(0.5).unwrap();
        assert!((4_890.0..4_910.0).contains(&low) && (5_090.0..5_115.0).contains(&high), "{low}");
        assert_eq!(filled(100).quantile_interval_ns(0.99), None);
    }
}
