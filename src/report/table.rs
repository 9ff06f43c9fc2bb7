//! The tables that a run shows on the terminal.

mod device;
mod distribution;
mod load;
mod simulated;
mod spread;

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    columns::{self, Columns},
    counters, prose,
    ratio::{Bound, Limit, Speedup},
    record::{END_TO_END, Entry, RunRecord, Status, UPLOAD_ONLY},
    screen::Screen,
};
use crate::{
    measure::{Method, empty::Zero},
    plural::counted,
    stats::latency::PERCENTILES,
};

pub use device::verdict as break_even_verdict;

/// How much a run is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What was measured.
    Figures,
    /// Also how the readings spread.
    Spread,
}

/// All that a run has to say: tables, warnings with their codes explained, skipped backends.
#[must_use]
pub fn render(record: &RunRecord, detail: Detail, screen: &Screen) -> String {
    let mut text = String::new();
    for method in Method::ALL {
        let entries: Vec<&Entry> =
            record.entries.iter().filter(|entry| entry.method == method).collect();
        if entries.is_empty() {
            continue;
        }
        let found = match method {
            Method::Throughput => vec![(THROUGHPUT_TITLE, throughput(&entries))],
            Method::Latency => vec![(LATENCY_TITLE, latency(&entries))],
            Method::Load => load::tables(&entries),
            Method::Cycles => simulated::tables(&entries, screen.glyphs),
            _ => device::of_method(method, &entries).into_iter().collect(),
        };
        for (title, table) in found {
            push_table(&mut text, title, &table, screen);
        }
    }
    if detail == Detail::Spread {
        let found = [
            spread::of(&record.entries).map(|table| (spread::TITLE, table)),
            distribution::of(&record.entries, screen.glyphs)
                .map(|table| (distribution::TITLE, table)),
        ];
        for (title, table) in found.into_iter().flatten() {
            push_table(&mut text, title, &table, screen);
        }
    }
    text + &prose::fit(&footer(record), screen)
}

fn push_table(text: &mut String, title: &str, table: &Columns, screen: &Screen) {
    let _ = writeln!(text, "{}\n{}\n", prose::fit(title, screen), table.on(screen));
}

const THROUGHPUT_TITLE: &str = "\
Throughput: back-to-back batches, all threads together, median ns per record, 95 % interval";
/// The row of what bounds the rows below it: of a processor, and of a device.
const ROOF_NAME: &str = "(read only)";
const UPLOAD_NAME: &str = "(upload only)";
const LATENCY_TITLE: &str =
    "Latency: one batch per reading, ns per batch, percentiles where earned";

fn throughput(entries: &[&Entry]) -> Columns {
    let header = [
        "backend",
        "threads",
        "batch",
        "in",
        "ns/record",
        "+-%",
        "Mrec/s",
        "GB/s",
        "x ref",
        "x 1 thr",
        "% roof",
        "bound by",
        "warnings",
    ];
    let mut rows = Vec::new();
    let mut group = None;
    for entry in entries {
        let bound = entry.bound.as_ref().map(|bound| &bound.metric);
        let this = (entry.batch_len, &entry.footprint_home, entry.threads, bound);
        if group != Some(this) {
            group = Some(this);
            rows.extend(entry.bound.as_ref().map(|bound| roof(entry, bound)));
        }
        rows.push(throughput_row(entry));
    }
    columns::table(&header, 1, rows).sparing(&["GB/s", "bound by", "Mrec/s", "% roof", "x 1 thr"])
}

/// The backend, labelled where a driver imitates its device.
fn name(entry: &Entry) -> String {
    labelled(&entry.backend, entry)
}

/// A name for a row of what `entry` was measured on.
fn labelled(name: &str, entry: &Entry) -> String {
    let label = if entry.software { " (software)" } else { "" };
    format!("{name}{label}")
}

/// The columns that say what was measured where.
fn place(name: &str, entry: &Entry) -> Vec<String> {
    let batch_len = entry.batch_len.to_string();
    vec![name.into(), entry.threads.to_string(), batch_len, entry.footprint_home.clone()]
}

/// What reading the input alone takes.
fn roof(entry: &Entry, bound: &Bound) -> Vec<String> {
    let name = if bound.metric == UPLOAD_ONLY { UPLOAD_NAME } else { ROOF_NAME };
    let mut row = place(&labelled(name, entry), entry);
    let rate = 1e9 / bound.value;
    row.extend([digits(bound.value), "-".into(), digits(rate / 1e6)]);
    row.push(digits(rate * entry.op.input_bytes() as f64 / 1e9));
    row.resize(13, String::new());
    row
}

fn throughput_row(entry: &Entry) -> Vec<String> {
    let median = entry.median();
    let per_s = |metric: &str, unit: f64| number(entry.metric(metric, "p50").map(|v| v / unit));
    let times = |speedup: &Option<Speedup>| number(speedup.as_ref().map(|one| one.ratio.value));
    let bound = entry.bound.as_ref();
    let mut row = place(&name(entry), entry);
    row.extend([
        number(median.map(|median| median.value)),
        number(median.map(|median| 100.0 * median.relative_half_width())),
        per_s("host/records_per_s", 1e6),
        per_s("host/input_bytes_per_s", 1e9),
        times(&entry.speedup),
        times(&entry.scaling),
        number(bound.map(|bound| 100.0 * bound.fraction.value)),
        bound.and_then(|bound| bound.limit).map_or("-", Limit::name).into(),
        codes(entry),
    ]);
    row
}

