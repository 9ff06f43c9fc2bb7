//! What a record has beside its entries: how far it got, its launches, nothing measured against
//! nothing, repeated input, and from which batch length on a device pays.

use serde_json::{Value, json};

use super::{Evidence, FIRST, Lines, Part, Unfounded, contest::Contested, is_imitated, value};
use crate::{
    backend::{
        fpga,
        simulated::{SimFacts, TimingFacts},
    },
    bundle::readings::{Contest, Empty, Line, Purpose, Repeats, samples},
    clock::HostNanos,
    host::layout::Layout,
    measure::{
        break_even::{self, BreakEven, BreakEvenError, Point},
        empty::{EmptyReadings, Raw},
        repeats::TILE,
    },
    report::{
        device::{BreakEvenRecord, DeviceRecord, Mode},
        launch::LaunchRecord,
        ratio::RepeatsRecord,
        record::{RunRecord, Status},
    },
    stats::latency::{Histogram, HistogramError},
};

pub(super) fn parts(
    record: &RunRecord,
    evidence: &Evidence,
) -> Result<Vec<Part>, serde_json::Error> {
    let lines = evidence.of(FIRST);
    let stated_launches = launches(record, evidence, |_| Layout::default());
    let drawn = |one: &LaunchRecord| Layout::draw(one.layout_seed, one.number);
    let mut parts = vec![
        part("status", &record.status, status(evidence).and_then(|status| value(&status)))?,
        Part {
            stated: serde_json::to_value(stated_launches)?,
            ..part("launches", &record.launches, value(&launches(record, evidence, drawn)))?
        },
        part("an empty operation", &record.timer.empty, empty(lines).and_then(|one| value(&one)))?,
        part("repeats", &record.repeats, repeats(lines).and_then(|all| value(&all)))?,
    ];
    for device in &record.devices {
        let (name, recorded) = (format!("device of {}", device.backend), launch_ns(device));
        parts.push(part(&name, &recorded, Ok(bounded_by(device, evidence)))?);
    }
    for design in &record.simulated {
        let name = format!("timing reports of {}", design.backend);
        parts.push(part(&name, &design.facts.timing, value(&reports(&design.facts)))?);
    }
    for recorded in &record.break_even {
        let name = format!("break-even of {}, {}", recorded.backend, recorded.mode.name());
        let rebuilt = break_even(recorded, record, lines).and_then(|one| value(&one));
        // Where the speedup is 1 lies on a line through logarithms.
        parts.push(Part { is_merged: true, ..part(&name, recorded, rebuilt)? });
    }
    Ok(parts)
}

fn part(
    name: &str,
    recorded: &impl serde::Serialize,
    rebuilt: Result<Value, Unfounded>,
) -> Result<Part, serde_json::Error> {
    let recorded = serde_json::to_value(recorded)?;
    Ok(Part { name: name.into(), recorded, rebuilt, stated: Value::Null, is_merged: false })
}

/// How far the run got, as its launches ended: a device that failed in one is missing to the end.
fn status(evidence: &Evidence) -> Result<Status, Unfounded> {
    let mut status = None;
    for (number, end) in evidence.numbers().zip(evidence.ends()) {
        let end = end.ok_or(Unfounded::Endless(number))?;
        let is_incomplete = status == Some(Status::Incomplete);
        status = Some(if is_incomplete { Status::Incomplete } else { end });
    }
    status.ok_or(Unfounded::Missing(FIRST))
}

/// The launches of which there are readings, with layouts as `layout` has them. All are planned
/// alike, and none is missing where the run came to its end.
fn launches(
    record: &RunRecord,
    evidence: &Evidence,
    layout: impl Fn(&LaunchRecord) -> Layout,
) -> Vec<LaunchRecord> {
    let first = record.launches.first();
    let planned = first.map_or(1, |one| one.of);
    let count = evidence.numbers().count() as u32;
    let of = if record.status == Status::Complete { count } else { planned.max(count) };
    let launch = |number: u32| {
        let stated = record.launches.iter().find(|one| one.number == number);
        let layout_seed = first.map_or(0, |one| one.layout_seed);
        let core = stated.and_then(|one| one.core);
        let one = LaunchRecord { number, of, layout_seed, layout: Layout::default(), core };
        LaunchRecord { layout: layout(&one), ..one }
    };
    (1..=count).map(launch).collect()
}

