//! How the readings of each entry spread, and what each launch found.

use super::{
    columns::{self, Columns},
    digits, name, number, place,
};
use crate::{
    measure::Method,
    report::{
        launch::{SteadyRecord, SteadyState},
        record::{END_TO_END, Entry, NET_END_TO_END, NET_PER_RECORD, PER_RECORD},
    },
};

pub(super) const TITLE: &str = "\
Spread: ns per record of throughput and ns per batch of latency; net is less an empty operation";

/// What a narrow screen goes without, the first of them first.
const SPARED: [&str; 9] =
    ["peak MiB", "cpu %", "mad", "cv %", "mean", "net", "steady ms", "launches", "readings"];

/// One row for each entry that takes host time in every launch. `None` without any.
pub(super) fn of(entries: &[Entry]) -> Option<Columns> {
    let header = [
        "backend",
        "threads",
        "batch",
        "in",
        "method",
        "launches",
        "readings",
        "steady ms",
        "p50",
        "net",
        "mean",
        "stdev",
        "cv %",
        "mad",
        "min",
        "max",
        "peak MiB",
        "cpu %",
        "p50 of each launch",
    ];
    let rows: Vec<Vec<String>> = entries.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| columns::table(&header, 1, rows).sparing(&SPARED))
}

fn row(entry: &Entry) -> Option<Vec<String>> {
    let (metric, net) = match entry.method {
        Method::Throughput => (PER_RECORD, NET_PER_RECORD),
        Method::Latency => (END_TO_END, NET_END_TO_END),
        _ => return None,
    };
    let of = |stat: &str| number(entry.metric(metric, stat));
    let mut row = place(&name(entry), entry);
    row.push(entry.method.name().into());
    row.push(entry.launches.len().to_string());
    row.push(entry.sample_count.to_string());
    row.push(entry.steady.as_ref().map_or_else(|| "-".into(), steady));
    row.extend([of("p50"), number(entry.metric(net, "p50")), of("mean"), of("stdev")]);
    row.push(number(entry.metric(metric, "cv").map(|cv| 100.0 * cv)));
    row.extend([of("mad"), of("min"), of("max")]);
    let usage = entry.usage.as_ref();
    let peak_bytes = usage.and_then(|usage| usage.peak_resident_bytes);
    row.push(number(peak_bytes.map(|bytes| bytes as f64 / f64::from(1 << 20))));
    let utilisation = usage.and_then(|usage| usage.cpu_utilisation);
    row.push(number(utilisation.map(|share| 100.0 * share)));
    let id = format!("{metric}/p50");
    let each = entry.launches.iter().filter_map(|launch| launch.metrics.get(&id));
    row.push(each.map(|value| digits(*value)).collect::<Vec<_>>().join(" "));
    Some(row)
}

/// When the last launch became steady.
fn steady(steady: &SteadyRecord) -> String {
    match steady.state {
        SteadyState::Reached => number(steady.after_ms),
        SteadyState::Unknown => "unknown".into(),
        SteadyState::Never => "never".into(),
    }
}
