//! Go benchmark text for benchstat: a line per launch, which are its samples.
//!
//! Source: golang.org/design/14313-benchmark-format; `benchfmt/reader.go` and `benchfmt/units.go`
//! of golang/perf for what a line may hold, `Unit` lines among it. The number after the name is
//! that of the threads, and an operation is a record for throughput, a request for load, and else a
//! batch: the name says which.
//!
//! benchstat makes a table for each set of `key: value` lines, so these hold only what must agree
//! for two files to be comparable. The commit, which must not, stands in a line that it skips.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    ExportError,
    measurement::{self, parts, per},
};
use crate::report::{
    record::{Entry, RunRecord},
    simulated::RECORDS_PER_CYCLE,
};

const NAME: &str = "go";

/// What benchstat is to know of units that Go does not have.
const UNITS: &str = "\
Unit records/s better=higher
Unit records/cycle better=higher assume=exact
Unit cycles/op assume=exact
";

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let mut text = UNITS.to_owned();
    let mut count = 0;
    for run in all {
        text += &head(run);
        for line in run.entries.iter().flat_map(of_entry) {
            text += &line;
            count += 1;
        }
    }
    if count == 0 {
        let why = "it holds a time or all cycles of each entry, and there is no entry with one";
        return Err(ExportError::Nothing { format: NAME, why });
    }
    Ok(text)
}

fn head(run: &RunRecord) -> String {
    let (os, arch) = run.host.platform.split_once('-').unwrap_or((&run.host.platform, ""));
    let arch = match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut text = String::new();
    let _ = writeln!(text, "goos: {}", one_line(os));
    let _ = writeln!(text, "goarch: {}", one_line(arch));
    let _ = writeln!(text, "pkg: nanogate");
    if let Some(model) = &run.host.cpu_model {
        let _ = writeln!(text, "cpu: {}", one_line(model));
    }
    let _ = writeln!(text, "build: {}", one_line(&run.tool.profile));
    let _ = writeln!(text, "corpus: {}", one_line(&run.corpus.digest));
    let _ = writeln!(text, "# commit {}", one_line(&run.tool.commit));
    text
}

/// Text without line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of an entry. One that was measured by one launch for all has one.
fn of_entry(entry: &Entry) -> Vec<String> {
    let launches = entry.launches.iter();
    match entry.launches.as_slice() {
        [] => result(entry, entry.sample_count, &entry.metrics).into_iter().collect(),
        _ => launches.filter_map(|one| result(entry, one.sample_count, &one.metrics)).collect(),
    }
}

/// A line with the headline first, then its percentiles and the rates.
fn result(entry: &Entry, readings: u64, metrics: &BTreeMap<String, f64>) -> Option<String> {
    let headline = measurement::headline(metrics)?;
    let (headlined, _) = parts(headline.metric);
    let mut line = format!("{} {readings} {} {}/op", name(entry), headline.value, headline.unit);
    for one in measurement::of(metrics) {
        let unit = match (parts(one.metric), one.unit) {
            ((name, stat), "ns") if name == headlined && stat.starts_with('p') && stat != "p50" => {
                format!("{stat}-ns/op")
            }
            (_, "records/s") => "records/s".into(),
            (_, "bytes/s") => "B/s".into(),
            ((RECORDS_PER_CYCLE, "mean"), unit) => unit.into(),
            _ => continue,
        };
        let _ = write!(line, " {} {unit}", one.value);
    }
    Some(line + "\n")
}

fn name(entry: &Entry) -> String {
    let device = if entry.software { "/device=software" } else { "" };
    format!(
        "BenchmarkNanogate/op={}/backend={}{device}/method={}/per={}/batch={}/home={}-{}",
        entry.op.name(),
        encoded(&entry.backend),
        entry.method.name(),
        per(entry.method),
        entry.batch_len,
        encoded(&entry.footprint_home),
        entry.threads
    )
}

/// Letters, digits, dots, dashes and underscores as they are; other bytes as `%` and two digits, as
/// in a URL, so that two names stay two.
fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let mut out = String::new();
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
