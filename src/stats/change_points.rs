//! Change points: where a series goes over from one distribution to another.
//!
//! Source: E-divisive, Matteson and James, "A Nonparametric Approach for Multiple Change Point
//! Analysis of Multivariate Data" (Journal of the American Statistical Association 109, 2014), for
//! numbers, with distances to the power of one. It asks nothing of the distributions, and finds
//! changes of place, spread and shape alike.
//!
//! The best split of a segment is the one with the largest energy statistic between what lies
//! before it and some stretch that follows: the stretch may end before the segment does, so that
//! what came and went again is found too. A split counts if few random orders of the same values
//! have one as good; then both parts are searched likewise. Other than in the paper each segment
//! is tested by itself, not the best of all segments at once: a noisy segment hides nothing in a
//! quiet one.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng as _},
};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

/// How to look for change points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Probability of a change point where there is none, for each segment that is tested.
    pub alpha: f64,
    /// Random orders that a split is compared with.
    pub permutations: u32,
    /// Fewest values on either side of a split, 2 at least.
    pub segment_min: usize,
    /// Seed from which the orders are drawn.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { alpha: 0.001, permutations: 1_999, segment_min: 5, seed: 1 }
    }
}

/// Where a series changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChangePoint {
    /// The first value that belongs to what comes after.
    pub index: usize,
    /// Share of random orders with a split as good, this order included.
    pub p_value: f64,
}

/// All change points, in their order, the same on any number of threads. Takes time that grows with
/// the square of the length.
///
/// `values` must be finite.
#[must_use]
pub fn find(values: &[f64], settings: &Settings) -> Vec<ChangePoint> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut found = Vec::new();
    let mut segments = vec![(0, values.len())];
    while let Some((start, end)) = segments.pop() {
        let segment = &values[start..end];
        let Some(split) = best_split(segment, settings.segment_min) else { continue };
        let Some(p_value) = significance(segment, split.statistic, settings, rng.next_u64()) else {
            continue;
        };
        let index = start + split.at;
        found.push(ChangePoint { index, p_value });
        segments.extend([(start, index), (index, end)]);
    }
    found.sort_by_key(|point| point.index);
    found
}

/// The p-value of a split. `None` as soon as it cannot be significant any more: most often after
/// the first round, which is short.
fn significance(segment: &[f64], statistic: f64, settings: &Settings, seed: u64) -> Option<f64> {
    // The same sums in another order differ in their last digits.
    let enough = statistic - ROUNDING * statistic.abs();
    // Each order has a stream of its own: the same in every round, on every thread.
    let is_as_good = |number: &u32| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(*number));
        let mut values = segment.to_vec();
        shuffle(&mut values, &mut rng);
        best_split(&values, settings.segment_min).is_some_and(|split| split.statistic >= enough)
    };
    let p_value = |as_good: usize| (as_good + 1) as f64 / (f64::from(settings.permutations) + 1.0);
    let (mut drawn, mut round, mut as_good) = (0, ROUND_FIRST, 0);
    while drawn < settings.permutations && p_value(as_good) <= settings.alpha {
        let next = settings.permutations.min(drawn + round);
        as_good += (drawn..next).into_par_iter().filter(is_as_good).count();
        (drawn, round) = (next, 2 * round);
    }
    Some(p_value(as_good)).filter(|p_value| *p_value <= settings.alpha)
}

/// Orders that are drawn before a first look at what came of them.
const ROUND_FIRST: u32 = 8;

/// What rounding may make of equal statistics, as a fraction.
const ROUNDING: f64 = 1e-9;

/// Every order with the same probability, to within what 32 bits tell apart.
fn shuffle(values: &mut [f64], rng: &mut impl Rng) {
    for last in (1..values.len()).rev() {
        let drawn = (u64::from(rng.next_u32()) * (last as u64 + 1)) >> 32;
        values.swap(last, drawn as usize);
    }
}

/// A way to cut a segment in two.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Split {
    /// The first value of the second part.
    at: usize,
    /// The energy statistic, divided by two.
    statistic: f64,
}

/// The split with the largest energy statistic. `None` of a segment that is too short.
///
/// With m values before the split and n after it, and W and V the sums of the distances between
/// all pairs before and after it, and T of all pairs, the paper's statistic
/// `mn / (m + n) * (2 B / mn - 2 W / m (m - 1) - 2 V / n (n - 1))`, where B = T - W - V, is
/// `2 (T / (m + n) - (m + n - 1) / (m + n) * (W / (m - 1) + V / (n - 1)))`.
fn best_split(values: &[f64], segment_min: usize) -> Option<Split> {
    let (count, segment_min) = (values.len(), segment_min.max(2));
    if count < 2 * segment_min {
        return None;
    }
    let within = within_prefixes(values);
    let ends: Vec<(f64, f64)> = (0..=count)
        .map(|end| (within[end] / end as f64, (end as f64 - 1.0) / end as f64))
        .collect();
    let inverses: Vec<f64> = (0..count).map(|len| 1.0 / (len as f64 - 1.0)).collect();
    // Sums of distances within `values[at..end]`, by `end`.
    let mut after = vec![0.0; count + 1];
    let mut best = Split { at: 0, statistic: f64::NEG_INFINITY };
    for at in (segment_min..count).rev() {
        let before = within[at] * inverses[at];
        let mut distances = 0.0;
        for end in at + 1..=count {
            distances += (values[end - 1] - values[at]).abs();
            after[end] += distances;
            let len = end - at;
            if len >= segment_min {
                let (all, factor) = ends[end];
                let statistic = all - factor * (before + after[end] * inverses[len]);
                if statistic > best.statistic {
                    best = Split { at, statistic };
                }
            }
        }
    }
    Some(best)
}

