//! What holds backends back: the roof above them, and the cores that they share.

use serde_json::{Value, json};

use super::{
    chart::{Caption, Figure, Missing, Width},
    places::{self, Realm},
    section::Section,
    speed::{beaten, roof},
    units::records,
};
use crate::{
    export::measurement::Place,
    measure::Method,
    report::{
        ratio::Limit,
        record::{Entry, RunRecord},
    },
    stats::Estimate,
};

const ROOFLINE: Caption = Caption {
    id: "roofline",
    kind: "roofline",
    title: "Roofline",
    says: "How fast the input alone can come, and how much of that a backend takes. On the dotted \
           line, which names the stores of the input, it takes all. Hollow points are slower than \
           from the first cache: held back by memory.",
    width: Width::Whole,
};

const ROOFLINE_COLUMNS: [&str; 10] = [
    "panel",
    "backend",
    "batch_len",
    "home",
    "roof_gb_per_s",
    "reached_gb_per_s",
    "share_of_roof",
    "share_low",
    "share_high",
    "limited_by",
];

const THREADS: Caption = Caption {
    id: "threads",
    kind: "threads",
    title: "Thread scaling",
    says: "Times as fast as the same backend on one thread, by readings of the same rounds. Dotted \
           is a whole core for each thread.",
    width: Width::Whole,
};

const THREADS_COLUMNS: [&str; 8] =
    ["panel", "backend", "threads", "times", "low", "high", "ns_per_record", "limited_by"];

pub(super) fn section(record: &RunRecord) -> Section {
    Section::new("limits", "Limits").expect(roofline(record)).expect(threads(record))
}

fn roofline(record: &RunRecord) -> Result<Figure, Missing> {
    let rows = places::single(record, Realm::Measured).filter_map(roofline_row);
    let why = "no throughput on one thread was measured beside its roof";
    let found = ROOFLINE.over(ROOFLINE_COLUMNS, rows).ok_or_else(|| ROOFLINE.missing(why))?;
    Ok(found.noted(beaten(places::single(record, Realm::Measured))))
}

fn roofline_row(entry: &Entry) -> Option<[Value; ROOFLINE_COLUMNS.len()]> {
    let bound = entry.bound.as_ref()?;
    // Bytes per nanosecond are gigabytes per second.
    let rate = |nanos: f64| entry.op.input_bytes() as f64 / nanos;
    let Estimate { value, low, high } = bound.fraction;
    Some([
        format!("roof: {}", roof(bound)).into(),
        Place::of(entry).backend().into(),
        entry.batch_len.into(),
        entry.footprint_home.as_str().into(),
        rate(bound.value).into(),
        rate(entry.median()?.value).into(),
        value.into(),
        low.into(),
        high.into(),
        json!(bound.limit.map(Limit::name)),
    ])
}

fn threads(record: &RunRecord) -> Result<Figure, Missing> {
    let entries = || places::of(record, Method::Throughput, Realm::Measured);
    let has_team = |one: &Entry| {
        entries().any(|other| {
            other.scaling.is_some()
                && (&other.backend, other.batch_len, &other.footprint_home)
                    == (&one.backend, one.batch_len, &one.footprint_home)
        })
    };
    let row = |entry: &Entry| match &entry.scaling {
        Some(scaling) => Some(threads_row(entry, Some(scaling.ratio))),
        None => (entry.threads == 1 && has_team(entry)).then(|| threads_row(entry, None)),
    };
    let why = "all was measured on one thread: add --threads all";
    let found = THREADS.over(THREADS_COLUMNS, entries().filter_map(row));
    found.ok_or_else(|| THREADS.missing(why))
}

/// A team of threads, or the one thread that it is set against.
fn threads_row(entry: &Entry, times: Option<Estimate>) -> [Value; THREADS_COLUMNS.len()] {
    let limit = entry.bound.as_ref().and_then(|bound| bound.limit);
    [
        format!("{} a batch, in {}", records(entry.batch_len), entry.footprint_home).into(),
        Place::of(entry).backend().into(),
        entry.threads.into(),
        times.map_or(1.0, |times| times.value).into(),
        json!(times.map(|times| times.low)),
        json!(times.map(|times| times.high)),
        json!(entry.median().map(|median| median.value)),
        json!(limit.map(Limit::name)),
    ]
}
