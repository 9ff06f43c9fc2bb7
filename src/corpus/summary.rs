//! Statistics of a corpus: commands per risk and capability, and the compression ratio.
//!
//! The ratio of a command is its documentation bytes over the 24 bytes of a descriptor. Commands
//! without documentation are counted, but have no ratio.

use serde::Serialize;

use super::Corpus;
use crate::{descriptor::RECORD_BYTES, flags::Capabilities, verdict::Risk};

/// A value with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The distribution of some values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// How many values.
    pub count: usize,
    /// Smallest.
    pub min: f64,
    /// First quartile.
    pub quartile_1: f64,
    /// Median, with the interval of the sign test.
    pub median: Interval,
    /// Third quartile.
    pub quartile_3: f64,
    /// Largest.
    pub max: f64,
    /// Mean, with the normal interval.
    pub mean: Interval,
}

/// A name and how many commands have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Risk or capability.
    pub name: String,
    /// Commands.
    pub count: usize,
}

/// What `corpus info` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Where the corpus came from.
    pub source: String,
    /// SHA-256 of its CSV form.
    pub digest: String,
    /// Commands in all.
    pub commands: usize,
    /// Commands without documentation: left out of the ratio.
    pub undocumented: usize,
    /// Documentation bytes of all commands together.
    pub documentation_bytes: u64,
    /// Commands per risk, lowest first.
    pub risks: Vec<Tally>,
    /// Commands per capability.
    pub capabilities: Vec<Tally>,
    /// Documentation bytes over 24; absent when no command is documented.
    pub compression_ratio: Option<Distribution>,
}

/// The statistics of `corpus`.
#[must_use]
pub fn summarize(corpus: &Corpus) -> Summary {
    let entries = corpus.entries();
    let documented = entries.iter().filter(|entry| entry.documentation_bytes > 0);
    let ratios = documented.map(|entry| entry.documentation_bytes as f64 / RECORD_BYTES as f64);
    let ratios: Vec<f64> = ratios.collect();
    let risk = |risk: Risk| Tally { name: risk.name().to_owned(), count: corpus.count_of(risk) };
    let capability = |(name, flag): (&str, Capabilities)| Tally {
        name: name.to_lowercase().replace('_', "-"),
        count: entries
            .iter()
            .filter(|entry| entry.descriptor.flags().capabilities().contains(flag))
            .count(),
    };
    Summary {
        source: corpus.source().to_owned(),
        digest: corpus.digest().to_owned(),
        commands: entries.len(),
        undocumented: entries.len() - ratios.len(),
        documentation_bytes: entries.iter().map(|entry| entry.documentation_bytes).sum(),
        risks: Risk::ALL.into_iter().map(risk).collect(),
        capabilities: Capabilities::all().iter_names().map(capability).collect(),
        compression_ratio: distribution(ratios),
    }
}

/// The distribution of `values`; `None` without any.
#[must_use]
pub fn distribution(mut values: Vec<f64>) -> Option<Distribution> {
    values.sort_by(f64::total_cmp);
    let (&min, &max) = (values.first()?, values.last()?);
    Some(Distribution {
        count: values.len(),
        min,
        quartile_1: quantile(&values, 0.25),
        median: median(&values),
        quartile_3: quantile(&values, 0.75),
        max,
        mean: mean(&values),
    })
}

/// The quantile `share` of sorted values, linear between neighbours (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// Median with the exact interval of order statistics (sign test): the innermost pair that covers
/// the median with at least 95 %; all values where there are fewer than six.
fn median(sorted: &[f64]) -> Interval {
    let outside = ranks_outside(sorted.len());
    Interval {
        value: quantile(sorted, 0.5),
        low: sorted[outside],
        high: sorted[sorted.len() - 1 - outside],
    }
}

/// How many values to leave out at each end: `k - 1` for the largest `k` with P(X < k) <= 2.5 %,
/// X of the binomial distribution (n, 1/2). Terms are kept as logarithms, so any n works.
fn ranks_outside(count: usize) -> usize {
    let ln_half_to_n = count as f64 * 0.5f64.ln();
    let (mut ln_choose, mut below, mut ranks) = (0.0f64, 0.0f64, 0);
    for rank in 0..count / 2 {
        below += (ln_choose + ln_half_to_n).exp();
        if below > 0.025 {
            break;
        }
        ranks = rank + 1;
        ln_choose += ((count - rank) as f64).ln() - ((rank + 1) as f64).ln();
    }
    ranks.saturating_sub(1)
}

/// Mean with the normal interval: 1.96 standard errors to each side.
fn mean(values: &[f64]) -> Interval {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|each| (each - value).powi(2)).sum();
    let variance = if values.len() > 1 { squares / (count - 1.0) } else { 0.0 };
    let half = 1.96 * (variance / count).sqrt();
    Interval { value, low: value - half, high: value + half }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    /// One to five, by hand: quartiles 2 and 4, standard error sqrt(2.5 / 5).
    #[test]
    fn five_values_by_hand() {
        let five = distribution(vec![3.0, 1.0, 5.0, 2.0, 4.0]).unwrap();
        assert_eq!((five.count, five.quartile_1, five.quartile_3), (5, 2.0, 4.0));
        assert_eq!(five.median, Interval { value: 3.0, low: 1.0, high: 5.0 });
        assert!(close(five.mean.value, 3.0));
        assert!(close(five.mean.high, 3.0 + 1.96 * 0.5f64.sqrt()));
    }

    /// Ranks as in the tables of the sign test: x(1) and x(6) of six values, x(2) and x(9) of ten,
    /// x(8) and x(18) of 25, x(40) and x(61) of a hundred.
    #[test]
    fn sign_test_ranks_are_those_of_the_tables() {
        let outside = [1, 5, 6, 9, 10, 12, 25, 100].map(ranks_outside);
        assert_eq!(outside, [0, 0, 0, 1, 1, 2, 7, 39]);
        assert!((24_000..25_000).contains(&ranks_outside(50_000)));
    }

    /// One value has no spread; none has no distribution.
    #[test]
    fn few_values() {
        let one = distribution(vec![7.0]).unwrap();
        assert_eq!(one.median, Interval { value: 7.0, low: 7.0, high: 7.0 });
        assert_eq!(one.mean, Interval { value: 7.0, low: 7.0, high: 7.0 });
        assert!(distribution(Vec::new()).is_none());
    }
}
