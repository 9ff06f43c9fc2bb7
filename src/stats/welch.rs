//! Welch's t: do the means of two sets of launches differ, where each set has a variance of its
//! own?
//!
//! The launch is the unit. A mean of few launches that agree by luck is not known better than
//! their own intervals bear, nor better than the clock resolves: the greatest of the three
//! variances counts. Source: Welch, "The Generalization of Student's Problem when Several Different
//! Population Variances are Involved" (Biometrika 34, 1947).
//!
//! The degrees of freedom are those of the side with fewer launches. With these the error is held
//! whatever the two variances are: Mickey and Brown, "Bounds on the Distribution Functions of the
//! Behrens-Fisher Statistic" (Annals of Mathematical Statistics 37, 1966). Satterthwaite's
//! estimate, which is the usual one, does not hold it far out in the tails, where a family of many
//! rows is judged: of three launches each, one side ten times as scattered, 14 families of 20 rows
//! in a hundred raised an alarm at an error of 0.05.

use super::{CONFIDENCE, Estimate, latency::NORMAL_QUANTILE, student};

/// The mean of the logarithms of one side's launches, and what is known of its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// Launches, two at least.
    pub launches: usize,
    /// Mean of the logarithms.
    pub value: f64,
    /// Variance of the mean, by what differs between launches.
    pub between: f64,
    /// Variance of the mean, by the intervals within launches.
    pub within: f64,
    /// Variance of the mean, by what the clock resolves: the same error in all launches.
    pub resolution: f64,
}

impl Mean {
    /// The mean of launches whose values are above zero; `resolution` is the least difference of
    /// two readings, in the same unit. `None` of fewer than two.
    #[must_use]
    pub fn of(launches: &[Estimate], resolution: f64) -> Option<Self> {
        let is_fit = |one: &Estimate| one.low > 0.0 && one.high.is_finite();
        if launches.len() < 2 || !launches.iter().all(is_fit) {
            return None;
        }
        let count = launches.len() as f64;
        let logs: Vec<Estimate> = launches.iter().map(|one| one.map(f64::ln)).collect();
        let value = logs.iter().map(|log| log.value).sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log.value - value).powi(2)).sum();
        let deviation = |log: &Estimate| (log.high - log.low) / 2.0 / NORMAL_QUANTILE;
        let own: f64 = logs.iter().map(|log| deviation(log).powi(2)).sum();
        // An error that is anywhere within one step of the clock has a variance of 1 / 12.
        let step = resolution / value.exp();
        Some(Self {
            launches: launches.len(),
            value,
            between: squares / (count - 1.0) / count,
            within: own / (count * count),
            resolution: step * step / 12.0,
        })
    }

    /// Variance of the mean: the greatest of the three.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.between.max(self.within).max(self.resolution)
    }
}

const fn freedom(launches: usize) -> f64 {
    launches as f64 - 1.0
}

/// How far the candidate's mean lies from the baseline's. Logarithms are natural.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Candidate less baseline.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom: those of the side with fewer launches.
    pub freedom: f64,
}

impl Difference {
    /// The difference of two means.
    #[must_use]
    pub fn of(baseline: &Mean, candidate: &Mean) -> Self {
        let error = (baseline.variance() + candidate.variance()).sqrt();
        let fewer = baseline.launches.min(candidate.launches);
        Self { value: candidate.value - baseline.value, error, freedom: freedom(fewer) }
    }

    /// The same difference if each side had had so many launches like those it had.
    #[must_use]
    pub fn at_launches(baseline: &Mean, candidate: &Mean, launches: usize) -> Self {
        let variance = |mean: &Mean| {
            let of_launches = mean.between.max(mean.within);
            (of_launches * mean.launches as f64 / launches as f64).max(mean.resolution)
        };
        let error = (variance(baseline) + variance(candidate)).sqrt();
        Self { value: candidate.value - baseline.value, error, freedom: freedom(launches) }
    }

    /// The difference in standard errors. Without any error a difference is infinitely many.
    #[must_use]
    pub fn t(&self) -> f64 {
        if self.value == 0.0 { 0.0 } else { self.value / self.error }
    }

