//! Every result in a table that can be sorted and searched.

use super::{
    grid::{Cell, Table, numbers, prose, words},
    palette,
    section::Section,
    units::{count, figure},
};
use crate::{
    export::measurement::{Measurement, Place, headline, parts, per},
    report::{
        ratio::Limit,
        record::{Entry, RunRecord},
    },
    stats::latency::PERCENTILES,
};

pub(super) fn section(record: &RunRecord) -> Section {
    let rows: Vec<Vec<Cell>> = record.entries.iter().map(row).collect();
    let table = Table {
        title: format!("{} results", count(rows.len() as u64)),
        note: Some(
            "One row for each backend, method, batch length, number of threads and place of the \
             input. Select a column's name to sort by it; what is absent comes last.",
        ),
        search: Some("search: simd memory"),
        class: "sortable results",
        columns: vec![
            words("backend"),
            words("method"),
            numbers("batch"),
            numbers("threads"),
            words("in"),
            words("figure"),
            numbers("value"),
            numbers("low"),
            numbers("high"),
            numbers("last percentile"),
            numbers("x reference"),
            numbers("x 1 thread"),
            numbers("% bound"),
            words("held back by"),
            numbers("readings"),
            words("warnings"),
            prose("not told"),
        ],
        rows,
    };
    Section::new("results", "All results").table(table)
}

fn row(entry: &Entry) -> Vec<Cell> {
    let headline = headline(&entry.metrics);
    let unit =
        headline.map_or("-".into(), |found| format!("{} per {}", found.unit, per(entry.method)));
    let value = headline.map(|found| found.value);
    let interval = headline.and_then(|found| found.interval);
    let ratio = |found: Option<f64>| Cell::number(found, figure);
    let whole = |number: usize| Cell::number(Some(number as f64), |value| count(value as u64));
    let limit = entry.bound.as_ref().and_then(|bound| bound.limit).map_or("-", Limit::name);
    let codes: Vec<&str> = entry.warnings.iter().map(|one| one.code.as_str()).collect();
    vec![
        Cell::classed(Place::of(entry).backend(), palette::class(&entry.backend)),
        Cell::text(entry.method.name()),
        whole(entry.batch_len),
        whole(entry.threads),
        Cell::text(entry.footprint_home.as_str()),
        Cell::text(unit),
        ratio(value),
        ratio(interval.map(|(low, _)| low)),
        ratio(interval.map(|(_, high)| high)),
        last_percentile(entry, headline),
        ratio(entry.speedup.as_ref().map(|found| found.ratio.value)),
        ratio(entry.scaling.as_ref().map(|found| found.ratio.value)),
        ratio(share(entry).map(|share| 100.0 * share)),
        Cell::text(limit),
        whole(entry.sample_count as usize),
        Cell::text(codes.join(" ")),
        Cell::prose(untold(entry)),
    ]
}

/// The share of what bounds an entry that it reaches.
fn share(entry: &Entry) -> Option<f64> {
    let roof = entry.bound.as_ref().map(|bound| bound.fraction.value);
    roof.or_else(|| entry.cycles.as_ref().map(|cycles| cycles.bound.fraction))
}

/// The last percentile that the readings bear.
fn last_percentile(entry: &Entry, headline: Option<Measurement<'_>>) -> Cell {
    let told = |(stat, _): (&'static str, f64)| {
        let (name, _) = parts(headline?.metric);
        Some((stat, entry.metric(name, stat).filter(|_| stat != "p50")?))
    };
    match PERCENTILES.into_iter().rev().find_map(told) {
        Some((stat, value)) => {
            Cell::number(Some(value), |value| format!("{stat}: {}", figure(value)))
        }
        None => Cell::number(None, figure),
    }
}

/// What the samples do not bear, with the reason.
fn untold(entry: &Entry) -> String {
    let mut absent = entry.absent.iter();
    let Some((metric, reason)) = absent.next() else { return String::new() };
    let more = absent.count();
    let more = if more > 0 { format!("; {more} more absent") } else { String::new() };
    format!("absent: {metric} ({reason}){more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = include_str!("../../../tests/fixtures/run.json");

    /// The cells of a row are as many as the columns; what is absent says so, and is no number.
    #[test]
    fn rows_fit_the_columns() {
        let record: RunRecord = serde_json::from_str(RUN).unwrap();
        let section = section(&record);
        let table = &section.tables[0];
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        assert_eq!(table.rows.len(), record.entries.len());
        let texts = |row: usize| -> Vec<&str> {
            table.rows[row].iter().map(|cell| cell.text.as_str()).collect()
        };
        assert!(texts(1).contains(&"p99: 1,210") || texts(1).contains(&"p99: 1,211"));
        assert!(
            texts(1).contains(&"absent: host/end_to_end/p99.999 (has 1 of 10 readings beyond it)")
        );
        let absent = record.entries.iter().position(|entry| entry.metrics.is_empty()).unwrap();
        assert_eq!(texts(absent)[5..10], ["-"; 5]);
        assert_eq!(texts(2)[0], "gpu-wgpu (software)");
    }
}
