//! The tables of simulated hardware.

use std::fmt::Write as _;

use super::{
    codes,
    columns::{self, Columns},
    digits, name, number,
};
use crate::{
    backend::simulated::CycleCounts,
    clock::Modeled,
    report::{
        record::{Entry, RunRecord},
        screen::Glyphs,
        simulated::{
            CyclesRecord, INTERVAL, LATENCY, ModeledRecord, PacedRecord, RECORDS_PER_CYCLE,
            SimulatedRecord, TOTAL,
        },
        sparkline,
    },
};

/// Titles and tables of entries whose cycles were counted.
pub(super) fn tables(entries: &[&Entry], glyphs: Glyphs) -> Vec<(&'static str, Columns)> {
    let mut tables =
        vec![(CYCLES_TITLE, cycles(entries)), (BACKPRESSURE_TITLE, backpressure(entries, glyphs))];
    let has_model =
        |entry: &&Entry| entry.cycles.as_ref().is_some_and(|one| !one.modeled.is_empty());
    if entries.iter().any(has_model) {
        tables.push((MODELED_TITLE, modeled(entries)));
    }
    tables
}

const CYCLES_TITLE: &str = "\
Cycles: simulated hardware, clock edges counted for one batch while nobody waits; exact, no time";
const BACKPRESSURE_TITLE: &str = "\
Backpressure: the same batch into a sink that is willing in so many of 100 cycles; how long the \
     input was held back at a time: 1, 2, to 4, to 8, to 16, to 32, to 62 cycles, longer";
const MODELED_TITLE: &str = "\
Modelled: these cycles at the median clock of a place-and-route report; an estimate of tools, no \
     board: nothing here was measured as time";

/// Entries with what they have of cycles.
fn counted<'e>(entries: &'e [&Entry]) -> impl Iterator<Item = (&'e Entry, &'e CyclesRecord)> {
    entries.iter().filter_map(|entry| Some((*entry, entry.cycles.as_ref()?)))
}

/// Backend, lanes, batch length.
fn place(entry: &Entry, cycles: &CyclesRecord) -> Vec<String> {
    vec![name(entry), cycles.lanes.to_string(), entry.batch_len.to_string()]
}

/// Both ends of a range, or one number where they are the same.
fn range(least: &str, most: &str) -> String {
    if least == most { least.into() } else { format!("{least}..{most}") }
}

/// The range of a metric. What is longer than is told apart has no end.
fn range_of(entry: &Entry, metric: &str) -> String {
    let end = |stat| entry.metric(metric, stat).map(|cycles| format!("{cycles:.0}"));
    match (end("min"), end("max")) {
        (None, _) => "-".into(),
        (Some(least), most) => range(&least, &most.unwrap_or_else(beyond)),
    }
}

/// More cycles than are told apart.
fn beyond() -> String {
    format!(">{}", CycleCounts::PLACES - 2)
}

fn percent(fraction: f64) -> String {
    digits(100.0 * fraction)
}

fn cycles(entries: &[&Entry]) -> Columns {
    let header = [
        "backend",
        "lanes",
        "batch",
        "latency",
        "II",
        "total",
        "rec/cycle",
        "steady",
        "bound",
        "% bound",
        "warnings",
    ];
    let rows = counted(entries).map(|(entry, cycles)| {
        let mut row = place(entry, cycles);
        row.extend([
            range_of(entry, LATENCY),
            range_of(entry, INTERVAL),
            entry.metric(TOTAL, "count").map_or_else(|| "-".into(), |total| format!("{total:.0}")),
            number(entry.metric(RECORDS_PER_CYCLE, "mean")),
            number(entry.metric(RECORDS_PER_CYCLE, "steady")),
            digits(cycles.bound.records_per_cycle),
            percent(cycles.bound.fraction),
            codes(entry),
        ]);
        row
    });
    columns::table(&header, 1, rows).sparing(&["bound", "rec/cycle"])
}

fn backpressure(entries: &[&Entry], glyphs: Glyphs) -> Columns {
    let header = [
        "backend",
        "lanes",
        "batch",
        "sink %",
        "total",
        "stalled",
        "latency",
        "rec/cycle",
        "bound",
        "% bound",
        "longest stall",
        "stalls",
    ];
    let rows = counted(entries).flat_map(|(entry, cycles)| {
        let paced = cycles.backpressure.iter();
        paced.map(move |paced| paced_row(place(entry, cycles), paced, glyphs))
    });
    columns::table(&header, 1, rows).sparing(&["bound", "stalled", "latency"])
}

fn paced_row(mut row: Vec<String>, paced: &PacedRecord, glyphs: Glyphs) -> Vec<String> {
    let most = paced.latency_max.map_or_else(beyond, |most| most.to_string());
    row.extend([
        digits(f64::from(paced.pace.permille) / 10.0),
        paced.total.to_string(),
        paced.stalled.to_string(),
        range(&paced.latency_min.to_string(), &most),
        digits(paced.records_per_cycle),
        digits(paced.bound.records_per_cycle),
        percent(paced.bound.fraction),
        longest(&paced.stall_runs),
        sparkline::of(&binned(&paced.stall_runs), glyphs),
    ]);
    row
}

