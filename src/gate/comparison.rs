//! From readings to a verdict: one log ratio per launch, their median, and the exact sign test.
//!
//! The launch is the unit: readings within one share its layout, so more of them do not make up
//! for few launches. No shape of the noise is assumed but that launches are independent.

use serde::{Deserialize, Serialize};

use super::{
    Rule, Verdict,
    schedule::{Block, Turn},
};
use crate::stats::{Estimate, interval, quantile};

/// Fewest launches of a comparison: of fewer, one that dissents decides.
pub const LAUNCHES_MIN: u32 = 14;

/// What the launches of a comparison say together. Logarithms are natural.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Launches.
    pub launches: usize,
    /// Median log ratio of candidate to baseline, with its 95 % interval: above zero is slower.
    pub log_ratio: Estimate,
    /// Two-sided probability of launches that lean so far where there is no difference.
    pub p_value: f64,
    /// The verdict of the rule.
    pub verdict: Verdict,
}

/// The log ratio of one launch: the median over pairs of neighbouring readings, so that what
/// slows both is in none. `None` unless there are four readings for each block, all above zero.
#[must_use]
pub fn of_launch(blocks: &[Block], readings: &[u64]) -> Option<f64> {
    if readings.len() != 4 * blocks.len() || readings.contains(&0) {
        return None;
    }
    let turns: Vec<Turn> = blocks.iter().flat_map(|block| block.turns()).collect();
    let pairs = turns.chunks_exact(2).zip(readings.chunks_exact(2));
    let mut quotients: Vec<f64> = pairs
        .map(|(turns, pair)| {
            let log = (pair[1] as f64 / pair[0] as f64).ln();
            if turns[0] == Turn::Baseline { log } else { -log }
        })
        .collect();
    quotients.sort_by(f64::total_cmp);
    (!quotients.is_empty()).then(|| quantile(&quotients, 0.5))
}

impl Rule {
    /// The verdict on the log ratios of all launches. `None` of fewer than [`LAUNCHES_MIN`].
    #[must_use]
    pub fn judge(&self, launches: &[f64]) -> Option<Comparison> {
        if launches.len() < LAUNCHES_MIN as usize {
            return None;
        }
        let mut sorted = launches.to_vec();
        sorted.sort_by(f64::total_cmp);
        let log_ratio = interval::median(&sorted)?;
        // The interval of the test's own error: it excludes zero where the test rejects, and a
        // difference must lie beyond noise as surely as it must lie beyond zero.
        let strict = interval::median_at(&sorted, 1.0 - self.alpha)?;
        let p_value = interval::sign_test(&sorted);
        let rejects = p_value <= self.alpha;
        let verdict = if rejects && strict.low > self.noise.ln_1p() {
            Verdict::Slower
        } else if rejects && strict.high < -self.noise.ln_1p() {
            Verdict::Faster
        } else if log_ratio.low >= -self.margin.ln_1p() && log_ratio.high <= self.margin.ln_1p() {
            Verdict::Same
        } else {
            Verdict::CannotTell
        };
        Some(Comparison { launches: launches.len(), log_ratio, p_value, verdict })
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{
        ChaCha8Rng,
        rand_core::{Rng as _, SeedableRng as _},
    };

    use super::*;
    use crate::stats::binomial::Proportion;

    /// Log ratios that lean to neither side of `shift`, with far outliers in both directions.
    fn drawn(rng: &mut ChaCha8Rng, count: usize, shift: f64, width: f64) -> Vec<f64> {
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5;
        let one = |_| shift + width * (uniform() + uniform()) / (0.02 + uniform().abs());
        (0..count).map(one).collect()
    }

    fn verdicts(seed: u64, comparisons: u64, shift: f64, width: f64) -> Vec<Verdict> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Without a threshold of noise: the test alone has to hold its error.
        let rule = Rule { noise: 0.0, ..Rule::default() };
        let one = |_| rule.judge(&drawn(&mut rng, 50, shift, width)).unwrap().verdict;
        (0..comparisons).map(one).collect()
    }

    /// Of identical programs no more alarms are raised than the error allows, and with the
    /// threshold of noise fewer; the error is not so small by accident that none are raised.
    #[test]
    fn false_alarms_keep_to_the_error() {
        let verdicts = verdicts(1, 40_000, 0.0, 0.01);
        let alarms = verdicts.iter().filter(|verdict| verdict.is_alarm()).count() as u64;
        let share = Proportion::exact(alarms, 40_000);
        assert!(share.low <= 0.001 && share.count > 5, "{share:?}");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut with_noise = || Rule::default().judge(&drawn(&mut rng, 50, 0.0, 0.01)).unwrap();
        let fewer = (0..40_000).filter(|_| with_noise().verdict.is_alarm()).count() as u64;
        assert!(fewer < alarms, "{fewer} and {alarms}");
    }

    /// A shift well above what the launches scatter by is found in the right direction, every time.
    #[test]
    fn shifts_are_found() {
        for (shift, verdict) in [(0.01, Verdict::Slower), (-0.01, Verdict::Faster)] {
            assert!(verdicts(2, 500, shift, 0.001).iter().all(|found| *found == verdict));
        }
    }

    /// A difference within noise is no alarm however sure; the same is said only where the whole
    /// interval is within the margin; scatter beyond it leaves the question open.
    #[test]
    fn verdicts_need_more_than_significance() {
        let rule = Rule::default();
        let judge = |launches: &[f64]| rule.judge(launches).unwrap();
        let sure = judge(&[0.0005; 50]);
        assert!(sure.p_value < 1e-12 && sure.verdict == Verdict::Same, "{sure:?}");
        assert_eq!(judge(&[0.002; 50]).verdict, Verdict::Slower);
        assert_eq!(judge(&[-0.002; 50]).verdict, Verdict::Faster);
        let scattered: Vec<f64> = (0..50).map(|index| f64::from(index - 25) * 0.004).collect();
        assert_eq!(judge(&scattered).verdict, Verdict::CannotTell);
        assert_eq!(rule.judge(&[0.1; 13]), None, "too few launches");
        assert_eq!(judge(&[0.1; 14]).verdict, Verdict::Slower);
    }

    /// Quotients are of neighbours, in the direction of the candidate, whoever came first; a
    /// launch that lost readings has no ratio.
    #[test]
    fn launches_have_a_ratio_of_neighbours() {
        // Readings of a machine that slows down by half between the pairs.
        let blocks = [Block::CandidateInside, Block::CandidateOutside];
        let readings = [100, 110, 165, 150, 220, 200, 200, 220];
        let ratio = of_launch(&blocks, &readings).unwrap();
        assert!((ratio - 1.1f64.ln()).abs() < 1e-12, "{ratio}");
        assert_eq!(of_launch(&blocks, &readings[..7]), None);
        assert_eq!(of_launch(&blocks[..1], &[1, 0, 1, 1]), None);
        assert_eq!(of_launch(&[], &[]), None);
    }
}