fn latency(entries: &[&Entry]) -> Columns {
    let mut header = vec!["backend", "batch", "in", "readings"];
    header.extend(PERCENTILES.map(|(name, _)| name));
    header.extend(["max", "warnings"]);
    let rows = entries.iter().map(|entry| {
        let mut row = vec![
            name(entry),
            entry.batch_len.to_string(),
            entry.footprint_home.clone(),
            entry.sample_count.to_string(),
        ];
        row.extend(PERCENTILES.map(|(name, _)| number(entry.metric(END_TO_END, name))));
        row.extend([number(entry.metric(END_TO_END, "max")), codes(entry)]);
        row
    });
    columns::table(&header, 1, rows).sparing(&["readings", "p90", "p99.999", "p99.99", "p99.9"])
}

fn codes(entry: &Entry) -> String {
    entry.warnings.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>().join(" ")
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), digits)
}

/// Three significant digits, and no more than are there.
fn digits(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        magnitude if magnitude >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A whole number with a comma before each three digits.
pub(crate) fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let separated = |(index, digit): (usize, char)| {
        let comma = index > 0 && (digits.len() - index).is_multiple_of(3);
        [comma.then_some(','), Some(digit)]
    };
    let digits: String = digits.chars().enumerate().flat_map(separated).flatten().collect();
    format!("{sign}{digits}")
}

/// What holds for the whole run.
fn footer(record: &RunRecord) -> String {
    let mut text = String::new();
    let host = &record.host;
    let _ = writeln!(
        text,
        "host      {}, {}, {}",
        host.cpu_model.as_deref().unwrap_or("unknown processor"),
        counted(host.cores_usable, "core"),
        host.platform
    );
    let quality = record.timer.quality.to_string().replace('\n', "\n          ");
    let _ = writeln!(text, "timer     {quality}");
    let _ = write!(text, "{}", empty(record));
    if let Some(line) = counters::line(&record.counters) {
        let _ = writeln!(text, "counters  {line}");
    }
    let corpus = &record.corpus;
    let _ = writeln!(
        text,
        "corpus    {}, {} descriptors, sha256 {:.12}, seed {}, {} faults per 1,000",
        corpus.source, corpus.descriptor_count, corpus.digest, corpus.seed, corpus.faults_permille
    );
    let _ = writeln!(text, "{}", launches(record));
    let _ = writeln!(
        text,
        "verified  before, while and after measuring, byte for byte: {} of {} entries",
        record.entries.iter().filter(|entry| entry.verified).count(),
        record.entries.len(),
    );
    text += &device::footer(record);
    text += &simulated::footer(record);
    for warning in &record.warnings {
        let _ = writeln!(text, "warning   {}: {}", warning.code, warning.message);
    }
    for (code, (count, message)) in entry_warnings(record) {
        let _ = writeln!(text, "warning   {code}: {}, such as: {message}", counted(count, "entry"));
    }
    for skipped in &record.skipped {
        let _ = writeln!(text, "skipped   {}: {}", skipped.backend, skipped.reason);
    }
    if record.status == Status::Interrupted {
        let _ = writeln!(text, "stopped   interrupted; what was measured is kept");
    }
    text
}

/// The processes that measured.
fn launches(record: &RunRecord) -> String {
    let [first, ..] = record.launches.as_slice() else { return String::new() };
    format!(
        "launches  {} of {}, layouts drawn with --layout-seed {}",
        record.launches.len(),
        first.of,
        first.layout_seed
    )
}

/// What nothing takes, and that it reads as nothing.
fn empty(record: &RunRecord) -> String {
    let Some(empty) = &record.timer.empty else { return String::new() };
    let row = |what: &str, zero: &Zero| {
        format!(
            "empty     {what}: {} ns; less a control {:.3} ns, interval {:.3} to {:.3}, \
             resolution {:.3}\n",
            digits(zero.gross_ns),
            zero.net_ns.value,
            zero.net_ns.low,
            zero.net_ns.high,
            zero.resolution_ns
        )
    };
    row("per batch", &empty.throughput) + &row("per reading", &empty.latency)
}

/// Per code, how many entries have it, and the first message.
fn entry_warnings(record: &RunRecord) -> BTreeMap<&str, (usize, &str)> {
    let mut kinds = BTreeMap::new();
    for warning in record.entries.iter().flat_map(|entry| &entry.warnings) {
        kinds.entry(warning.code.as_str()).or_insert((0, warning.message.as_str())).0 += 1;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers show three significant digits at every size.
    #[test]
    fn digits_follow_the_size() {
        assert_eq!(
            [0.3333, 4.567, 45.67, 456.7, 45_678.9].map(digits),
            ["0.333", "4.57", "45.7", "457", "45679"]
        );
    }
}
