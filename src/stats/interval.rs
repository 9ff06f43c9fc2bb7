//! The exact interval of a median, by the sign test.
//!
//! Each sample lies below the true median with probability 1/2, whatever the distribution, so
//! the number below it is binomial. The interval reaches from one order statistic to the one
//! opposite. Source: Conover, Practical Nonparametric Statistics, 3rd ed., 3.2.

use super::{CONFIDENCE, Estimate, quantile};

/// Median of sorted samples. `None` when even the widest interval has less than the confidence:
/// with fewer than six samples.
#[must_use]
pub fn median(sorted: &[f64]) -> Option<Estimate> {
    median_at(sorted, CONFIDENCE)
}

/// Median of sorted samples with an interval of this confidence, from 0 to 1. `None` when even the
/// widest has less.
#[must_use]
pub fn median_at(sorted: &[f64], confidence: f64) -> Option<Estimate> {
    let rank = lower_rank(sorted.len(), confidence)?;
    Some(Estimate {
        value: quantile(sorted, 0.5),
        low: sorted[rank],
        high: sorted[sorted.len() - 1 - rank],
    })
}

/// Two-sided probability of samples that lean to one side of zero as much as these, or more, where
/// their median is zero. A sample that is zero counts for neither side, and so against leaning.
#[must_use]
pub fn sign_test(samples: &[f64]) -> f64 {
    let below = samples.iter().filter(|&&sample| sample < 0.0).count();
    let above = samples.iter().filter(|&&sample| sample > 0.0).count();
    let against = samples.len() - below.max(above);
    let tail: f64 = probabilities(samples.len()).take(against + 1).sum();
    (2.0 * tail).min(1.0)
}

/// Index of the order statistic at the lower end: the greatest `k` with P(X <= k) at most half
/// the allowed error, for X binomial with `count` trials of 1/2.
fn lower_rank(count: usize, confidence: f64) -> Option<usize> {
    let allowed = (1.0 - confidence) / 2.0;
    let mut cumulative = 0.0;
    for (k, probability) in probabilities(count).take(count).enumerate() {
        cumulative += probability;
        if cumulative > allowed {
            return k.checked_sub(1);
        }
    }
    None
}

/// P(X = 0), P(X = 1) and so on, for X binomial with `count` trials of 1/2.
fn probabilities(count: usize) -> impl Iterator<Item = f64> {
    // In logarithms: 0.5^count underflows from 1,075 samples up.
    let mut log_probability = count as f64 * 0.5f64.ln();
    (0..=count).map(move |k| {
        let probability = log_probability.exp();
        log_probability += ((count - k) as f64 / (k + 1) as f64).ln();
        probability
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks as tabulated for the sign test at 95 %: none below 6, then 1st, 1st, 1st, 2nd ...
    #[test]
    fn ranks_match_the_published_table() {
        let ranks =
            [5, 6, 8, 9, 11, 12, 20, 25, 50, 100].map(|count| lower_rank(count, CONFIDENCE));
        let ordinals = ranks.map(|rank| rank.map(|index| index + 1));
        let table = [
            None,
            Some(1),
            Some(1),
            Some(2),
            Some(2),
            Some(3),
            Some(6),
            Some(8),
            Some(18),
            Some(40),
        ];
        assert_eq!(ordinals, table);
    }

    /// The sign test's probabilities are those of the table; zeros never help it to reject.
    #[test]
    fn sign_test_matches_the_published_table() {
        let leaning = |below: usize, above: usize, zeros: usize| {
            let mut samples = vec![-1.0; below];
            samples.extend(vec![1.0; above]);
            samples.extend(vec![0.0; zeros]);
            sign_test(&samples)
        };
        for (against, count, table) in [(0, 10, 0.001_953), (1, 10, 0.021_484), (5, 20, 0.041_389)]
        {
            assert!((leaning(against, count - against, 0) - table).abs() < 1e-6, "{against}");
            assert!((leaning(count - against, against, 0) - table).abs() < 1e-6, "{against}");
        }
        assert!(leaning(0, 10, 2) > leaning(0, 12, 0));
        assert!((leaning(5, 5, 0) - 1.0).abs() < 1e-12);
    }

    /// The test rejects at an error exactly where the interval of that confidence excludes zero.
    #[test]
    fn test_and_interval_agree() {
        for count in [14usize, 25, 50, 201] {
            for below in 0..=count / 2 {
                let samples: Vec<f64> =
                    (0..count).map(|index| index as f64 - below as f64 + 0.5).collect();
                for error in [0.001, 0.05] {
                    let excludes = median_at(&samples, 1.0 - error).unwrap().low > 0.0;
                    assert_eq!(sign_test(&samples) <= error, excludes, "{below} of {count}");
                }
            }
        }
    }

    /// Large counts neither underflow nor stray from the normal approximation.
    #[test]
    fn ranks_of_large_counts_follow_the_normal_approximation() {
        for count in [2_000usize, 100_000] {
            let approximate = count as f64 / 2.0 - 1.959_964 * (count as f64).sqrt() / 2.0;
            let rank = lower_rank(count, CONFIDENCE).unwrap() as f64;
            assert!((rank - approximate).abs() < 2.0, "{count}: {rank} and {approximate}");
        }
    }

    /// The interval covers the true median at least 95 % of the time, less chance.
    #[test]
    fn interval_covers_the_true_median() {
        use proptest::test_runner::{Config, RngAlgorithm, TestRng};
        use rand_chacha::rand_core::Rng as _;
        let _ = Config::default();
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut covered = 0;
        for _ in 0..2_000 {
            let mut samples: Vec<f64> = (0..25).map(|_| f64::from(rng.next_u32())).collect();
            samples.sort_by(f64::total_cmp);
            let estimate = median(&samples).unwrap();
            let truth = f64::from(u32::MAX) / 2.0;
            covered += i32::from((estimate.low..=estimate.high).contains(&truth));
        }
        // The exact coverage for 25 samples is 95.7 %; 1,860 is 5 deviations below.
        assert!((1_860..2_000).contains(&covered), "{covered} of 2,000");
    }
}
