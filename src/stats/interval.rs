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
    let rank = lower_rank(sorted.len())?;
    Some(Estimate {
        value: quantile(sorted, 0.5),
        low: sorted[rank],
        high: sorted[sorted.len() - 1 - rank],
    })
}

/// Index of the order statistic at the lower end: the greatest `k` with P(X <= k) at most half
/// the allowed error, for X binomial with `count` trials of 1/2.
fn lower_rank(count: usize) -> Option<usize> {
    let allowed = (1.0 - CONFIDENCE) / 2.0;
    // In logarithms: 0.5^count underflows from 1,075 samples up.
    let mut log_probability = count as f64 * 0.5f64.ln();
    let mut cumulative = 0.0;
    for k in 0..count {
        cumulative += log_probability.exp();
        if cumulative > allowed {
            return k.checked_sub(1);
        }
        log_probability += ((count - k) as f64 / (k + 1) as f64).ln();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks as tabulated for the sign test at 95 %: none below 6, then 1st, 1st, 1st, 2nd ...
    #[test]
    fn ranks_match_the_published_table() {
        let ranks = [5, 6, 8, 9, 11, 12, 20, 25, 50, 100].map(lower_rank);
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

    /// Large counts neither underflow nor stray from the normal approximation.
    #[test]
    fn ranks_of_large_counts_follow_the_normal_approximation() {
        for count in [2_000usize, 100_000] {
            let approximate = count as f64 / 2.0 - 1.959_964 * (count as f64).sqrt() / 2.0;
            let rank = lower_rank(count).unwrap() as f64;
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
