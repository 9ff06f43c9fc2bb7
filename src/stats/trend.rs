//! A trend that outliers do not bend: the median of the slopes between all pairs of points.
//!
//! Source: Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau" (Journal of the
//! American Statistical Association 63, 1968). The interval takes points as independent: where
//! neighbours hang together, it is narrower than it should be.

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::{CONFIDENCE, Estimate, quantile};

/// Fewest points for which the normal approximation of Kendall's tau is good.
const POINTS_MIN: usize = 10;

/// Most points that are set against one another: a million pairs are enough.
const POINTS_MAX: usize = 1_500;

/// Slope of points (x, y), in y per x. `None` of fewer than ten points, or where all x are one.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<Estimate> {
    let stride = points.len().div_ceil(POINTS_MAX).max(1);
    let points: Vec<(f64, f64)> = points.iter().copied().step_by(stride).collect();
    if points.len() < POINTS_MIN {
        return None;
    }
    let mut slopes = Vec::with_capacity(points.len() * (points.len() - 1) / 2);
    for (index, one) in points.iter().enumerate() {
        let later = points[index + 1..].iter().filter(|other| (other.0 - one.0).abs() > 0.0);
        slopes.extend(later.map(|other| (other.1 - one.1) / (other.0 - one.0)));
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_by(f64::total_cmp);
    let reach = reach(points.len());
    let last = slopes.len() - 1;
    let low = ((slopes.len() as f64 - reach) / 2.0).floor().max(0.0) as usize;
    let high = (f64::midpoint(slopes.len() as f64, reach).ceil() as usize).min(last);
    Some(Estimate { value: quantile(&slopes, 0.5), low: slopes[low.min(last)], high: slopes[high] })
}

/// Pairs between the ends of the interval.
fn reach(count: usize) -> f64 {
    let count = count as f64;
    let deviations = Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    deviations * (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(count: usize, slope: f64) -> Vec<(f64, f64)> {
        // Noise that leans to neither side: the digits of a multiple of the golden ratio.
        let noise = |index: usize| (index as f64 * 0.618_034).fract() - 0.5;
        (0..count).map(|index| (index as f64, slope * index as f64 + noise(index))).collect()
    }

    /// A slope is found within its interval, and points far off do not move it much.
    #[test]
    fn slopes_withstand_outliers() {
        let mut points = line(60, 0.3);
        let plain = slope(&points).unwrap();
        assert!((plain.value - 0.3).abs() < 0.01 && plain.low < 0.3 && plain.high > 0.3);
        points[59].1 = 1e6;
        points[58].1 = 1e6;
        let bent = slope(&points).unwrap();
        assert!((bent.value - 0.3).abs() < 0.02, "{bent:?}");
    }

    /// Where nothing changes the interval holds zero; where it does, it does not.
    #[test]
    fn no_trend_is_none() {
        let flat = slope(&line(200, 0.0)).unwrap();
        assert!(flat.low <= 0.0 && flat.high >= 0.0, "{flat:?}");
        let steep = slope(&line(200, 0.05)).unwrap();
        assert!(steep.low > 0.0, "{steep:?}");
    }

    /// Few points and points at one time have no slope; many points are thinned out.
    #[test]
    fn edges_of_slopes() {
        assert_eq!(slope(&line(9, 1.0)), None);
        assert_eq!(slope(&vec![(1.0, 2.0); 20]), None);
        let many = slope(&line(4 * POINTS_MAX, 0.01)).unwrap();
        assert!((many.value - 0.01).abs() < 1e-4, "{many:?}");
    }
}
