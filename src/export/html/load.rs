//! Load: where the response time leaves its bound, and what requests took.

use serde_json::{Value, json};

use super::{
    chart::{Caption, Figure, Missing, Width},
    latency::curve,
    places::{self, Realm},
    section::Section,
    units::{count, records},
};
use crate::{
    export::measurement::Place,
    measure::{Method, load::sweep::Point},
    report::{
        load::LoadRecord,
        record::{Entry, HistogramRecord, RunRecord},
    },
};

const KNEE: Caption = Caption {
    id: "knee",
    kind: "knee",
    title: "Load knee",
    says: "99th percentile of the response time at each rate that was tried. Filled: the rate \
           holds; hollow: it fails, at the top where there is no time because requests were lost. \
           The knee lies between the whole line and the dashed one; dotted is the bound.",
    width: Width::Half,
};

const KNEE_COLUMNS: [&str; 11] = [
    "panel",
    "backend",
    "offered_per_s",
    "achieved_per_s",
    "response_ns_p99",
    "bound_ns",
    "holds",
    "saturated",
    "lost",
    "holds_per_s",
    "fails_per_s",
];

const TAILS: Caption = Caption {
    id: "load-percentiles",
    kind: "load-percentiles",
    title: "Response and service time",
    says: "Response is from the intended start of a request, service from its actual one. Lines \
           end with the last percentile that is earned.",
    width: Width::Half,
};

const TAILS_COLUMNS: [&str; 5] = ["panel", "backend", "kind", "one_in", "ns"];

pub(super) fn section(record: &RunRecord) -> Section {
    Section::new("load", "Load").expect(knee(record)).show(tails(record))
}

/// Entries that served a load.
pub(super) fn served(record: &RunRecord) -> impl Iterator<Item = (&Entry, &LoadRecord)> + Clone {
    let entries = places::of(record, Method::Load, Realm::Measured);
    entries.filter_map(|entry| Some((entry, entry.load.as_ref()?)))
}

/// What tells a load from another one.
pub(super) fn title(entry: &Entry, load: &LoadRecord) -> String {
    format!(
        "{}: {} clients, {} workers, {} a request, in {}",
        Place::of(entry).backend(),
        count(load.clients as u64),
        entry.threads,
        records(entry.batch_len),
        entry.footprint_home,
    )
}

fn knee(record: &RunRecord) -> Result<Figure, Missing> {
    let why = if served(record).next().is_none() {
        "no load was served: add --method load --knee-p99 TIME"
    } else {
        "no knee was looked for: add --knee-p99 TIME"
    };
    let rows = served(record).flat_map(|(entry, load)| knee_rows(entry, load));
    KNEE.over(KNEE_COLUMNS, rows).ok_or_else(|| KNEE.missing(why))
}

fn knee_rows(entry: &Entry, load: &LoadRecord) -> Vec<[Value; KNEE_COLUMNS.len()]> {
    let Some(knee) = &load.knee else { return Vec::new() };
    let row = |point: &Point| -> [Value; KNEE_COLUMNS.len()] {
        [
            title(entry, load).into(),
            Place::of(entry).backend().into(),
            point.rate_per_s.into(),
            point.achieved_per_s.into(),
            json!(point.response_ns_p99),
            knee.response_ns_p99_max.into(),
            point.holds.into(),
            point.saturated.into(),
            point.lost.into(),
            json!(knee.holds_per_s),
            json!(knee.fails_per_s),
        ]
    };
    knee.points.iter().map(row).collect()
}

fn tails(record: &RunRecord) -> Option<Figure> {
    let rows = served(record).flat_map(|(entry, load)| tails_rows(entry, load));
    TAILS.over(TAILS_COLUMNS, rows)
}

/// Where requests were lost there is no response time: it would be that of the lucky.
fn tails_rows(entry: &Entry, load: &LoadRecord) -> Vec<[Value; TAILS_COLUMNS.len()]> {
    let told =
        load.histograms.iter().filter(|(kind, _)| load.lost == 0 || kind.as_str() != "response");
    let of_kind = |(kind, stored): (&String, &HistogramRecord)| {
        let row = |(one_in, nanos): (f64, f64)| -> [Value; TAILS_COLUMNS.len()] {
            let panel = title(entry, load);
            let backend = Place::of(entry).backend();
            [panel.into(), backend.into(), kind.as_str().into(), one_in.into(), nanos.into()]
        };
        curve(stored).into_iter().map(row).collect::<Vec<_>>()
    };
    told.flat_map(of_kind).collect()
}
