//! Devices: where the time of a batch goes, ways to use them, and from when on they pay.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    chart::{Caption, Figure, Missing, Width},
    places::{self, Realm},
    section::Section,
};
use crate::{
    backend::{BackendKind, device::DeviceBound},
    export::measurement::Place,
    measure::{Method, break_even::Point},
    report::{
        device::{BreakEvenRecord, DeviceBoundRecord, KERNEL_PER_RECORD, PLAIN, STAGES},
        record::{Entry, RunRecord},
    },
    stats::Estimate,
};

const STAGES_COLUMNS: [&str; 10] =
    ["backend", "batch_len", "home", "stage", "clock", "ns", "sum_ns", "plain_ns", "from", "share"];

const WAYS_COLUMNS: [&str; 8] =
    ["backend", "what", "clock", "is_bound", "batch_len", "ns_per_record", "low", "high"];

const BREAK_EVEN: Caption = Caption {
    id: "break-even",
    kind: "break-even",
    title: "Break-even",
    says: "Times as fast as the best processor backend on one core, each length in rounds of both. \
           Above the dotted line the device wins.",
    width: Width::Half,
};

const BREAK_EVEN_COLUMNS: [&str; 8] =
    ["panel", "backend", "against", "mode", "batch_len", "times", "low", "high"];

pub(super) fn section(record: &RunRecord) -> Section {
    let realm = Realm::Measured;
    let why = stages_absent(record);
    let found = stages(record, realm).ok_or_else(|| stages_caption(realm).missing(why));
    Section::new("devices", "Graphics processor")
        .expect(found)
        .show(ways(record, realm))
        .expect(break_even(record))
}

/// Why there are no stages of a device that is one.
fn stages_absent(record: &RunRecord) -> String {
    if let Some(skipped) = places::left_out(record, BackendKind::Gpu) {
        return format!("{} could not be measured: {}", skipped.backend, skipped.reason);
    }
    let imitated = record.devices.iter().find(|device| device.facts.adapter.is_software());
    match imitated {
        Some(device) => format!("{} is imitated on the processor: see below", device.backend),
        None => "no device was taken apart: add --method stages".into(),
    }
}

const fn stages_caption(realm: Realm) -> Caption {
    Caption {
        id: match realm {
            Realm::Measured => "stages",
            Realm::Imitated => "imitated-stages",
        },
        kind: "stages",
        title: "Where the time of a batch goes",
        says: "One batch per reading, medians of each stage. Upload, kernel and download are on \
               the device's clock, the rest on the host's. A bar is as long as its stages \
               together: to take a batch apart costs time, and a plain one beside it says how \
               much.",
        width: Width::Whole,
    }
}

pub(super) fn stages(record: &RunRecord, realm: Realm) -> Option<Figure> {
    let entries = places::of(record, Method::Stages, realm);
    stages_caption(realm).over(STAGES_COLUMNS, entries.flat_map(stages_rows))
}

/// Stages in their order, with where each begins.
fn stages_rows(entry: &Entry) -> Vec<[Value; STAGES_COLUMNS.len()]> {
    let told = told_stages(entry);
    let sum: f64 = told.iter().map(|(_, nanos)| nanos).sum();
    let name = Place::of(entry).backend();
    let mut from = 0.0;
    let row = |(stage, nanos): (&str, f64)| -> [Value; STAGES_COLUMNS.len()] {
        let (clock, part) = stage.split_once('/').unwrap_or(("host", stage));
        let begins = from / sum;
        from += nanos;
        [
            name.as_str().into(),
            entry.batch_len.into(),
            entry.footprint_home.as_str().into(),
            part.into(),
            clock.into(),
            nanos.into(),
            sum.into(),
            json!(entry.metric(PLAIN, "p50")),
            begins.into(),
            (nanos / sum).into(),
        ]
    };
    told.into_iter().map(row).collect()
}

/// The medians of the stages that an entry tells.
pub(super) fn told_stages(entry: &Entry) -> Vec<(&'static str, f64)> {
    let told = |stage: &'static str| Some((stage, entry.metric(stage, "p50")?));
    STAGES.into_iter().filter_map(told).filter(|(_, nanos)| *nanos > 0.0).collect()
}

