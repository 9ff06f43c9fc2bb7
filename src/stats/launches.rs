//! One figure of several launches: the process, with its layout of code, stack and heap, is a
//! random factor, and its variance is part of the interval.
//!
//! Each launch has a median with an interval of its own. Their mean is the figure; its interval is
//! Student's over launches, and never narrower than what the readings within the launches bear:
//! three launches can agree by luck. That floor is the rule of Knapp and Hartung as Jackson et al.
//! modify it (Statistics in Medicine 36, 2017). Positive figures are averaged as logarithms, so
//! that no interval of a time reaches below zero.

use super::{CONFIDENCE, Estimate, student};

/// The figure of all launches. `None` without any.
#[must_use]
pub fn combine(launches: &[Estimate]) -> Option<Estimate> {
    if let [] | [_] = launches {
        return launches.first().copied();
    }
    if launches.iter().all(|one| one.low > 0.0) {
        let logs: Vec<Estimate> = launches.iter().map(|one| one.map(f64::ln)).collect();
        Some(mean(&logs).map(f64::exp))
    } else {
        Some(mean(launches))
    }
}

/// The mean of at least two, with its interval.
fn mean(launches: &[Estimate]) -> Estimate {
    let count = launches.len() as f64;
    let value = launches.iter().map(|one| one.value).sum::<f64>() / count;
    let squares: f64 = launches.iter().map(|one| (one.value - value).powi(2)).sum();
    let between =
        student::quantile(1.0 - CONFIDENCE, count - 1.0) * (squares / (count - 1.0) / count).sqrt();
    let widths: f64 = launches.iter().map(|one| ((one.high - one.low) / 2.0).powi(2)).sum();
    let half = between.max(widths.sqrt() / count);
    Estimate { value, low: value - half, high: value + half }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, half: f64) -> Estimate {
        Estimate { value, low: value - half, high: value + half }
    }

    /// What differs between launches widens the interval: three that are 1 % apart give 2.5 %.
    #[test]
    fn launches_that_differ_widen_the_interval() {
        let apart = [99.0, 100.0, 101.0].map(|value| estimate(value, 0.01));
        let combined = combine(&apart).unwrap();
        assert!((combined.value - 100.0).abs() < 0.01);
        assert!((combined.relative_half_width() - 0.0248).abs() < 3e-4, "{combined:?}");
    }

    /// Launches that agree by luck are not known better than their readings bear.
    #[test]
    fn agreement_by_luck_is_not_precision() {
        let alike = [100.0; 3].map(|value| estimate(value, 3.0));
        let half = combine(&alike).unwrap().relative_half_width();
        assert!((half - 0.03 / 3f64.sqrt()).abs() < 1e-4, "{half}");
    }

    /// One launch is itself; none is nothing; times stay positive, differences need not.
    #[test]
    fn edges_of_combining() {
        assert_eq!(combine(&[estimate(5.0, 1.0)]), Some(estimate(5.0, 1.0)));
        assert_eq!(combine(&[]), None);
        assert!(combine(&[estimate(1.0, 0.1), estimate(9.0, 0.1)]).unwrap().low > 0.0);
        assert!(combine(&[estimate(-1.0, 0.1), estimate(1.0, 0.1)]).unwrap().low < -1.0);
    }
}
