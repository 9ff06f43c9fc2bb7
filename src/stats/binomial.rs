//! A share of trials, with its exact interval.
//!
//! Source: Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case
//! of the Binomial" (Biometrika 26, 1934). The ends are quantiles of the beta distribution.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::CONFIDENCE;

/// How often something happened, and how often it may happen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proportion {
    /// Trials in which it happened.
    pub count: u64,
    /// Trials.
    pub of: u64,
    /// Lower end of the two-sided interval, 0 to 1.
    pub low: f64,
    /// Upper end of the two-sided interval, 0 to 1.
    pub high: f64,
    /// Upper bound of the same confidence that says nothing of the lower end, 0 to 1.
    pub at_most: f64,
}

impl Proportion {
    /// `count` of `of` trials, with [`CONFIDENCE`]. Without trials everything is possible.
    #[must_use]
    pub fn exact(count: u64, of: u64) -> Self {
        let count = count.min(of);
        let error = 1.0 - CONFIDENCE;
        Self {
            count,
            of,
            low: lower(count, of, error / 2.0),
            high: upper(count, of, error / 2.0),
            at_most: upper(count, of, error),
        }
    }

    /// The share itself, 0 to 1; 0 without trials.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}

/// The share at which `count` or more happen with this probability.
fn lower(count: u64, of: u64, error: f64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    quantile(count as f64, (of - count + 1) as f64, error)
}

/// The share at which `count` or fewer happen with this probability.
fn upper(count: u64, of: u64, error: f64) -> f64 {
    if count == of {
        return 1.0;
    }
    quantile((count + 1) as f64, (of - count) as f64, 1.0 - error)
}

/// Quantile of the beta distribution, by halving until no number lies between the ends.
fn quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if beta_reg(a, b, middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where nothing happened the bounds have a closed form: none of 3,000 is at most 0.0998 %.
    #[test]
    fn nothing_of_many_has_a_closed_form() {
        for of in [1u64, 20, 3_000] {
            let none = Proportion::exact(0, of);
            let closed = |error: f64| 1.0 - error.powf(1.0 / of as f64);
            assert!((none.at_most - closed(0.05)).abs() < 1e-12, "{none:?}");
            assert!((none.high - closed(0.025)).abs() < 1e-12 && none.low == 0.0, "{none:?}");
            let all = Proportion::exact(of, of);
            assert!((all.low - (1.0 - none.high)).abs() < 1e-12 && all.high >= 1.0, "{all:?}");
        }
        let none = Proportion::exact(0, 3_000);
        assert!((none.at_most - 0.000_998).abs() < 1e-6, "{none:?}");
    }

    /// Ends are those of published tables: 19 of 20, and 10 of 20.
    #[test]
    fn ends_match_the_published_table() {
        for (count, low, high) in [(19, 0.7513, 0.9987), (10, 0.2720, 0.7280), (1, 0.0013, 0.2487)]
        {
            let share = Proportion::exact(count, 20);
            assert!(
                (share.low - low).abs() < 1e-4 && (share.high - high).abs() < 1e-4,
                "{share:?}"
            );
        }
    }

    /// At the ends, as many or more happen exactly as often as is allowed: summed by hand.
    #[test]
    fn ends_have_the_probability_they_claim() {
        let (count, of) = (3u64, 40u64);
        let at_most = Proportion::exact(count, of).at_most;
        let mut term = (1.0 - at_most).powi(of as i32);
        let mut sum = term;
        for k in 0..count {
            term *= (of - k) as f64 / (k + 1) as f64 * at_most / (1.0 - at_most);
            sum += term;
        }
        assert!((sum - 0.05).abs() < 1e-9, "{sum}");
    }

    /// Without trials nothing is known.
    #[test]
    fn no_trials_say_nothing() {
        let none = Proportion::exact(0, 0);
        assert_eq!((none.low, none.high, none.at_most, none.share()), (0.0, 1.0, 1.0, 0.0));
    }
}