const fn ways_caption(realm: Realm) -> Caption {
    Caption {
        id: match realm {
            Realm::Measured => "ways",
            Realm::Imitated => "imitated-ways",
        },
        kind: "ways",
        title: "Ways to use the device",
        says: "End to end; a stream with several batches in flight; input that is resident on the \
               device already; and its kernel alone. Dotted is what bounds the device, on its own \
               clock.",
        width: Width::Half,
    }
}

/// Backends that the record knows as devices.
fn device_ids(record: &RunRecord) -> BTreeSet<&str> {
    record.devices.iter().map(|device| device.backend.as_str()).collect()
}

/// `None` where nothing was measured but batches end to end, which other charts show.
pub(super) fn ways(record: &RunRecord, realm: Realm) -> Option<Figure> {
    let ids = device_ids(record);
    let own = places::single(record, realm).filter(|one| ids.contains(one.backend.as_str()));
    let end_to_end = places::nearest(own).filter_map(|entry| way(entry, "end to end"));
    let streams = places::of(record, Method::Stream, realm);
    let stream = places::nearest(streams).filter_map(|entry| way(entry, "stream"));
    let resident = || places::of(record, Method::Resident, realm);
    let placed = resident().filter_map(|entry| way(entry, "resident"));
    let kernel = resident().filter_map(kernel_row);
    let bounds = resident().flat_map(bound_rows);
    let mut others = stream.chain(placed).chain(kernel).chain(bounds).peekable();
    others.peek()?;
    ways_caption(realm).over(WAYS_COLUMNS, end_to_end.chain(others))
}

type WaysRow = [Value; WAYS_COLUMNS.len()];

fn way(entry: &Entry, what: &str) -> Option<WaysRow> {
    Some(ways_row(entry, what, "host", entry.median()?))
}

fn kernel_row(entry: &Entry) -> Option<WaysRow> {
    let end = |stat| entry.metric(KERNEL_PER_RECORD, stat);
    let kernel = Estimate { value: end("p50")?, low: end("p50_low")?, high: end("p50_high")? };
    Some(ways_row(entry, "kernel alone", "device", kernel))
}

fn ways_row(entry: &Entry, what: &str, clock: &str, each: Estimate) -> WaysRow {
    let name = Place::of(entry).backend();
    let Estimate { value, low, high } = each;
    [
        name.as_str().into(),
        what.into(),
        clock.into(),
        false.into(),
        entry.batch_len.into(),
        value.into(),
        low.into(),
        high.into(),
    ]
}

fn bound_rows(entry: &Entry) -> Vec<WaysRow> {
    let name = Place::of(entry).backend();
    let row = |bound: &DeviceBoundRecord| -> WaysRow {
        [
            name.as_str().into(),
            bound_name(&bound.metric).into(),
            "device".into(),
            true.into(),
            entry.batch_len.into(),
            bound.value.into(),
            Value::Null,
            Value::Null,
        ]
    };
    entry.device_bounds.iter().map(row).collect()
}

/// What a bound on a device is called.
pub(super) fn bound_name(metric: &str) -> &'static str {
    let known = DeviceBound::ALL.into_iter().find(|bound| bound.metric() == metric);
    match known {
        Some(DeviceBound::Read) => "read",
        Some(DeviceBound::Copy) => "copy",
        Some(DeviceBound::LinkUp) => "link up",
        Some(DeviceBound::LinkDown) => "link down",
        None => "bound",
    }
}

fn break_even(record: &RunRecord) -> Result<Figure, Missing> {
    let absent = record.break_even.iter().find_map(|row| row.absent.clone());
    let why = || absent.unwrap_or_else(|| "no device was set against a processor".into());
    let rows = record.break_even.iter().flat_map(break_even_rows);
    BREAK_EVEN.over(BREAK_EVEN_COLUMNS, rows).ok_or_else(|| BREAK_EVEN.missing(why()))
}

fn break_even_rows(row: &BreakEvenRecord) -> Vec<[Value; BREAK_EVEN_COLUMNS.len()]> {
    let points = row.found.iter().flat_map(|found| &found.points);
    let of_point = |Point { batch_len, speedup }: &Point| -> [Value; BREAK_EVEN_COLUMNS.len()] {
        [
            format!("{} against {}", row.backend, row.against).into(),
            row.backend.as_str().into(),
            row.against.as_str().into(),
            row.mode.name().into(),
            json!(batch_len),
            json!(speedup.value),
            json!(speedup.low),
            json!(speedup.high),
        ]
    };
    points.map(of_point).collect()
}
