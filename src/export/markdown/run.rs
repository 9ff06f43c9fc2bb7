//! A run: a row per entry with its headline, modelled figures apart, warnings and what is missing.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Page, code, row};
use crate::{
    export::{
        date::utc,
        measurement::{ModelledFigure, Place, headline, modelled, parts, per},
        number::short,
        status::fault,
    },
    plural::counted,
    report::record::{Entry, RunRecord},
};

const HEADER: [&str; 7] = ["what", "figure", "value", "95 % interval", "p99", "% roof", "warnings"];

const MODELLED: &str = "Modelled, not measured: cycles at the clock of a place-and-route report";

pub(super) fn put(page: &mut Page, record: &RunRecord) {
    page.block(&heading(record), &[], "");
    let rows: Vec<String> = record.entries.iter().map(line).collect();
    page.table("", &HEADER, &rows);
    let rows: Vec<String> = record.entries.iter().flat_map(modelled_lines).collect();
    page.table(MODELLED, &["what", "figure", "value", "basis"], &rows);
    let remarks = remarks(record);
    if !remarks.is_empty() {
        page.block("Warnings, and what was left out:", &[], "");
        page.block(&remarks[0], &remarks[1..], "");
    }
}

fn heading(record: &RunRecord) -> String {
    let status = fault(record.status)
        .map_or_else(|| "complete".into(), |(kind, says)| format!("**{kind}**: {says}"));
    let (tool, host) = (&record.tool, &record.host);
    let mut text = format!(
        "## nanogate: run of {} UTC, {status}\n\nProgram {} {} {}, {}.",
        utc(record.started_unix_s),
        code(&tool.version),
        code(&tool.commit),
        code(&tool.profile),
        counted(record.launches.len(), "launch")
    );
    if let Some(model) = &host.cpu_model {
        let _ = write!(text, " Host {}, {} cores.", code(model), host.cores_usable);
    }
    text
}

fn line(entry: &Entry) -> String {
    let what = code(&Place::of(entry).to_string());
    let codes: Vec<&str> = entry.warnings.iter().map(|one| one.code.as_str()).collect();
    let warnings = if codes.is_empty() { String::new() } else { code(&codes.join(" ")) };
    let percent = |fraction: f64| format!("{:.1}", 100.0 * fraction);
    let roof = entry.bound.as_ref().map(|bound| percent(bound.fraction.value));
    let Some(figure) = headline(&entry.metrics) else {
        let why = entry.absent.values().next().map_or_else(String::new, |why| code(why));
        let absent = format!("absent: {why}");
        return row(&[what, "-".into(), absent, "-".into(), "-".into(), "-".into(), warnings]);
    };
    let (name, _) = parts(figure.metric);
    let interval = figure.interval.map(|(low, high)| format!("{} to {}", short(low), short(high)));
    let dash = |cell: Option<String>| cell.unwrap_or_else(|| "-".into());
    row(&[
        what,
        code(&format!("{} per {}", figure.metric, per(entry.method))),
        format!("{} {}", short(figure.value), figure.unit),
        dash(interval),
        dash(entry.metric(name, "p99").map(short)),
        dash(roof),
        warnings,
    ])
}

fn modelled_lines(entry: &Entry) -> Vec<String> {
    let line = |one: ModelledFigure<'_>| {
        let places = if one.unit == "ns" { 3 } else { 0 };
        row(&[
            code(&Place::of(entry).to_string()),
            code(one.metric),
            format!("{:.places$} {}", one.figure, one.unit),
            code(&one.basis()),
        ])
    };
    modelled(entry).into_iter().map(line).collect()
}

/// Warnings with one message for each code, and backends that were left out.
fn remarks(record: &RunRecord) -> Vec<String> {
    let mut kinds: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for warning in record.entries.iter().flat_map(|entry| &entry.warnings) {
        kinds.entry(warning.code.as_str()).or_insert((0, warning.message.as_str())).0 += 1;
    }
    let whole = record.warnings.iter();
    let whole = whole.map(|one| format!("- {}: {}", code(&one.code), code(&one.message)));
    let entries = kinds.into_iter().map(|(kind, (count, message))| {
        format!("- {}: {}, such as: {}", code(kind), counted(count, "entry"), code(message))
    });
    let skipped = record.skipped.iter();
    let skipped =
        skipped.map(|one| format!("- skipped {}: {}", code(&one.backend), code(&one.reason)));
    whole.chain(entries).chain(skipped).collect()
}
