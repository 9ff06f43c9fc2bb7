//! CSV with every figure, a row each.
//!
//! Source: RFC 4180 for quoting; lines end with LF. Numbers have all their digits, and no unit:
//! that is a column. What is absent has an empty field.

use serde::Serialize;

use super::{
    ExportError,
    history::{Bench, History, Run, Suite},
    measurement::{self, modelled},
};
use crate::{
    gate::outcome::{Candidate, Outcome, Row},
    report::record::{Entry, RunRecord},
};

pub(super) const NAME: &str = "csv";

#[derive(Serialize)]
struct RunRow<'r> {
    commit: &'r str,
    started_unix_s: u64,
    backend: &'r str,
    software: bool,
    op: &'static str,
    method: &'static str,
    batch_len: usize,
    threads: usize,
    home: &'r str,
    metric: &'r str,
    unit: &'static str,
    value: String,
    low: Option<String>,
    high: Option<String>,
    modelled: Option<String>,
    readings: u64,
    launches: usize,
    warnings: String,
}

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let entries = all.iter().flat_map(|run| run.entries.iter().map(move |entry| (run, entry)));
    write(entries.flat_map(|(run, entry)| of_entry(run, entry)))
}

fn of_entry<'r>(run: &'r RunRecord, entry: &'r Entry) -> Vec<RunRow<'r>> {
    let codes: Vec<&str> = entry.warnings.iter().map(|warning| warning.code.as_str()).collect();
    let row = |metric, unit, value: String| RunRow {
        commit: &run.tool.commit,
        started_unix_s: run.started_unix_s,
        backend: &entry.backend,
        software: entry.software,
        op: entry.op.name(),
        method: entry.method.name(),
        batch_len: entry.batch_len,
        threads: entry.threads,
        home: &entry.footprint_home,
        metric,
        unit,
        value,
        low: None,
        high: None,
        modelled: None,
        readings: entry.sample_count,
        launches: entry.launches.len().max(1),
        warnings: codes.join(" "),
    };
    let measured = measurement::of(&entry.metrics).into_iter().map(|one| RunRow {
        low: one.interval.map(|(low, _)| low.to_string()),
        high: one.interval.map(|(_, high)| high.to_string()),
        ..row(one.metric, one.unit, one.value.to_string())
    });
    let modelled = modelled(entry).into_iter().map(|one| RunRow {
        modelled: Some(one.basis()),
        ..row(one.metric, one.unit, one.figure.to_string())
    });
    measured.chain(modelled).collect()
}

#[derive(Serialize)]
struct ComparisonRow<'o> {
    baseline_name: &'o str,
    candidate_name: &'o str,
    backend: &'o str,
    op: &'static str,
    method: &'o str,
    batch_len: usize,
    threads: usize,
    home: &'o str,
    metric: &'o str,
    unit: &'o str,
    baseline: Option<String>,
    candidate: Option<String>,
    ratio: Option<String>,
    ratio_low: Option<String>,
    ratio_high: Option<String>,
    p_value: Option<String>,
    p_adjusted: Option<String>,
    verdict: &'static str,
    reason: &'static str,
    effect: &'static str,
    soft_percent: Option<String>,
    hard: Option<String>,
    muted_until: Option<&'o str>,
    mute_reason: Option<&'o str>,
    launches: u32,
}

pub(super) fn of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    let candidates = all.iter().flat_map(|one| one.candidates.iter().map(move |c| (one, c)));
    write(candidates.flat_map(|(outcome, candidate)| {
        candidate.rows.iter().map(move |row| of_row(outcome, candidate, row))
    }))
}

fn of_row<'o>(outcome: &'o Outcome, candidate: &'o Candidate, row: &'o Row) -> ComparisonRow<'o> {
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    ComparisonRow {
        baseline_name: &outcome.baseline.name,
        candidate_name: &candidate.side.name,
        backend: &row.key.backend,
        op: row.key.op.name(),
        method: &row.key.method,
        batch_len: row.key.batch_len,
        threads: row.key.threads,
        home: &row.key.home,
        metric: &row.key.metric,
        unit: &row.unit,
        baseline: number(row.baseline),
        candidate: number(row.candidate),
        ratio: number(row.ratio.map(|ratio| ratio.value)),
        ratio_low: number(row.ratio.map(|ratio| ratio.low)),
        ratio_high: number(row.ratio.map(|ratio| ratio.high)),
        p_value: number(row.p_value),
        p_adjusted: number(row.p_adjusted),
        verdict: row.verdict.name(),
        reason: row.reason.code(),
        effect: row.effect.name(),
        soft_percent: number(row.limit.and_then(|limit| limit.soft_percent)),
        hard: number(row.limit.and_then(|limit| limit.hard)),
        muted_until: row.mute.as_ref().map(|mute| mute.until.as_str()),
        mute_reason: row.mute.as_ref().map(|mute| mute.reason.as_str()),
        launches: row.launches,
    }
}

#[derive(Serialize)]
struct HistoryRow<'h> {
    suite: &'h str,
    commit: Option<&'h str>,
    date_unix_ms: Option<i64>,
    tool: Option<&'h str>,
    name: &'h str,
    unit: &'h str,
    value: String,
    range: Option<&'h str>,
    extra: Option<&'h str>,
}

pub(super) fn of_histories(all: &[History]) -> Result<String, ExportError> {
    let suites = all.iter().flat_map(|history| &history.suites);
    let runs = suites.flat_map(|suite| suite.runs.iter().map(move |run| (suite, run)));
    write(
        runs.flat_map(|(suite, run)| {
            run.benches.iter().map(move |bench| of_bench(suite, run, bench))
        }),
    )
}

fn of_bench<'h>(suite: &'h Suite, run: &'h Run, bench: &'h Bench) -> HistoryRow<'h> {
    HistoryRow {
        suite: &suite.name,
        commit: run.commit.as_ref().map(|commit| commit.id.as_str()),
        date_unix_ms: run.date,
        tool: run.tool.as_deref(),
        name: &bench.name,
        unit: &bench.unit,
        value: bench.value.to_string(),
        range: bench.range.as_deref(),
        extra: bench.extra.as_deref(),
    }
}

fn write(rows: impl Iterator<Item = impl Serialize>) -> Result<String, ExportError> {
    let format = NAME;
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .serialize(row)
            .map_err(|error| ExportError::Write { format, why: error.to_string() })?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| ExportError::Write { format, why: error.to_string() })?;
    let text = String::from_utf8(bytes)
        .map_err(|error| ExportError::Write { format, why: error.to_string() })?;
    if text.is_empty() {
        return Err(ExportError::Nothing { format, why: "it has no figures" });
    }
    Ok(text)
}
