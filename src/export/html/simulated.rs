//! Simulated hardware: counted cycles, and apart from them what is modelled.

use serde_json::{Value, json};

use super::{
    chart::{Caption, Figure, Missing, Width},
    grid::{Cell, Table, numbers, words},
    places::{self, Realm},
    section::Section,
    units::{count, figure},
};
use crate::{
    backend::BackendKind,
    clock::Modeled,
    measure::Method,
    report::{
        record::{Entry, RunRecord},
        simulated::{
            CyclesRecord, INTERVAL, LATENCY, ModeledRecord, PacedRecord, RECORDS_PER_CYCLE,
            STALLED, TOTAL,
        },
    },
};

const CYCLES: Caption = Caption {
    id: "cycles",
    kind: "cycles",
    title: "Records per cycle against batch length",
    says: "One batch while nobody waits, from the first beat in to the last beat out. Dotted is \
           what the lanes allow.",
    width: Width::Half,
};

const CYCLES_COLUMNS: [&str; 12] = [
    "panel",
    "backend",
    "lanes",
    "batch_len",
    "latency_min",
    "latency_max",
    "interval_max",
    "total_cycles",
    "stalled_cycles",
    "records_per_cycle",
    "bound",
    "share_of_bound",
];

const BACKPRESSURE: Caption = Caption {
    id: "backpressure",
    kind: "backpressure",
    title: "Backpressure",
    says: "The same batches into a sink that is willing in so many of 100 cycles, drawn with a \
           fixed seed. Dotted is what the lanes allow then.",
    width: Width::Half,
};

const BACKPRESSURE_COLUMNS: [&str; 12] = [
    "panel",
    "backend",
    "lanes",
    "batch_len",
    "willing_percent",
    "total_cycles",
    "stalled_cycles",
    "latency_min",
    "latency_max",
    "records_per_cycle",
    "bound",
    "share_of_bound",
];

pub(super) fn section(record: &RunRecord) -> Section {
    let section = Section {
        intro: Some(
            "Cycles are counted edges of a simulated clock: a count, not a time. They are exact, \
             so they have no interval, and are set beside nothing that was measured as time.",
        ),
        ..Section::new("simulated", "Simulated hardware")
    };
    let rows = counted(record).map(|(entry, cycles)| cycles_row(entry, cycles));
    let cycles = CYCLES.over(CYCLES_COLUMNS, rows).ok_or_else(|| absent(record));
    section.expect(cycles).show(backpressure(record)).table(modelled(record))
}

/// Entries whose cycles were counted.
pub(super) fn counted(record: &RunRecord) -> impl Iterator<Item = (&Entry, &CyclesRecord)> {
    let entries = places::of(record, Method::Cycles, Realm::Measured);
    entries.filter_map(|entry| Some((entry, entry.cycles.as_ref()?)))
}

fn absent(record: &RunRecord) -> Missing {
    let skipped = places::left_out(record, BackendKind::Fpga);
    CYCLES.missing(skipped.map_or_else(
        || "no cycles were counted: add --method cycles".into(),
        |skipped| format!("{} could not be run: {}", skipped.backend, skipped.reason),
    ))
}

fn panel(entry: &Entry, cycles: &CyclesRecord) -> Value {
    format!("{}, {} lanes", entry.backend, cycles.lanes).into()
}

fn cycles_row(entry: &Entry, cycles: &CyclesRecord) -> [Value; CYCLES_COLUMNS.len()] {
    let metric = |metric, stat| json!(entry.metric(metric, stat));
    [
        panel(entry, cycles),
        entry.backend.as_str().into(),
        cycles.lanes.into(),
        entry.batch_len.into(),
        metric(LATENCY, "min"),
        metric(LATENCY, "max"),
        metric(INTERVAL, "max"),
        metric(TOTAL, "count"),
        metric(STALLED, "count"),
        metric(RECORDS_PER_CYCLE, "mean"),
        cycles.bound.records_per_cycle.into(),
        cycles.bound.fraction.into(),
    ]
}

fn backpressure(record: &RunRecord) -> Option<Figure> {
    let rows = counted(record).flat_map(|(entry, cycles)| {
        cycles.backpressure.iter().map(move |paced| paced_row(entry, cycles, paced))
    });
    BACKPRESSURE.over(BACKPRESSURE_COLUMNS, rows)
}

fn paced_row(
    entry: &Entry,
    cycles: &CyclesRecord,
    paced: &PacedRecord,
) -> [Value; BACKPRESSURE_COLUMNS.len()] {
    [
        panel(entry, cycles),
        entry.backend.as_str().into(),
        cycles.lanes.into(),
        entry.batch_len.into(),
        (f64::from(paced.pace.permille) / 10.0).into(),
        paced.total.into(),
        paced.stalled.into(),
        paced.latency_min.into(),
        json!(paced.latency_max),
        paced.records_per_cycle.into(),
        paced.bound.records_per_cycle.into(),
        paced.bound.fraction.into(),
    ]
}

fn modelled(record: &RunRecord) -> Table {
    let rows = counted(record).flat_map(|(entry, cycles)| {
        cycles.modeled.iter().map(move |modeled| modelled_row(entry, cycles, modeled))
    });
    Table {
        title: "Modelled, not measured".into(),
        note: Some(
            "The cycles above at the median clock of a place-and-route report: an estimate of \
             tools, no board. These figures are shown, and neither ranked nor compared.",
        ),
        search: None,
        class: "",
        columns: vec![
            words("backend"),
            numbers("lanes"),
            numbers("batch"),
            words("report"),
            words("part"),
            numbers("Fmax MHz: least"),
            numbers("median"),
            numbers("most"),
            numbers("modelled ns, first beat"),
            numbers("modelled ns per record"),
            numbers("modelled M records/s"),
        ],
        rows: rows.collect(),
    }
}

fn modelled_row(entry: &Entry, cycles: &CyclesRecord, modeled: &ModeledRecord) -> Vec<Cell> {
    let number = |text: String| Cell::classed(text, "number".into());
    let shown = |one: Option<Modeled>, unit: f64| {
        number(one.map_or_else(|| "-".into(), |one| format!("{:.3}", one.in_units_of(unit))))
    };
    let [least, median, most] = modeled.fmax_mhz.map(|mhz| number(figure(mhz)));
    vec![
        Cell::text(entry.backend.as_str()),
        number(cycles.lanes.to_string()),
        number(count(entry.batch_len as u64)),
        Cell::text(modeled.report.as_str()),
        Cell::text(modeled.part.as_str()),
        least,
        median,
        most,
        shown(Some(modeled.latency_ns), 1.0),
        shown(modeled.per_record_ns, 1.0),
        shown(modeled.records_per_s, 1e6),
    ]
}