fn launch_ns(device: &DeviceRecord) -> Value {
    json!({"launch_ns": device.facts.launch_ns.unwrap_or_default()})
}

/// What a launch takes, by what bounded the entries of a device.
fn bounded_by(device: &DeviceRecord, evidence: &Evidence) -> Value {
    let bounds = evidence.numbers().flat_map(|number| evidence.of(number).bounds(&device.backend));
    let mut others = bounds.map(|bounds| json!({"launch_ns": bounds.launch_ns}));
    others.find(|one| *one != launch_ns(device)).unwrap_or_else(|| launch_ns(device))
}

/// The timing reports that a design states, as this program holds them. Those of another source
/// are taken as they are stated.
fn reports(facts: &SimFacts) -> Vec<TimingFacts> {
    let held = fpga::reports_of(&facts.rtl_sha256, facts.lanes);
    let report = |stated: &TimingFacts| {
        held.iter().find(|one| one.report == stated.report).unwrap_or(stated).clone()
    };
    facts.timing.iter().map(report).collect()
}

fn empty(lines: Lines<'_>) -> Result<Option<EmptyReadings>, Unfounded> {
    let own = lines.own(|line| match line {
        Line::Empty(own) => Some(own),
        _ => None,
    })?;
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

/// All ratios of unique and repeated input that readings bear.
fn repeats(lines: Lines<'_>) -> Result<Vec<RepeatsRecord>, Unfounded> {
    let all = lines.several(|line| match line {
        Line::Repeats(own) => Some(own),
        _ => None,
    })?;
    let repeats = |Repeats { backend, batch_len, unique_ns, repeated_ns }: &Repeats| {
        let speedup = samples::<HostNanos>(unique_ns).speedup_of(&samples(repeated_ns))?;
        let (backend, batch_len) = (backend.clone(), *batch_len);
        Some(RepeatsRecord { backend, batch_len, repeated_records: TILE, speedup })
    };
    Ok(all.into_iter().filter_map(repeats).collect())
}

/// A break-even as its contests make it. Nothing is looked for on a device that a driver imitates.
fn break_even(
    recorded: &BreakEvenRecord,
    record: &RunRecord,
    lines: Lines<'_>,
) -> Result<BreakEvenRecord, Unfounded> {
    let BreakEvenRecord { backend, against, mode, .. } = recorded;
    let contests = lines.several(|line| match line {
        Line::Contest(contest) => {
            Some(contest).filter(|one| is_between(one, [against, backend], *mode))
        }
        _ => None,
    })?;
    let absent = if contests.is_empty() {
        let stated = recorded.absent.clone().filter(|_| is_imitated(backend, record));
        Some(stated.ok_or(Unfounded::Missing(FIRST))?)
    } else {
        without_ratio(&contests).map(|len| BreakEvenError::NoRatio(len).to_string())
    };
    let found = absent.is_none().then(|| {
        let mut points: Vec<Point> = contests.iter().filter_map(|one| point(one)).collect();
        points.sort_by_key(|point| point.batch_len);
        BreakEven { outcome: break_even::outcome(&points), points }
    });
    let (backend, against) = (backend.clone(), against.clone());
    Ok(BreakEvenRecord { backend, against, mode: *mode, found, absent })
}

/// Whether a contest is one of the processor against the device.
fn is_between(contest: &Contest, who: [&String; 2], mode: Mode) -> bool {
    contest.purpose == Purpose::BreakEven(mode)
        && contest.contestants.iter().map(|one| &one.backend).eq(who)
}

/// A length of which no contest bore a ratio.
fn without_ratio(contests: &[&Contest]) -> Option<usize> {
    let has_ratio = |len| contests.iter().any(|one| one.batch_len == len && point(one).is_some());
    contests.iter().map(|one| one.batch_len).find(|len| !has_ratio(*len))
}

/// The ratio that a contest bears.
fn point(contest: &Contest) -> Option<Point> {
    let contested = Contested::new(contest);
    let [processor, candidate] = contest.contestants.as_slice() else { return None };
    let (one, other) = (contested.samples(processor), contested.samples(candidate));
    Some(Point { batch_len: contest.batch_len, speedup: one.speedup_of(&other)? })
}