/// Sum of the distances between all pairs of the first 0, 1, 2, ... values.
fn within_prefixes(values: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    sums.push(0.0);
    let mut sum = 0.0;
    for (index, value) in values.iter().enumerate() {
        sum += values[..index].iter().map(|other| (other - value).abs()).sum::<f64>();
        sums.push(sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of one kind: sums of uniform draws, with a mean of 100 and a deviation of 1.
    fn noise(seed: u64, count: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5;
        (0..count).map(|_| 100.0 + (0..12).map(|_| uniform()).sum::<f64>()).collect()
    }

    /// Noise whose values from each index on are shifted.
    fn steps(seed: u64, count: usize, shifts: &[(usize, f64)]) -> Vec<f64> {
        let mut values = noise(seed, count);
        for (from, shift) in shifts {
            values[*from..].iter_mut().for_each(|value| *value += shift);
        }
        values
    }

    fn indices(values: &[f64], settings: &Settings) -> Vec<usize> {
        find(values, settings).iter().map(|point| point.index).collect()
    }

    /// The statistic, term by term as it stands in the paper.
    fn by_definition(before: &[f64], after: &[f64]) -> f64 {
        let sum = |one: &[f64], other: &[f64]| -> f64 {
            one.iter().flat_map(|x| other.iter().map(move |y| (x - y).abs())).sum()
        };
        let (m, n) = (before.len() as f64, after.len() as f64);
        // Both orders of a pair are in the sums within a part.
        let energy = 2.0 * sum(before, after) / (m * n)
            - sum(before, before) / (m * (m - 1.0))
            - sum(after, after) / (n * (n - 1.0));
        m * n / (m + n) * energy
    }

    /// The best split is the one that the definition of the statistic finds by trying all.
    #[test]
    fn the_best_split_is_that_of_the_definition() {
        for seed in 0..5 {
            let values = steps(seed, 24, &[(9, 2.0), (15, -2.0)]);
            let mut best = Split { at: 0, statistic: f64::NEG_INFINITY };
            for at in 3..=values.len() - 3 {
                for end in at + 3..=values.len() {
                    let statistic = by_definition(&values[..at], &values[at..end]) / 2.0;
                    if statistic > best.statistic {
                        best = Split { at, statistic };
                    }
                }
            }
            let found = best_split(&values, 3).unwrap();
            assert_eq!(found.at, best.at);
            assert!((found.statistic - best.statistic).abs() < 1e-9, "{found:?} {best:?}");
        }
    }

    /// Planted steps are found where they are, in noise that is a third as large; two points at
    /// the end are no step yet.
    #[test]
    fn planted_steps_are_found() {
        let settings = Settings::default();
        let values = steps(1, 90, &[(30, 3.0), (60, 3.0)]);
        let found = find(&values, &settings);
        let near = |index: usize, at: usize| index.abs_diff(at) <= 1;
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(near(found[0].index, 30) && near(found[1].index, 60), "{found:?}");
        assert!(found.iter().all(|point| point.p_value <= settings.alpha), "{found:?}");
        assert_eq!(indices(&steps(1, 90, &[(88, 9.0)]), &settings), [] as [usize; 0]);
    }

    /// What came and went again is found, although all that follows looks like what was before.
    #[test]
    fn what_came_and_went_is_found() {
        let values = steps(3, 200, &[(100, 4.0), (110, -4.0)]);
        assert_eq!(indices(&values, &Settings::default()), [100, 110]);
    }

    /// A change of spread alone is a change: the mean stays where it is.
    #[test]
    fn a_change_of_spread_is_found() {
        let mut values = noise(4, 200);
        values[100..].iter_mut().for_each(|value| *value = 100.0 + 8.0 * (*value - 100.0));
        let found = indices(&values, &Settings::default());
        assert!(found.iter().any(|index| index.abs_diff(100) <= 6), "{found:?}");
    }

    /// In pure noise the share of series with any change point is what `alpha` says: of 400 series
    /// at 0.05 about 20, with a deviation of 4.4.
    #[test]
    fn noise_raises_as_many_alarms_as_stated() {
        let settings = Settings { alpha: 0.05, permutations: 99, ..Settings::default() };
        let alarms = |seed: &u64| {
            let values = noise(1_000 + seed, 24);
            !find(&values, &Settings { seed: *seed, ..settings }).is_empty()
        };
        let count = (0..400).filter(alarms).count();
        assert!((7..=33).contains(&count), "{count}");
    }

    /// Values that do not differ, and too few values, have no change point.
    #[test]
    fn nothing_changes_where_nothing_differs() {
        let settings = Settings::default();
        assert_eq!(find(&[7.0; 100], &settings), []);
        assert_eq!(find(&[1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0], &settings), []);
        assert_eq!(find(&[], &settings), []);
        // One value far off is no change either.
        let mut values = noise(5, 60);
        values[30] = 1_000.0;
        assert_eq!(find(&values, &settings), []);
    }

    /// Exact values, such as cycles, change where they do.
    #[test]
    fn exact_values_change_where_they_do() {
        let values: Vec<f64> = (0..40).map(|index| if index < 17 { 5.0 } else { 6.0 }).collect();
        assert_eq!(indices(&values, &Settings::default()), [17]);
    }

    /// The same seed finds the same, to the last digit; the p-value depends on it.
    #[test]
    fn seeds_bring_results_back() {
        let values = steps(6, 40, &[(20, 1.5)]);
        let settings = Settings { alpha: 1.0, permutations: 199, ..Settings::default() };
        assert_eq!(find(&values, &settings), find(&values, &settings));
        let p_values = |seed| {
            let found = find(&values, &Settings { seed, ..settings });
            found.iter().map(|point| point.p_value).collect::<Vec<_>>()
        };
        assert_ne!(p_values(1), p_values(2));
    }
}