    /// Two-sided probability of a difference so large where there is none.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        student::two_sided(self.t(), self.freedom)
    }

    /// The difference with the interval that holds it with [`CONFIDENCE`].
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        self.estimate_at(1.0 - CONFIDENCE)
    }

    /// The difference with the interval that misses it with the probability `error`.
    #[must_use]
    pub fn estimate_at(&self, error: f64) -> Estimate {
        let half = student::quantile(error, self.freedom) * self.error;
        Estimate { value: self.value, low: self.value - half, high: self.value + half }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64], half: f64, resolution: f64) -> Mean {
        let estimate = |&value: &f64| Estimate { value, low: value - half, high: value + half };
        let launches: Vec<Estimate> = values.iter().map(estimate).collect();
        Mean::of(&launches, resolution).unwrap()
    }

    /// A worked example: the logarithms are 1, 2, 3 and 2, 4, 6, 8, so that the variances of the
    /// means are 1/3 and 5/3, the difference 3, t 2.1213 and the degrees of freedom 2.
    #[test]
    fn a_worked_example_comes_out() {
        let logs = |values: &[f64]| values.iter().map(|log| f64::exp(*log)).collect::<Vec<_>>();
        let (baseline, candidate) = (logs(&[1.0, 2.0, 3.0]), logs(&[2.0, 4.0, 6.0, 8.0]));
        let found = Difference::of(&mean(&baseline, 0.0, 0.0), &mean(&candidate, 0.0, 0.0));
        assert!((found.value - 3.0).abs() < 1e-12, "{found:?}");
        assert!((found.t() - 3.0 / 2f64.sqrt()).abs() < 1e-9, "{found:?}");
        assert!((found.freedom - 2.0).abs() < 1e-9, "{found:?}");
        let p = found.p_value();
        let same = found.estimate_at(p);
        assert!(same.low.abs() < 1e-9, "the interval of the test's own p ends at zero: {same:?}");
    }

    /// Launches that agree by luck are not known better than their own intervals bear, nor better
    /// than the clock resolves.
    #[test]
    fn agreement_by_luck_is_not_precision() {
        let lucky = mean(&[100.0; 3], 3.0, 0.0);
        let own = 0.03 / NORMAL_QUANTILE / 3f64.sqrt();
        assert!(lucky.between < 1e-30, "{lucky:?}");
        assert!((lucky.variance().sqrt() - own).abs() < 1e-4, "{lucky:?}");
        let coarse = mean(&[100.0; 3], 0.0, 20.0);
        assert!((coarse.variance().sqrt() - 0.2 / 12f64.sqrt()).abs() < 1e-9, "{coarse:?}");
        let apart = mean(&[99.0, 100.0, 101.0], 0.01, 0.01);
        assert!((apart.variance().sqrt() - 0.01 / 3f64.sqrt()).abs() < 1e-4, "{apart:?}");
    }

    /// Four times the launches halve the error, but not that of the clock.
    #[test]
    fn more_launches_know_more_but_no_finer_clock() {
        let side = mean(&[99.0, 100.0, 101.0], 0.01, 0.0);
        let now = Difference::of(&side, &side);
        let later = Difference::at_launches(&side, &side, 12);
        assert!((later.error - now.error / 2.0).abs() < 1e-12, "{later:?}");
        assert!((later.freedom - 11.0).abs() < 1e-9, "{later:?}");
        let coarse = mean(&[100.0; 3], 0.0, 20.0);
        let never = Difference::at_launches(&coarse, &coarse, 100);
        assert!((never.error - Difference::of(&coarse, &coarse).error).abs() < 1e-12);
    }

    /// One launch bears no mean, nor does a time that is none; equal values without any error are
    /// no difference, unequal ones are a sure one.
    #[test]
    fn edges_of_means() {
        let one = Estimate { value: 1.0, low: 1.0, high: 1.0 };
        assert_eq!(Mean::of(&[one], 0.0), None);
        assert_eq!(Mean::of(&[one, Estimate { low: 0.0, ..one }], 0.0), None);
        let (equal, longer) = (mean(&[1.0; 2], 0.0, 0.0), mean(&[2.0; 2], 0.0, 0.0));
        assert!((Difference::of(&equal, &equal).p_value() - 1.0).abs() < 1e-12);
        assert!(Difference::of(&equal, &longer).p_value() <= 0.0);
    }
}
