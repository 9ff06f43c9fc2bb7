//! The tables that a run shows on the terminal.

use std::{collections::BTreeMap, fmt::Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::record::{END_TO_END, Entry, RunRecord, Status};
use crate::{measure::Method, stats::latency::PERCENTILES};

/// All that a run has to say: tables, warnings with their codes explained, skipped backends.
#[must_use]
pub fn render(record: &RunRecord) -> String {
    let mut text = String::new();
    for method in Method::ALL {
        let entries: Vec<&Entry> =
            record.entries.iter().filter(|entry| entry.method == method).collect();
        if entries.is_empty() {
            continue;
        }
        let (title, table) = match method {
            Method::Throughput => (THROUGHPUT_TITLE, throughput(&entries)),
            Method::Latency => (LATENCY_TITLE, latency(&entries)),
        };
        let _ = writeln!(text, "{title}\n{table}\n");
    }
    let _ = write!(text, "{}", footer(record));
    text
}

const THROUGHPUT_TITLE: &str =
    "Throughput: back-to-back batches, median ns per record with its 95 % interval";
const LATENCY_TITLE: &str =
    "Latency: one batch per reading, ns per batch, percentiles where earned";

/// A table whose columns from `left` on are aligned to the right.
fn table(header: &[&str], rows: Vec<Vec<String>>, left: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn throughput(entries: &[&Entry]) -> Table {
    let header = [
        "backend",
        "verified",
        "batch",
        "in",
        "ns/record",
        "interval",
        "Mrec/s",
        "GB/s",
        "x ref",
        "warnings",
    ];
    let rows = entries.iter().map(|entry| {
        let median = entry.median();
        let per_s = |metric: &str, unit: f64| number(entry.metric(metric, "p50").map(|v| v / unit));
        vec![
            entry.backend.clone(),
            verified(entry),
            entry.batch_len.to_string(),
            entry.footprint_home.clone(),
            number(median.map(|median| median.value)),
            median.map_or("-".into(), |m| format!("{}..{}", digits(m.low), digits(m.high))),
            per_s("host/records_per_s", 1e6),
            per_s("host/input_bytes_per_s", 1e9),
            number(entry.speedup.as_ref().map(|speedup| speedup.ratio.value)),
            codes(entry),
        ]
    });
    table(&header, rows.collect(), 2)
}

fn latency(entries: &[&Entry]) -> Table {
    let mut header = vec!["backend", "verified", "batch", "readings"];
    header.extend(PERCENTILES.map(|(name, _)| name));
    header.extend(["max", "warnings"]);
    let rows = entries.iter().map(|entry| {
        let mut row = vec![
            entry.backend.clone(),
            verified(entry),
            entry.batch_len.to_string(),
            entry.sample_count.to_string(),
        ];
        row.extend(PERCENTILES.map(|(name, _)| number(entry.metric(END_TO_END, name))));
        row.extend([number(entry.metric(END_TO_END, "max")), codes(entry)]);
        row
    });
    table(&header, rows.collect(), 2)
}

fn verified(entry: &Entry) -> String {
    if entry.verified { "yes" } else { "NO" }.into()
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

/// What holds for the whole run.
fn footer(record: &RunRecord) -> String {
    let mut text = String::new();
    let host = &record.host;
    let _ = writeln!(
        text,
        "host      {}, {} cores, {}",
        host.cpu_model.as_deref().unwrap_or("unknown processor"),
        host.cores_usable,
        host.platform
    );
    let quality = &record.timer.quality;
    let _ = writeln!(
        text,
        "timer     {:?}, resolution {:.1} ns, overhead {:.1} ns (empty operation: {} ns per batch, \
         {} ns per reading)",
        quality.source,
        quality.resolution_ns,
        quality.overhead_ns,
        number(record.timer.empty_throughput_ns.map(|estimate| estimate.value)),
        number(record.timer.empty_latency_ns),
    );
    let corpus = &record.corpus;
    let _ = writeln!(
        text,
        "corpus    {}, {} descriptors, sha256 {:.12}, seed {}, {} faults per 1,000",
        corpus.source, corpus.descriptor_count, corpus.digest, corpus.seed, corpus.faults_permille
    );
    let _ = writeln!(
        text,
        "verified  before and after measuring, byte for byte: {} of {} entries",
        record.entries.iter().filter(|entry| entry.verified).count(),
        record.entries.len(),
    );
    for warning in &record.warnings {
        let _ = writeln!(text, "warning   {}: {}", warning.code, warning.message);
    }
    for (code, (count, message)) in entry_warnings(record) {
        let _ = writeln!(text, "warning   {code}: {count} entries, such as: {message}");
    }
    for skipped in &record.skipped {
        let _ = writeln!(text, "skipped   {}: {}", skipped.backend, skipped.reason);
    }
    if record.status == Status::Interrupted {
        let _ = writeln!(text, "stopped   interrupted; what was measured is kept");
    }
    text
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
