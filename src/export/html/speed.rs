//! Time per record against batch length.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    chart::{Caption, Figure, Width},
    places::{self, Realm, Warmth, Warmths},
    section::Section,
    words::listed,
};
use crate::{
    export::measurement::Place,
    report::{
        ratio::{Bound, Limit},
        record::{Entry, RunRecord, UPLOAD_ONLY},
    },
};

const COLUMNS: [&str; 12] = [
    "panel",
    "backend",
    "batch_len",
    "home",
    "ns_per_record",
    "low",
    "high",
    "roof",
    "roof_ns_per_record",
    "share_of_roof",
    "share_low",
    "limited_by",
];

pub(super) fn section(record: &RunRecord) -> Section {
    let why = "no throughput on one thread was measured: add --method throughput";
    let found = per_record(record, Realm::Measured);
    let found = found.ok_or_else(|| caption(Realm::Measured).missing(why));
    Section::new("speed", "Speed").expect(found)
}

const fn caption(realm: Realm) -> Caption {
    Caption {
        id: match realm {
            Realm::Measured => "per-record",
            Realm::Imitated => "imitated-per-record",
        },
        kind: "per-record",
        title: "Time per record against batch length",
        says: "Back-to-back batches on one thread: the median, and its 95 % interval as a band. \
               Lower is better, and both panels have the same scale. Dotted is the bound: the \
               time that the input alone takes on its way.",
        width: Width::Whole,
    }
}

pub(super) fn per_record(record: &RunRecord, realm: Realm) -> Option<Figure> {
    let warmths = Warmths::new(record);
    let of_warmth = |warmth: Warmth| {
        let entries = places::single(record, realm);
        let entries = entries.filter(|entry| warmths.is(warmth, entry));
        entries.filter_map(move |entry| row(warmth, entry)).collect::<Vec<_>>()
    };
    let found = caption(realm).over(COLUMNS, Warmth::ALL.into_iter().flat_map(of_warmth));
    Some(found?.noted(beaten(places::single(record, realm))))
}

/// Who is faster than the bound for certain: there it bounds nothing.
pub(super) fn beaten<'r>(entries: impl Iterator<Item = &'r Entry>) -> Option<String> {
    let is_beaten = |entry: &&Entry| entry.bound.as_ref().is_some_and(|one| one.fraction.low > 1.0);
    let names: BTreeSet<String> =
        entries.filter(is_beaten).map(|entry| Place::of(entry).backend()).collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("Beaten by {}: there it is no bound.", listed(&names)))
}

fn row(warmth: Warmth, entry: &Entry) -> Option<[Value; COLUMNS.len()]> {
    let median = entry.median()?;
    let bound = entry.bound.as_ref();
    Some([
        warmth.title().into(),
        Place::of(entry).backend().into(),
        entry.batch_len.into(),
        entry.footprint_home.as_str().into(),
        median.value.into(),
        median.low.into(),
        median.high.into(),
        json!(bound.map(roof)),
        json!(bound.map(|bound| bound.value)),
        json!(bound.map(|bound| bound.fraction.value)),
        json!(bound.map(|bound| bound.fraction.low)),
        json!(bound.and_then(|bound| bound.limit).map(Limit::name)),
    ])
}

/// What a roof is the time of.
pub(super) fn roof(bound: &Bound) -> &'static str {
    if bound.metric == UPLOAD_ONLY {
        "bringing the input to the device"
    } else {
        "reading the input"
    }
}
