//! How the readings of each entry are distributed, drawn.

use super::{
    columns::{self, Columns},
    digits, place,
};
use crate::{
    clock::HostNanos,
    report::{
        record::{Entry, HistogramRecord},
        screen::Glyphs,
        sparkline,
    },
    stats::latency::Histogram,
};

/// Bars of a distribution.
const STEPS: usize = 24;

pub(super) const TITLE: &str = "\
Distributions: ns, from the least reading to the greatest, in steps that are each as many times as \
long as the one before";

/// One row for each distribution that is kept. `None` without any.
pub(super) fn of(entries: &[Entry], glyphs: Glyphs) -> Option<Columns> {
    let header = [
        "backend",
        "threads",
        "batch",
        "in",
        "of",
        "readings",
        "least",
        "distribution",
        "greatest",
    ];
    let rows: Vec<Vec<String>> = entries.iter().flat_map(|entry| rows(entry, glyphs)).collect();
    (!rows.is_empty()).then(|| columns::table(&header, 1, rows).sparing(&["readings"]))
}

/// The distribution of latency, and those of a load.
fn rows(entry: &Entry, glyphs: Glyphs) -> Vec<Vec<String>> {
    let own = entry.histogram.iter().map(|histogram| (entry.method.name(), histogram));
    let of_load = entry.load.iter().flat_map(|load| &load.histograms);
    let all = own.chain(of_load.map(|(name, histogram)| (name.as_str(), histogram)));
    all.filter_map(|(of, histogram)| row(entry, of, histogram, glyphs)).collect()
}

/// `None` where nothing was read, or what was stored is no histogram.
fn row(entry: &Entry, of: &str, stored: &HistogramRecord, glyphs: Glyphs) -> Option<Vec<String>> {
    let histogram = Histogram::<HostNanos>::from_base64(&stored.data).ok()?;
    if histogram.is_empty() {
        return None;
    }
    let mut row = place(&super::name(entry), entry);
    row.extend([
        of.to_owned(),
        histogram.len().to_string(),
        digits(histogram.min_ns()),
        sparkline::of(&histogram.counts_by_logarithm(STEPS), glyphs),
        digits(histogram.max_ns()),
    ]);
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::RunRecord;

    /// Each distribution of a record is a row of as many bars, in either set of characters, and
    /// what is none is left out.
    #[test]
    fn distributions_are_drawn() {
        let fixture = include_str!("../../../tests/fixtures/full-run.json");
        let mut record: RunRecord = serde_json::from_str(fixture).unwrap();
        let stored = record.entries.iter().filter(|entry| entry.histogram.is_some()).count();
        assert!(stored > 0, "the fixture has latency");
        let shown = of(&record.entries, Glyphs::Ascii).unwrap();
        assert!(shown.row_count() >= stored && shown.to_string().is_ascii(), "{shown}");
        assert!(shown.to_string().contains('@'), "{shown}");
        for entry in &mut record.entries {
            entry.load = None;
            if let Some(histogram) = &mut entry.histogram {
                histogram.data = "no histogram".into();
            }
        }
        assert!(of(&record.entries, Glyphs::Unicode).is_none());
    }
}
