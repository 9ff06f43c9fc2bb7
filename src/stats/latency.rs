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

    /// Mean of the readings in nanoseconds, to three digits.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        self.picos.mean() / 1e3
    }

    /// Readings above so many nanoseconds, to the histogram's three digits.
    #[must_use]
    pub fn count_above_ns(&self, nanos: f64) -> u64 {
        let picos = (nanos * 1e3) as u64;
        self.len() - self.picos.count_between(0, picos.min(PICOS_MAX))
    }

    /// Adds all readings of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.picos += &other.picos;
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

    /// Merged readings count like readings recorded into one histogram.
    #[test]
    fn merging_adds_readings() {
        let (mut one, mut all) = (filled(10), filled(10));
        one.merge(&filled(3));
        (1..=3).for_each(|nanos| all.record(mock::host_nanos(nanos)));
        assert_eq!((one.len(), one.picos), (13, all.picos));
    }

    /// What is written can be read by any reader of the format, with the same values.
    #[test]
    fn base64_round_trips() {
        let histogram = filled(100);
        let bytes = STANDARD.decode(histogram.to_base64().unwrap()).unwrap();
        let read: hdrhistogram::Histogram<u64> = hdrhistogram::serialization::Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .unwrap();
        assert_eq!(read, histogram.picos);
    }
}
