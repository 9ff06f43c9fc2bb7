//! What a record has beside its entries: nothing measured against nothing, repeated input, and from
//! which batch length on a device pays.

use serde_json::Value;

use super::{
    Evidence, Part, Unfounded,
    contest::{Contested, contests},
    value,
};
use crate::{
    bundle::readings::{Empty, Line, Purpose, Repeats, samples},
    clock::HostNanos,
    measure::{
        break_even::{self, BreakEven, Point},
        empty::{EmptyReadings, Raw},
    },
    report::{
        device::{BreakEvenRecord, Mode},
        ratio::RepeatsRecord,
        record::RunRecord,
    },
    stats::latency::{Histogram, HistogramError},
};

/// The launch that measures these.
const FIRST: u32 = 1;

pub(super) fn parts(
    record: &RunRecord,
    evidence: &Evidence,
) -> Result<Vec<Part>, serde_json::Error> {
    let lines = evidence.get(&FIRST).map(Vec::as_slice).unwrap_or_default();
    let mut parts = vec![Part {
        name: "an empty operation".into(),
        recorded: serde_json::to_value(record.timer.empty)?,
        rebuilt: empty(lines).and_then(|empty| value(&empty)),
        stated: Value::Null,
        is_merged: false,
    }];
    for repeats in &record.repeats {
        parts.push(Part {
            name: format!("repeated input of {} x {}", repeats.backend, repeats.batch_len),
            recorded: serde_json::to_value(repeats)?,
            rebuilt: again(repeats, lines).and_then(|again| value(&again)),
            stated: Value::Null,
            is_merged: false,
        });
    }
    for found in record.break_even.iter().filter(|one| one.found.is_some()) {
        parts.push(Part {
            name: format!("break-even of {}, {}", found.backend, found.mode.name()),
            recorded: serde_json::to_value(&found.found)?,
            rebuilt: break_even(found, lines).and_then(|found| value(&found)),
            stated: Value::Null,
            // Where the speedup is 1 lies on a line through logarithms.
            is_merged: true,
        });
    }
    Ok(parts)
}

fn empty(lines: &[Line]) -> Result<Option<EmptyReadings>, Unfounded> {
    let own = lines.iter().find_map(|line| match line {
        Line::Empty(own) => Some(own),
        _ => None,
    });
    Ok(raw(own.ok_or(Unfounded::Missing(FIRST))?)?.readings())
}

fn raw(own: &Empty) -> Result<Raw, HistogramError> {
    Ok(Raw {
        batch_len: own.batch_len,
        repetitions: own.repetitions,
        resolution_ns: own.resolution_ns,
        measured: samples(&own.measured_ns),
        control: samples(&own.control_ns),
        net: samples(&own.net_ns),
        empty: Histogram::from_base64(&own.empty)?,
    })
}

fn again(recorded: &RepeatsRecord, lines: &[Line]) -> Result<RepeatsRecord, Unfounded> {
    let own = lines.iter().find_map(|line| match line {
        Line::Repeats(own)
            if own.backend == recorded.backend && own.batch_len == recorded.batch_len =>
        {
            Some(own)
        }
        _ => None,
    });
    let Repeats { unique_ns, repeated_ns, .. } = own.ok_or(Unfounded::Missing(FIRST))?;
    let speedup = samples::<HostNanos>(unique_ns).speedup_of(&samples(repeated_ns));
    let speedup = speedup.ok_or(Unfounded::Missing(FIRST))?;
    Ok(RepeatsRecord { speedup, ..recorded.clone() })
}

fn break_even(recorded: &BreakEvenRecord, lines: &[Line]) -> Result<BreakEven, Unfounded> {
    let mut points = points(&recorded.backend, recorded.mode, lines);
    if points.is_empty() {
        return Err(Unfounded::Missing(FIRST));
    }
    points.sort_by_key(|point| point.batch_len);
    Ok(BreakEven { outcome: break_even::outcome(&points), points })
}

/// The lengths of which a contest gave a ratio: the processor first, then the device.
fn points(device: &str, mode: Mode, lines: &[Line]) -> Vec<Point> {
    let point = |contest| {
        let contested = Contested::new(contest);
        let [processor, candidate] = contest.contestants.as_slice() else { return None };
        if candidate.backend != device {
            return None;
        }
        let (one, other) = (contested.samples(processor), contested.samples(candidate));
        let speedup = one.speedup_of(&other)?;
        Some(Point { batch_len: contest.batch_len, speedup })
    };
    contests(lines, Purpose::BreakEven(mode)).filter_map(point).collect()
}
