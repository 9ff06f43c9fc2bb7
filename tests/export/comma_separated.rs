//! CSV, read again by a reader that allows no line of another length.

use std::collections::BTreeMap;

use nanogate::export::document::Kind;

use super::{comparison, history, of_comparison, of_history, of_run, run};

type Line = BTreeMap<String, String>;

fn read(text: &str) -> Vec<Line> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

pub(super) fn names(text: &str, kind: Kind) -> Vec<String> {
    let column = if kind == Kind::History { "name" } else { "backend" };
    read(text).iter().map(|line| line[column].clone()).collect()
}

/// Every metric of every entry has a line, with all digits, its unit and its interval; modelled
/// figures have what they rest on; what the samples do not bear has no line.
#[test]
fn every_figure_has_a_line() {
    let record = run();
    let lines = read(&of_run("csv", record.clone()));
    let is_end = |metric: &&String| metric.ends_with("_low") || metric.ends_with("_high");
    let metrics = record.entries.iter().flat_map(|entry| entry.metrics.keys());
    let modelled: Vec<&Line> = lines.iter().filter(|line| !line["modelled"].is_empty()).collect();
    assert_eq!(modelled.len(), 3);
    assert!(modelled.iter().all(|line| line["metric"].starts_with("model/")), "{modelled:?}");
    assert_eq!(lines.len(), metrics.filter(|metric| !is_end(metric)).count() + 3);
    for line in lines.iter().filter(|line| line["modelled"].is_empty()) {
        let entry = record.entries.iter().find(|entry| {
            entry.backend == line["backend"] && entry.method.name() == line["method"]
        });
        let metrics = &entry.unwrap().metrics;
        let value: f64 = line["value"].parse().unwrap();
        assert_eq!(value.to_bits(), metrics[&line["metric"]].to_bits(), "{line:?}");
        let low = metrics.get(&format!("{}_low", line["metric"]));
        assert_eq!(line["low"], low.map(f64::to_string).unwrap_or_default());
    }
    assert!(lines.iter().any(|line| line["software"] == "true"));
}

/// A comparison keeps both values, the ratio with its interval, and why; null is an empty field.
#[test]
fn rows_are_whole() {
    let outcome = comparison();
    let lines = read(&of_comparison("csv", outcome.clone()));
    let rows: Vec<_> = outcome.candidates.iter().flat_map(|one| &one.rows).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(rows) {
        let number = |value: Option<f64>| value.map(|one| one.to_string()).unwrap_or_default();
        assert_eq!(line["baseline"], number(row.baseline));
        assert_eq!(line["candidate"], number(row.candidate));
        assert_eq!(line["ratio_low"], number(row.ratio.map(|ratio| ratio.low)));
        assert_eq!(line["reason"], row.reason.code());
        assert_eq!(line["unit"], row.unit);
    }
}

/// A history becomes a line per result, with the text of the action untouched.
#[test]
fn histories_become_lines() {
    let lines = read(&of_history("csv", history()));
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["suite"], "Rust Benchmark");
    assert_eq!(lines[0]["commit"], "45d78258e495");
    assert_eq!(lines[1]["range"], "± 2,802");
    assert_eq!(lines[1]["extra"], "threads: 1\n\"quoted\", 50 %");
}
