//! Every result in a table that can be sorted and searched.

use super::{
    grid::{Cell, Table, numbers, words},
    palette,
    section::Section,
    units::{count, figure},
};
use crate::{
    export::measurement::{Measurement, Place, headline, parts, per},
    measure::Method,
    report::{
        ratio::Limit,
        record::{Entry, RunRecord},
    },
    stats::latency::PERCENTILES,
};

pub(super) fn section(record: &RunRecord) -> Section {
    let verified = record.entries.iter().filter(|entry| entry.verified);
    // What is set beside nothing else comes last: what a driver imitates, and before it counts.
    let rank = |entry: &&Entry| (entry.software, entry.method == Method::Cycles);
    let mut entries: Vec<&Entry> = verified.collect();
    entries.sort_by_key(rank);
    let rows: Vec<Vec<Cell>> = entries.into_iter().map(row).collect();
    let table = Table {
        title: format!("{} results", count(rows.len() as u64)),
        note: Some(
            "One row for each backend, method, batch length, number of threads and place of the \
             input. Select a column's name to sort by it: figures are ranked among their like \
             only, by unit and threads, and apart from what a driver imitates. What is absent \
             comes last.",
        ),
        search: Some("search: simd memory"),
        class: "sortable results",
        columns: vec![
            words("backend"),
            words("warnings"),
            words("method"),
            numbers("batch"),
            numbers("threads"),
            words("in"),
            words("figure"),
            numbers("value"),
            numbers("low"),
            numbers("high"),
            words("last percentile"),
            numbers("its value"),
            numbers("x reference"),
            numbers("x 1 thread"),
            numbers("% bound"),
            words("held back by"),
            numbers("readings"),
            words("not told"),
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
    // A count has no digits behind the point.
    let is_count = headline.is_some_and(|found| found.unit == "cycles");
    let shown = |value: f64| if is_count { count(value.round() as u64) } else { figure(value) };
    let realm = if entry.software { "imitated" } else { "" };
    let group = format!("{realm} {unit}, {} threads", entry.threads);
    let value_of = |found: Option<f64>| Cell::number(found, shown).within(&group);
    let (last, its_value) = last_percentile(entry, headline, &group);
    let ratio = |found: Option<f64>| Cell::number(found, figure);
    let whole = |number: usize| Cell::number(Some(number as f64), |value| count(value as u64));
    let limit = entry.bound.as_ref().and_then(|bound| bound.limit).map_or("-", Limit::name);
    let codes: Vec<&str> = entry.warnings.iter().map(|one| one.code.as_str()).collect();
    vec![
        Cell::classed(Place::of(entry).backend(), palette::class(&entry.backend)),
        Cell::text(codes.join(" ")),
        Cell::text(entry.method.name()),
        whole(entry.batch_len),
        whole(entry.threads),
        Cell::text(entry.footprint_home.as_str()),
        Cell::text(unit),
        value_of(value),
        value_of(interval.map(|(low, _)| low)),
        value_of(interval.map(|(_, high)| high)),
        last,
        its_value,
        ratio(entry.speedup.as_ref().map(|found| found.ratio.value)),
        ratio(entry.scaling.as_ref().map(|found| found.ratio.value)),
        ratio(share(entry).map(|share| 100.0 * share)),
        Cell::text(limit),
        whole(entry.sample_count as usize),
        untold(entry),
    ]
}

/// The share of what bounds an entry that it reaches.
fn share(entry: &Entry) -> Option<f64> {
    let roof = entry.bound.as_ref().map(|bound| bound.fraction.value);
    roof.or_else(|| entry.cycles.as_ref().map(|cycles| cycles.bound.fraction))
}

/// The last percentile that the readings bear, and its value: a p99 is ranked with no p99.9.
fn last_percentile(entry: &Entry, headline: Option<Measurement<'_>>, group: &str) -> (Cell, Cell) {
    let told = |(stat, _): (&'static str, f64)| {
        let (name, _) = parts(headline?.metric);
        Some((stat, entry.metric(name, stat).filter(|_| stat != "p50")?))
    };
    match PERCENTILES.into_iter().rev().find_map(told) {
        Some((stat, value)) => {
            let group = format!("{group}, {stat}");
            (Cell::text(stat), Cell::number(Some(value), figure).within(&group))
        }
        None => (Cell::text("-"), Cell::number(None, figure).within(group)),
    }
}

/// What the samples do not bear, with the reasons.
fn untold(entry: &Entry) -> Cell {
    let reasons = entry.absent.iter().map(|(metric, reason)| format!("{metric}: {reason}"));
    let reasons: Vec<String> = reasons.collect();
    let text = if reasons.is_empty() { "-".into() } else { format!("{} absent", reasons.len()) };
    Cell::text(text).told(reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

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
        assert!(texts(1).contains(&"p99") && texts(1).contains(&"1,210"), "{:?}", texts(1));
        let more = table.rows[1].last().unwrap().more.as_ref().unwrap();
        assert!(more.contains("host/end_to_end/p99.999: has 1 of 10 readings beyond it"));
        let absent = (0..table.rows.len()).find(|row| texts(*row)[6] == "-").unwrap();
        assert_eq!(texts(absent)[6..12], ["-"; 6]);
        assert_eq!(texts(table.rows.len() - 1)[0], "gpu-wgpu (software)");
    }

    /// Figures of different units, teams or realms are never ranked with one another.
    #[test]
    fn only_likes_are_ranked() {
        let record: RunRecord =
            serde_json::from_str(include_str!("../../../tests/fixtures/full-run.json")).unwrap();
        let table = &section(&record).tables[0];
        let column = |name: &str| table.columns.iter().position(|one| one.name == name).unwrap();
        let [threads, unit, value] = ["threads", "figure", "value"].map(column);
        let mut groups: BTreeMap<&str, BTreeSet<(&str, &str, bool)>> = BTreeMap::new();
        for row in &table.rows {
            let group = row[value].group.as_ref().unwrap();
            let is_imitated = row[0].text.ends_with("(software)");
            let of = (row[threads].text.as_str(), row[unit].text.as_str(), is_imitated);
            groups.entry(group).or_default().insert(of);
        }
        assert!(groups.len() > 5 && groups.values().all(|likes| likes.len() == 1), "{groups:?}");
    }
}
