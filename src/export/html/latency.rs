//! Percentile curves, to the last percentile that is earned.

use serde_json::Value;

use super::{
    chart::{Caption, Figure, Width},
    places::{self, Realm},
    section::Section,
    units::records,
};
use crate::{
    clock::HostNanos,
    export::measurement::Place,
    measure::Method,
    report::record::{END_TO_END, Entry, HistogramRecord, RunRecord},
    stats::latency::{Histogram, PERCENTILES},
};

const COLUMNS: [&str; 4] = ["panel", "backend", "one_in", "ns"];

/// Steps of a curve within each decade of readings beyond: a tenth of a decade, rounded.
const STEPS: [f64; 10] = [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0];

/// Decades of readings beyond that are looked at: one in a million is the last.
const DECADES: i32 = 6;

pub(super) fn section(record: &RunRecord) -> Section {
    let why = "latency was not measured, or no percentile was earned: add --method latency, or \
               raise --budget";
    let found = percentiles(record, Realm::Measured);
    let found = found.ok_or_else(|| caption(Realm::Measured).missing(why));
    Section::new("latency", "Latency").expect(found)
}

const fn caption(realm: Realm) -> Caption {
    Caption {
        id: match realm {
            Realm::Measured => "percentiles",
            Realm::Imitated => "imitated-percentiles",
        },
        kind: "percentiles",
        title: "Latency of one batch",
        says: "One batch per reading, nothing subtracted. A line ends where fewer than ten \
               readings lie beyond: no percentile is shown that was not earned.",
        width: Width::Whole,
    }
}

pub(super) fn percentiles(record: &RunRecord, realm: Realm) -> Option<Figure> {
    let entries = places::of(record, Method::Latency, realm);
    caption(realm).over(COLUMNS, entries.flat_map(rows))
}

fn rows(entry: &Entry) -> Vec<[Value; COLUMNS.len()]> {
    let panel = format!("{} a batch, in {}", records(entry.batch_len), entry.footprint_home);
    let backend = Place::of(entry).backend();
    let row = |(one_in, nanos): (f64, f64)| -> [Value; COLUMNS.len()] {
        [panel.as_str().into(), backend.as_str().into(), one_in.into(), nanos.into()]
    };
    let curve = entry.histogram.as_ref().map(curve).filter(|curve| !curve.is_empty());
    curve.unwrap_or_else(|| told(entry)).into_iter().map(row).collect()
}

/// Percentiles of a distribution, as the readings of which one is beyond, with their times.
pub(super) fn curve(stored: &HistogramRecord) -> Vec<(f64, f64)> {
    let Ok(histogram) = Histogram::<HostNanos>::from_base64(&stored.data) else {
        return Vec::new();
    };
    let grid = (0..=DECADES).flat_map(|decade| STEPS.map(|step| step * 10f64.powi(decade)));
    let at = |one_in: f64| Some((one_in, histogram.quantile_ns(1.0 - 1.0 / one_in).ok()?));
    grid.map_while(at).collect()
}

/// The percentiles that an entry tells by itself, where its distribution cannot be read.
fn told(entry: &Entry) -> Vec<(f64, f64)> {
    let found =
        |(stat, q): (&str, f64)| Some(((1.0 / (1.0 - q)).round(), entry.metric(END_TO_END, stat)?));
    PERCENTILES.into_iter().filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mock::host_nanos;

    /// A curve ends with the last percentile that ten readings lie beyond, and goes through the
    /// ones that have names.
    #[test]
    fn curves_end_where_they_are_earned() {
        let mut histogram = Histogram::<HostNanos>::new().unwrap();
        (1..=1_000).for_each(|nanos| histogram.record(host_nanos(nanos)));
        let curve = curve(&HistogramRecord::new(&histogram).unwrap());
        let (last, p99) = curve[curve.len() - 1];
        assert!((last - 100.0).abs() < 1e-9 && (p99 - 990.0).abs() < 1.0, "{last} {p99}");
        let median = curve.iter().find(|(one_in, _)| (one_in - 2.0).abs() < 1e-9);
        assert!((median.unwrap().1 - 500.0).abs() < 1.0, "{median:?}");
        assert!(curve.is_sorted_by(|one, other| one.0 < other.0 && one.1 <= other.1));
    }

    /// What cannot be read is no curve.
    #[test]
    fn broken_distributions_have_no_curve() {
        let (format, unit) = (String::new(), String::new());
        let stored = HistogramRecord { format, unit, data: "HISTFAAAAA==".into() };
        assert!(curve(&stored).is_empty());
    }
}
