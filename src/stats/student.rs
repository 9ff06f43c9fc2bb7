//! Student's distribution, also far out in its tails, where a family of many rows needs it.
//!
//! Both sides together are the regularised incomplete beta function of freedom / (freedom + t^2)
//! with freedom / 2 and 1 / 2 (Abramowitz and Stegun, 26.7.1), which keeps its digits where one
//! minus the distribution would lose them.

use statrs::function::beta::beta_reg;

/// Probability of a value as far from zero as `t`, or farther, on either side. `freedom` is above
/// zero.
#[must_use]
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    let share = freedom / (freedom + t * t);
    if share.is_finite() { beta_reg(freedom / 2.0, 0.5, share) } else { 1.0 }
}

/// The value that is exceeded on either side with the probability `error`, above 0 and below 1.
#[must_use]
pub fn quantile(error: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, freedom) > error && high < f64::MAX / 2.0 {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if two_sided(middle, freedom) > error {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles are those of the tables, also far out and for fractions of a degree.
    #[test]
    fn quantiles_match_the_published_table() {
        let table = [
            (0.05, 1.0, 12.706),
            (0.05, 2.0, 4.303),
            (0.05, 9.0, 2.262),
            (0.001, 2.0, 31.599),
            (0.001, 4.0, 8.610),
            (0.001, 10.0, 4.587),
        ];
        for (error, freedom, tabulated) in table {
            let found = quantile(error, freedom);
            assert!((found - tabulated).abs() < 1e-3, "{error} {freedom}: {found}");
        }
        let between = quantile(0.05, 2.5);
        assert!(between < quantile(0.05, 2.0) && between > quantile(0.05, 3.0), "{between}");
    }

    /// With one degree of freedom the distribution is Cauchy's, which has a closed form: the
    /// probability is right a million deviations out, and the quantile finds its way back.
    #[test]
    fn tails_have_a_closed_form() {
        for t in [0.5f64, 3.0, 1e3, 1e6] {
            let closed = 2.0 / std::f64::consts::PI * f64::atan(1.0 / t);
            let found = two_sided(t, 1.0);
            assert!((found / closed - 1.0).abs() < 1e-9, "{t}: {found} and {closed}");
            assert!((quantile(found, 1.0) / t - 1.0).abs() < 1e-6, "{t}");
        }
        assert!((two_sided(0.0, 3.0) - 1.0).abs() < 1e-12);
        assert!(two_sided(f64::INFINITY, 3.0) <= 0.0);
    }
}
