//! Verdicts on all rows of a gate together: the error is held over the family, not for each row.
//!
//! A row's probability is that of launches which lean so far beyond noise where there is no more
//! than noise: the exact sign test, not against zero but against the threshold. Holm's method then
//! holds the error over all rows. Source: Holm, "A Simple Sequentially Rejective Multiple Test
//! Procedure" (Scandinavian Journal of Statistics 6, 1979).

use super::{Verdict, comparison::LAUNCHES_MIN, holm, outcome::Reason};
use crate::stats::{Estimate, interval};

/// A row as it was measured: one log ratio of candidate to baseline for each launch.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Natural logarithms.
    pub log_ratios: Vec<f64>,
    /// Differences up to this fraction are noise.
    pub noise: f64,
    /// Within this fraction both are the same.
    pub margin: f64,
}

/// What can be said of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Candidate over baseline, with its 95 % interval. `None` of too few launches.
    pub ratio: Option<Estimate>,
    /// Two-sided probability of such a difference where there is only noise, for this row alone.
    pub p_value: f64,
    /// The same, held over all rows.
    pub p_adjusted: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// Judges all rows, in their order. `family_error` bounds the probability that any of them claims
/// a difference where there is only noise.
#[must_use]
pub fn judge(rows: &[Measured], family_error: f64) -> Vec<Judged> {
    let p_values: Vec<f64> = rows.iter().map(p_beyond_noise).collect();
    let adjusted = holm::adjust(&p_values);
    let each = rows.iter().zip(p_values.iter().zip(adjusted));
    each.map(|(row, (&p_value, p_adjusted))| {
        let log_ratio = log_ratio(row);
        let (verdict, reason) = match log_ratio {
            None => (Verdict::CannotTell, Reason::TooFewLaunches),
            Some(log_ratio) => verdict(row, log_ratio, p_adjusted <= family_error),
        };
        let ratio = log_ratio.map(|logs| logs.map(f64::exp));
        Judged { ratio, p_value, p_adjusted, verdict, reason }
    })
    .collect()
}

/// Most launches that a family is said to need.
const LAUNCHES_MAX: u32 = 200;

/// Fewest launches of which a claim of a difference can come among so many rows, with one launch
/// that dissents: with fewer, a program of twice the time could not be told.
#[must_use]
pub fn launches_min(rows: usize, family_error: f64) -> u32 {
    let bears = |&launches: &u32| {
        let one_dissents = f64::from(launches + 1) * 0.5f64.powf(f64::from(launches));
        2.0 * one_dissents * rows as f64 <= family_error
    };
    (LAUNCHES_MIN..LAUNCHES_MAX).find(bears).unwrap_or(LAUNCHES_MAX)
}

/// The factor by which the budget would have to grow for a verdict: an interval narrows with the
/// root of the launches, and has to leave either the margin or the noise on one side. `None`
/// without an interval, and where the ratio lies on the very edge of both.
#[must_use]
pub fn settling_factor(row: &Measured) -> Option<f64> {
    let logs = log_ratio(row)?;
    let to_margin = row.margin.ln_1p() - logs.value.abs();
    let to_noise = logs.value.abs() - row.noise.ln_1p();
    // A claim of a difference needs a stricter interval than that of 95 %: about twice as wide.
    narrowing_factor(logs, to_margin.max(to_noise / 2.0))
}

/// The factor by which the budget would have to grow for an interval to reach no further than this
/// from its value. `None` where it never would.
#[must_use]
pub fn narrowing_factor(found: Estimate, room: f64) -> Option<f64> {
    let half = (found.high - found.low) / 2.0;
    (room > 0.0).then(|| (half / room).powi(2).max(1.0))
}

fn verdict(row: &Measured, log_ratio: Estimate, rejects: bool) -> (Verdict, Reason) {
    let margin = row.margin.ln_1p();
    if rejects && log_ratio.value > 0.0 {
        (Verdict::Slower, Reason::BeyondNoise)
    } else if rejects {
        (Verdict::Faster, Reason::BeyondNoise)
    } else if log_ratio.low >= -margin && log_ratio.high <= margin {
        (Verdict::Same, Reason::WithinMargin)
    } else {
        (Verdict::CannotTell, Reason::TooWide)
    }
}

fn log_ratio(row: &Measured) -> Option<Estimate> {
    let mut sorted = row.log_ratios.clone();
    sorted.sort_by(f64::total_cmp);
    let enough = sorted.len() >= LAUNCHES_MIN as usize;
    enough.then(|| interval::median(&sorted)).flatten()
}

/// The sign test against the nearer threshold of noise. 1 where the median lies within noise.
fn p_beyond_noise(row: &Measured) -> f64 {
    let noise = row.noise.ln_1p();
    match log_ratio(row) {
        Some(found) if found.value > noise => p_of(row, -noise),
        Some(found) if found.value < -noise => p_of(row, noise),
        _ => 1.0,
    }
}

fn p_of(row: &Measured, shift: f64) -> f64 {
    let shifted: Vec<f64> = row.log_ratios.iter().map(|log| log + shift).collect();
    interval::sign_test(&shifted)
}