fn longest(runs: &[[u64; 2]]) -> String {
    match runs.last() {
        None => "0".into(),
        Some([cycles, _]) if *cycles > TOLD_APART => beyond(),
        Some([cycles, _]) => cycles.to_string(),
    }
}

/// Most cycles that are told apart.
const TOLD_APART: u64 = CycleCounts::PLACES as u64 - 2;

/// Where each bin of the sparkline ends.
const BINS: [u64; 8] = [1, 2, 4, 8, 16, 32, TOLD_APART, u64::MAX];

/// How often in each bin.
fn binned(runs: &[[u64; 2]]) -> [u64; BINS.len()] {
    let mut bins = [0; BINS.len()];
    for [cycles, times] in runs {
        let bin = BINS.iter().position(|end| cycles <= end).unwrap_or(BINS.len() - 1);
        bins[bin] += times;
    }
    bins
}

fn modeled(entries: &[&Entry]) -> Columns {
    let header = [
        "backend",
        "lanes",
        "batch",
        "report",
        "part",
        "Fmax MHz: min",
        "median",
        "max",
        "latency ns",
        "ns/record",
        "Mrec/s",
    ];
    let rows = counted(entries).flat_map(|(entry, cycles)| {
        cycles.modeled.iter().map(move |modeled| modeled_row(place(entry, cycles), modeled))
    });
    columns::table(&header, 1, rows).sparing(&["Mrec/s", "max", "Fmax MHz: min"])
}

fn modeled_row(mut row: Vec<String>, modeled: &ModeledRecord) -> Vec<String> {
    let shown = |figure: Option<Modeled>, unit: f64, places: usize| {
        figure.map_or_else(|| "-".into(), |one| format!("{:.places$}", one.in_units_of(unit)))
    };
    row.extend([modeled.report.clone(), modeled.part.clone()]);
    row.extend(modeled.fmax_mhz.map(digits));
    row.extend([
        shown(Some(modeled.latency_ns), 1.0, 1),
        shown(modeled.per_record_ns, 1.0, 3),
        shown(modeled.records_per_s, 1e6, 0),
    ]);
    row
}

/// What is to be said of simulated hardware below the tables.
pub(super) fn footer(record: &RunRecord) -> String {
    let mut text = String::new();
    for simulated in &record.simulated {
        let _ = writeln!(text, "simulated {}", line(simulated, record));
    }
    text
}

fn line(simulated: &SimulatedRecord, record: &RunRecord) -> String {
    let SimulatedRecord { backend, facts, .. } = simulated;
    let own = |entry: &&Entry| &entry.backend == backend && entry.cycles.is_some();
    let longest = record.entries.iter().filter(own).max_by_key(|entry| entry.batch_len);
    let cost = longest.and_then(|entry| entry.cycles.as_ref()).map(|one| one.simulator_cost);
    let cost = cost.map_or_else(String::new, |cost| format!("; simulator: {cost}"));
    format!(
        "{backend}: {} x{}, rtl sha256 {:.12}, {}, {} build{cost}",
        facts.design, facts.lanes, facts.rtl_sha256, facts.simulator, facts.build
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::mock::Simulated, op::Op, report::simulated::tests::entry};

    /// Every batch has its row in each table, the modelled one says so, and nothing has a time
    /// where nobody placed the design.
    #[test]
    fn tables_keep_cycles_and_time_apart() {
        let entries = [entry(Simulated::golden(Op::Decide), 4_000)];
        let entries: Vec<&Entry> = entries.iter().collect();
        let tables = tables(&entries, Glyphs::Unicode);
        let [cycles, backpressure, modeled] = tables.as_slice() else { panic!("three tables") };
        let counted = cycles.1.to_string();
        assert!(counted.contains("1005") && !counted.contains("ns"), "{counted}");
        assert!(!backpressure.1.to_string().contains("ns"), "{}", backpressure.1);
        assert_eq!(backpressure.1.row_count(), 5);
        assert!(modeled.0.starts_with("Modelled") && modeled.0.contains("estimate of tools"));
        assert!(modeled.1.to_string().contains("mock x4"), "{}", modeled.1);
        let without = entry(Simulated::golden(Op::Decide).without_timing(), 64);
        assert_eq!(super::tables(&[&without], Glyphs::Unicode).len(), 2);
    }

    /// Runs of stalls are drawn against the most frequent, and what never was is a dot.
    #[test]
    fn stalls_are_drawn() {
        let drawn = |runs: &[[u64; 2]]| sparkline::of(&binned(runs), Glyphs::Unicode);
        assert_eq!(drawn(&[[1, 80], [3, 5], [4, 5], [63, 40]]), "█.▁....▄");
        assert_eq!(drawn(&[]), "........");
        assert_eq!(longest(&[[1, 1], [63, 2]]), ">62");
    }
}
