//! The tables of what only devices have.

use std::fmt::Write as _;

use super::{
    codes,
    columns::{self, Columns},
    digits, grouped, name, number,
};
use crate::{
    backend::device::DeviceBound,
    measure::{
        Method,
        break_even::{BreakEven, Outcome},
    },
    report::{
        device::{BreakEvenRecord, DeviceRecord, KERNEL_PER_RECORD, STAGES},
        record::{Entry, RunRecord},
    },
};

/// Title and table of a method of devices.
pub(super) fn of_method(method: Method, entries: &[&Entry]) -> Option<(&'static str, Columns)> {
    match method {
        Method::Stages => Some((STAGES_TITLE, stages(entries))),
        Method::Stream => Some((STREAM_TITLE, stream(entries))),
        Method::Resident => Some((RESIDENT_TITLE, resident(entries))),
        Method::Throughput
        | Method::Latency
        | Method::Load
        | Method::BreakEven
        | Method::Cycles => None,
    }
}

const STAGES_TITLE: &str = "\
Stages: one batch per reading, median ns per batch; upload, kernel and download on the device's \
     clock, the rest on the host's; sum % of the host's time around them, x plain to a batch \
     beside it";
const STREAM_TITLE: &str = "Stream: several batches in flight, median ns per record, 95 % interval";
const RESIDENT_TITLE: &str = "\
Resident: input already on the device; ns per record until the verdicts are back on the host, and \
     of the kernel alone by the device's clock, with what bounds it";

fn percent(value: Option<f64>) -> String {
    number(value.map(|fraction| 100.0 * fraction))
}

/// The share of its bound that a metric reaches, in percent.
fn share(entry: &Entry, of: &str, bound: DeviceBound) -> String {
    let found = entry.device_bound(bound).filter(|bound| bound.of.as_deref() == Some(of));
    percent(found.and_then(|bound| bound.fraction).map(|fraction| fraction.value))
}

fn stages(entries: &[&Entry]) -> Columns {
    let mut header = vec!["backend", "batch", "in", "readings"];
    header.extend(STAGES.map(|stage| stage.split('/').next_back().unwrap_or(stage)));
    header.extend([
        "sum",
        "end to end",
        "sum %",
        "x plain",
        "% link up",
        "% read",
        "% link down",
        "warnings",
    ]);
    let rows = entries.iter().map(|entry| {
        let whole = entry.stages.as_ref();
        let mut row = vec![
            name(entry),
            entry.batch_len.to_string(),
            entry.footprint_home.clone(),
            entry.sample_count.to_string(),
        ];
        row.extend(STAGES.map(|stage| number(entry.metric(stage, "p50"))));
        row.extend([
            number(whole.map(|whole| whole.sum_ns)),
            number(whole.map(|whole| whole.end_to_end_ns)),
            percent(whole.and_then(|whole| whole.balance).map(|balance| balance.value)),
            number(whole.and_then(|whole| whole.over_plain).map(|over| over.value)),
            share(entry, "device/upload", DeviceBound::LinkUp),
            share(entry, "device/kernel", DeviceBound::Read),
            share(entry, "device/download", DeviceBound::LinkDown),
            codes(entry),
        ]);
        row
    });
    columns::table(&header, 1, rows).sparing(&[
        "readings",
        "% link up",
        "% read",
        "% link down",
        "x plain",
        "sum",
    ])
}

/// Backend, batch length, place, time per record and rates.
fn per_record(entry: &Entry) -> Vec<String> {
    let median = entry.median();
    let rate = |metric: &str, unit: f64| number(entry.metric(metric, "p50").map(|v| v / unit));
    vec![
        name(entry),
        entry.batch_len.to_string(),
        entry.footprint_home.clone(),
        number(median.map(|median| median.value)),
        number(median.map(|median| 100.0 * median.relative_half_width())),
        rate("host/records_per_s", 1e6),
        rate("host/input_bytes_per_s", 1e9),
    ]
}

const PER_RECORD_HEADER: [&str; 7] =
    ["backend", "batch", "in", "ns/record", "+-%", "Mrec/s", "GB/s"];

fn stream(entries: &[&Entry]) -> Columns {
    let mut header = PER_RECORD_HEADER.to_vec();
    header.extend(["x one at a time", "upload only", "% upload", "warnings"]);
    let rows = entries.iter().map(|entry| {
        let mut row = per_record(entry);
        row.extend([
            number(entry.overlap.as_ref().map(|gain| gain.ratio.value)),
            number(entry.bound.as_ref().map(|bound| bound.value)),
            percent(entry.bound.as_ref().map(|bound| bound.fraction.value)),
            codes(entry),
        ]);
        row
    });
    columns::table(&header, 1, rows).sparing(&["GB/s", "upload only", "Mrec/s", "% upload"])
}