#[cfg(test)]
mod tests {
    use rand_chacha::{
        ChaCha8Rng,
        rand_core::{Rng as _, SeedableRng as _},
    };

    use super::*;
    use crate::gate::Rule;

    fn drawn(rng: &mut ChaCha8Rng, shift: f64, width: f64) -> Measured {
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5;
        let one = |_| shift + width * (uniform() + uniform()) / (0.02 + uniform().abs());
        let Rule { noise, margin, .. } = Rule::default();
        Measured { log_ratios: (0..50).map(one).collect(), noise, margin }
    }

    /// Families of twenty rows without a difference beyond noise: the share of families in which
    /// any row claims one is held to the error, and not because nothing is ever claimed.
    #[test]
    fn the_error_is_held_over_the_family() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let error = 0.05;
        let mut alarms = 0;
        for _ in 0..2_000 {
            // At the very edge of noise: the hardest case.
            let edge = Rule::default().noise.ln_1p();
            let rows: Vec<Measured> = (0..20).map(|_| drawn(&mut rng, edge, 0.002)).collect();
            alarms += u32::from(judge(&rows, error).iter().any(|row| row.verdict.is_alarm()));
        }
        // Expected at most 100, with a deviation of 10.
        assert!((1..130).contains(&alarms), "{alarms} of 2,000");
    }

    /// Among many rows of no difference the one that differs is found, with its direction.
    #[test]
    fn a_shift_is_found_among_many() {
        for (shift, verdict) in [(0.02, Verdict::Slower), (-0.02, Verdict::Faster)] {
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            let mut rows: Vec<Measured> = (0..20).map(|_| drawn(&mut rng, 0.0, 0.001)).collect();
            rows[7] = drawn(&mut rng, shift, 0.001);
            let judged = judge(&rows, 0.001);
            assert_eq!(judged[7].verdict, verdict, "{:?}", judged[7]);
            assert_eq!(judged[7].reason, Reason::BeyondNoise);
            let others = judged.iter().enumerate().filter(|(index, _)| *index != 7);
            assert!(others.into_iter().all(|(_, row)| !row.verdict.is_alarm()));
            assert!(judged.iter().all(|row| row.p_adjusted >= row.p_value));
        }
    }

    /// Within noise is the same however sure; scatter beyond the margin leaves it open; few
    /// launches bear nothing.
    #[test]
    fn verdicts_have_reasons() {
        let measured = |log_ratios: Vec<f64>| Measured { log_ratios, noise: 0.001, margin: 0.01 };
        let one = |log_ratios| judge(&[measured(log_ratios)], 0.001)[0];
        let sure = one(vec![0.0005; 50]);
        assert_eq!((sure.verdict, sure.reason), (Verdict::Same, Reason::WithinMargin));
        assert!((sure.p_value - 1.0).abs() < 1e-12, "{sure:?}");
        let scattered = one((0..50).map(|index| f64::from(index - 25) * 0.004).collect());
        assert_eq!((scattered.verdict, scattered.reason), (Verdict::CannotTell, Reason::TooWide));
        let few = one(vec![0.5; 13]);
        assert_eq!((few.verdict, few.reason), (Verdict::CannotTell, Reason::TooFewLaunches));
        assert_eq!(few.ratio, None);
    }

    /// As many launches as a claim takes: with them all but one on one side it is made, among any
    /// number of rows; with one launch fewer it is not.
    #[test]
    fn launches_bear_a_claim() {
        for rows in [1, 2, 28, 100] {
            let least = launches_min(rows, 0.001);
            let claims = |launches: u32| {
                let shifted = |launch| if launch == 0 { -0.5 } else { 0.5 };
                let log_ratios = (0..launches).map(shifted).collect();
                let mut all = vec![Measured { log_ratios, noise: 0.001, margin: 0.01 }];
                all.resize(rows, Measured { log_ratios: vec![0.0; 30], ..all[0].clone() });
                judge(&all, 0.001)[0].verdict == Verdict::Slower
            };
            assert!(claims(least), "{rows}: {least}");
            assert!(least == LAUNCHES_MIN || !claims(least - 1), "{rows}: {least}");
        }
        assert_eq!(launches_min(28, 0.001), 21);
    }

    /// What cannot be told says how much more it takes: four times for twice too wide.
    #[test]
    fn settling_follows_the_root_of_the_budget() {
        // Interval of 95 % of 50: from the 18th to the 33rd.
        let log_ratios = (0..50).map(|index| (f64::from(index) - 24.5) * 0.004).collect();
        let row = Measured { log_ratios, noise: 0.001, margin: 0.01 };
        let interval = judge(std::slice::from_ref(&row), 0.001)[0].ratio.unwrap();
        let half = (interval.high.ln() - interval.low.ln()) / 2.0;
        let expected = (half / 0.01f64.ln_1p()).powi(2);
        let factor = settling_factor(&row).unwrap();
        assert!((factor / expected - 1.0).abs() < 1e-9 && factor > 4.0, "{factor} {expected}");
        let edge = Measured { log_ratios: vec![0.01; 50], noise: 0.02, margin: 0.01 };
        assert_eq!(settling_factor(&edge).map(f64::is_finite), None, "neither is ever reached");
    }
}
