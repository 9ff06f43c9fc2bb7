//! Where a series changed, between which commits, and from what to what.

use serde::Serialize;

use super::query::Point;
use crate::stats::{
    change_points::{self, Settings},
    median,
};

/// A change point of a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The first point after the change, counted from 0 in the points that were searched.
    pub index: usize,
    /// Number of the first run after the change.
    pub run: i64,
    /// Seconds since 1970 when the last run before the change began.
    pub last_before_unix_s: i64,
    /// Seconds since 1970 when the first run after it began.
    pub first_after_unix_s: i64,
    /// The last commit that was measured before the change: what made it came later.
    pub last_commit_before: String,
    /// The first commit that was measured after the change: what made it is this one or earlier.
    pub first_commit_after: String,
    /// Median from the change point before, or the beginning, to this one.
    pub median_before: f64,
    /// Median from this change point to the next, or the end.
    pub median_after: f64,
    /// The median after over that before. Absent where that before is 0.
    pub ratio: Option<f64>,
    /// Share of random orders of the same values that split as well, this order included.
    pub p_value: f64,
}

/// The changes of a series, in their order.
#[must_use]
pub fn find(points: &[Point], settings: &Settings) -> Vec<Change> {
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let found = change_points::find(&values, settings);
    let bounds: Vec<usize> = std::iter::once(0)
        .chain(found.iter().map(|point| point.index))
        .chain([values.len()])
        .collect();
    let change = |(which, found): (usize, &change_points::ChangePoint)| {
        let [start, index, end] = [bounds[which], found.index, bounds[which + 2]];
        let (before, after) = (&points[index - 1], &points[index]);
        let (median_before, median_after) =
            (median(&values[start..index]), median(&values[index..end]));
        Change {
            index,
            run: after.run,
            last_before_unix_s: before.started_unix_s,
            first_after_unix_s: after.started_unix_s,
            last_commit_before: before.commit.clone(),
            first_commit_after: after.commit.clone(),
            median_before,
            median_after,
            ratio: Some(median_after / median_before).filter(|ratio| ratio.is_finite()),
            p_value: found.p_value,
        }
    };
    found.iter().enumerate().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points whose commits are named by their place.
    fn points(values: impl IntoIterator<Item = f64>) -> Vec<Point> {
        let point = |(index, value): (usize, f64)| Point {
            run: index as i64 + 1,
            started_unix_s: 1_000 * index as i64,
            version: "0.1.0".into(),
            commit: format!("c{index}"),
            status: "complete".into(),
            value,
            low: None,
            high: None,
        };
        values.into_iter().enumerate().map(point).collect()
    }

    /// A step has the commits on either side of it, and medians that reach to the next change
    /// only; a value of 0 has no ratio.
    #[test]
    fn changes_have_commits_and_medians() {
        let level = |index: usize| [0.0, 8.0, 10.0][index / 20];
        let points = points((0..60).map(level));
        let changes = find(&points, &Settings::default());
        let ranges: Vec<_> = changes
            .iter()
            .map(|change| (change.last_commit_before.as_str(), change.first_commit_after.as_str()))
            .collect();
        assert_eq!(ranges, [("c19", "c20"), ("c39", "c40")]);
        let medians: Vec<_> =
            changes.iter().map(|change| (change.median_before, change.median_after)).collect();
        assert_eq!(medians, [(0.0, 8.0), (8.0, 10.0)]);
        assert_eq!((changes[0].ratio, changes[1].ratio), (None, Some(1.25)));
        assert_eq!((changes[1].run, changes[1].last_before_unix_s), (41, 39_000));
    }

    /// Nothing changes in a series without points.
    #[test]
    fn no_points_no_changes() {
        assert_eq!(find(&[], &Settings::default()), []);
    }
}