fn resident(entries: &[&Entry]) -> Columns {
    let mut header = PER_RECORD_HEADER.to_vec();
    header.extend([
        "kernel",
        "kernel GB/s",
        "% read",
        "read GB/s",
        "copy GB/s",
        "up GB/s",
        "down GB/s",
        "warnings",
    ]);
    let rows = entries.iter().map(|entry| {
        let kernel = entry.metric(KERNEL_PER_RECORD, "p50");
        let bound_rate = |bound| {
            let found = entry.device_bound(bound);
            number(found.map(|bound| bound.bytes_per_s / 1e9))
        };
        let mut row = per_record(entry);
        row.extend([
            number(kernel),
            number(kernel.map(|nanos| entry.op.input_bytes() as f64 / nanos)),
            share(entry, KERNEL_PER_RECORD, DeviceBound::Read),
        ]);
        row.extend(DeviceBound::ALL.map(bound_rate));
        row.push(codes(entry));
        row
    });
    columns::table(&header, 1, rows).sparing(&[
        "GB/s",
        "up GB/s",
        "down GB/s",
        "copy GB/s",
        "read GB/s",
        "Mrec/s",
    ])
}

/// What is to be said of devices below the tables.
pub(super) fn footer(record: &RunRecord) -> String {
    let mut text = String::new();
    for device in &record.devices {
        let _ = writeln!(text, "device    {}", device_line(device));
    }
    for row in &record.break_even {
        let BreakEvenRecord { backend, against, mode, .. } = row;
        let _ = writeln!(
            text,
            "pays      {backend} {} against {against} on one core: {}",
            mode.name(),
            verdict(row)
        );
    }
    text
}

fn device_line(device: &DeviceRecord) -> String {
    let DeviceRecord { backend, facts, host_per_device_time } = device;
    let clock = match (&facts.timestamps, host_per_device_time) {
        (Some(clock), Some(ratio)) => format!(
            "timestamps step {} ns, launch {} ns, host/device time {ratio:.3}",
            digits(clock.least_step_ns),
            number(facts.launch_ns)
        ),
        _ => "no device time".into(),
    };
    let tried = facts.variants.len();
    format!("{backend}: {}; {} of {tried} variants; {clock}", facts.adapter, facts.variant)
}

/// From when on the device pays, in words.
#[must_use]
pub fn verdict(row: &BreakEvenRecord) -> String {
    let Some(BreakEven { outcome, .. }) = &row.found else {
        return row.absent.clone().unwrap_or_else(|| "not looked for".into());
    };
    let count = |value: usize| grouped(&value.to_string());
    let from_low = |low: Option<usize>| {
        low.map_or_else(String::new, |low| format!("the processor wins up to {}, ", count(low)))
    };
    match *outcome {
        Outcome::From { batch_len, low, high, is_only } => {
            let last = if is_only { "" } else { " (the last of several crossings)" };
            let low = from_low(low);
            let about = match batch_len {
                Some(batch_len) => {
                    format!("from about {} records a batch", grouped(&format!("{batch_len:.0}")))
                }
                None => "from a length that was not told apart".into(),
            };
            format!("{about}; {low}the device wins from {}{last}", count(high))
        }
        Outcome::Always { from } => format!("at every length tried, from {}", count(from)),
        Outcome::Never { up_to } => format!("never up to {} records a batch", count(up_to)),
        Outcome::Between { from, to } => {
            format!("only from {} to {} records a batch", count(from), count(to))
        }
        Outcome::CannotTell { low, up_to } => {
            format!("cannot tell: {}too close to 1 up to {}", from_low(low), count(up_to))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::device::Mode;

    fn row(outcome: Option<Outcome>) -> BreakEvenRecord {
        BreakEvenRecord {
            backend: "gpu-wgpu".into(),
            against: "scalar".into(),
            mode: Mode::EndToEnd,
            found: outcome.map(|outcome| BreakEven { outcome, points: Vec::new() }),
            absent: outcome.is_none().then(|| "why".into()),
        }
    }

    /// Each outcome is said with its interval, and what was not looked for with the reason.
    #[test]
    fn outcomes_are_said_in_words() {
        let found =
            Outcome::From { batch_len: Some(99.7), low: Some(80), high: 120, is_only: true };
        assert_eq!(
            verdict(&row(Some(found))),
            "from about 100 records a batch; the processor wins up to 80, the device wins from 120"
        );
        let never = Outcome::Never { up_to: 1_048_576 };
        assert_eq!(verdict(&row(Some(never))), "never up to 1,048,576 records a batch");
        assert_eq!(verdict(&row(None)), "why");
    }
}
