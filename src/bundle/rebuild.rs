//! The figures of a record, made again of what was measured, by the same statistics.
//!
//! An entry begins with what was stated of it and no figure, and takes its figures from the
//! readings of each launch; launches are joined as a run joins them. So a figure that is in the
//! record and does not follow from readings is found, whatever it is called.

mod contest;
mod device;
mod distribution;
mod evidence;
mod whole;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::{
    measure::{Method, Stop, Subject},
    report::{
        launch::EntryLaunch,
        merge,
        record::{Entry, RunRecord},
    },
    stats::latency::HistogramError,
    warning::WarningRecord,
};
use evidence::Lines;

pub use evidence::Evidence;

/// Only the warning of a wide interval depends on it. The record does not say what was asked for.
const PRECISION: f64 = f64::INFINITY;

/// Warnings that follow from readings.
const FOLLOWING: [&str; 5] =
    ["not-steady", "saturated", "lost-requests", "latency-not-constant", "interval-not-one"];

/// Why figures cannot be made again.
#[derive(Debug, Error)]
pub enum Unfounded {
    /// Nothing of it was kept.
    #[error("launch {0} has no readings of it")]
    Missing(u32),
    /// Nobody can say which of them counts.
    #[error("launch {0} has more than one measurement of it")]
    Several(u32),
    /// Something else of the record follows from them.
    #[error("its readings of launch {0} are those of another part of the record")]
    Claimed(u32),
    /// It died, or its readings were cut off.
    #[error("the readings of launch {0} do not say how it ended")]
    Endless(u32),
    /// What was kept is no distribution.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
    /// The record does not say what it was measured on.
    #[error("the record does not say {0}")]
    Unsaid(&'static str),
    /// It cannot be written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A part of a record, as it is and as it follows from readings.
#[derive(Debug)]
pub struct Part {
    /// What it is about, such as `scalar decide throughput x 64 in L1, 1 threads`.
    pub name: String,
    /// As it is in the record.
    pub recorded: Value,
    /// As it follows.
    pub rebuilt: Result<Value, Unfounded>,
    /// As it was stated before there were readings. What is the same here was not made again.
    pub stated: Value,
    /// Whether figures of several launches, or logarithms, were joined.
    pub is_merged: bool,
}

/// Every part of a record that follows from readings.
pub fn parts(record: &RunRecord, evidence: &Evidence) -> Result<Vec<Part>, serde_json::Error> {
    let mut parts = Vec::new();
    for recorded in &record.entries {
        let rebuilt = entry(recorded, record, evidence);
        let is_merged = rebuilt.as_ref().is_ok_and(|rebuilt| rebuilt.launches.len() > 1);
        let stated = Entry { warnings: recorded.warnings.clone(), ..blank(recorded) };
        parts.push(Part {
            name: name(recorded),
            recorded: serde_json::to_value(recorded)?,
            rebuilt: rebuilt.and_then(|entry| value(&entry)),
            stated: serde_json::to_value(stated)?,
            is_merged,
        });
    }
    parts.extend(whole::parts(record, evidence)?);
    Ok(parts)
}

fn value(made: &impl Serialize) -> Result<Value, Unfounded> {
    Ok(serde_json::to_value(made)?)
}

/// What an entry is called for people.
#[must_use]
pub fn name(entry: &Entry) -> String {
    let load = entry.load.as_ref().map(|load| {
        format!(", {} clients, {:.0} requests/s", load.clients, load.rate_offered_per_s)
    });
    format!(
        "{}{} {} {} x {} in {}, {} threads{}",
        entry.backend,
        if entry.software { " (software)" } else { "" },
        entry.op.name(),
        entry.method.name(),
        entry.batch_len,
        entry.footprint_home,
        entry.threads,
        load.unwrap_or_default(),
    )
}

/// An entry as the readings of its launches make it. These say which launches that are.
pub fn entry(
    recorded: &Entry,
    record: &RunRecord,
    evidence: &Evidence,
) -> Result<Entry, Unfounded> {
    let mut whole = match recorded.method.subject() {
        Subject::HostTime => joined(recorded, record, evidence)?,
        // What one launch measures for all is measured by the first.
        _ => of_launch(recorded, record, evidence.of(FIRST))?,
    }
    .ok_or(Unfounded::Missing(FIRST))?;
    whole.software = is_imitated(&recorded.backend, record);
    whole.disturbance = recorded.disturbance;
    whole.usage = recorded.usage;
    whole.warnings = warnings(&recorded.warnings, &whole.warnings);
    Ok(whole)
}

/// The launch that measures what is measured once.
const FIRST: u32 = 1;

/// All launches that have readings of an entry, joined.
fn joined(
    recorded: &Entry,
    record: &RunRecord,
    evidence: &Evidence,
) -> Result<Option<Entry>, Unfounded> {
    let last = evidence.numbers().next_back();
    let mut joined: Option<Entry> = None;
    for number in evidence.numbers() {
        let own = recorded.launches.iter().find(|one| one.number == number);
        // The last launch of a run that was stopped may not have come to write what it measured.
        if own.is_none() && Some(number) == last && !evidence::is_over(record) {
            continue;
        }
        let Some(mut one) = of_launch(recorded, record, evidence.of(number))? else { continue };
        one.stop = own.map_or(Stop::Complete, |own| own.stop);
        one.launches = vec![EntryLaunch::of(&one, number)];
        joined = Some(match joined {
            None => one,
            Some(before) => merge::join(&before, &one, PRECISION)?,
        });
    }
    Ok(joined)
}

/// Whether the device of a backend is imitated by a driver, as the record says of devices.
#[must_use]
pub fn is_imitated(backend: &str, record: &RunRecord) -> bool {
    let mut devices = record.devices.iter();
    devices.any(|device| device.backend == backend && device.facts.adapter.is_software())
}

/// Warnings as they are recorded, but for those that follow from readings.
fn warnings(recorded: &[WarningRecord], rebuilt: &[WarningRecord]) -> Vec<WarningRecord> {
    let follows = |one: &&WarningRecord| FOLLOWING.contains(&one.code.as_str());
    let is_right = |one: &&WarningRecord| !follows(one) || rebuilt.contains(one);
    let mut all: Vec<WarningRecord> = recorded.iter().filter(is_right).cloned().collect();
    let lacking = rebuilt.iter().filter(follows).filter(|one| !recorded.contains(one));
    all.extend(lacking.cloned());
    all
}

/// An entry as one launch measured it. `None` where it did not.
fn of_launch(
    recorded: &Entry,
    record: &RunRecord,
    lines: Lines<'_>,
) -> Result<Option<Entry>, Unfounded> {
    let mut entry = blank(recorded);
    let found = match recorded.method {
        Method::Throughput => contest::throughput(&mut entry, lines)?,
        Method::Stream => contest::stream(&mut entry, lines)?,
        Method::Latency => distribution::latency(&mut entry, lines)?,
        Method::Load => distribution::load(&mut entry, recorded, lines)?,
        Method::Stages => device::stages(&mut entry, lines)?,
        Method::Resident => device::resident(&mut entry, lines)?,
        Method::Cycles => device::cycles(&mut entry, recorded, record, lines)?,
        Method::BreakEven => None,
    };
    Ok(found.map(|()| entry))
}

/// An entry with what is stated of it, and without what follows from readings. A field that is new
/// must be put on one side or the other here, or this does not compile.
fn blank(entry: &Entry) -> Entry {
    Entry {
        backend: entry.backend.clone(),
        software: entry.software,
        op: entry.op,
        method: entry.method,
        batch_len: entry.batch_len,
        threads: entry.threads,
        verified: entry.verified,
        footprint_bytes: entry.footprint_bytes,
        footprint_home: entry.footprint_home.clone(),
        stop: entry.stop,
        disturbance: entry.disturbance,
        usage: entry.usage,
        warnings: Vec::new(),
        sample_count: 0,
        steady: None,
        launches: Vec::new(),
        metrics: BTreeMap::new(),
        absent: BTreeMap::new(),
        per_thread: Vec::new(),
        speedup: None,
        scaling: None,
        overlap: None,
        bound: None,
        device_bounds: Vec::new(),
        stages: None,
        cycles: None,
        load: None,
        histogram: None,
    }
}

/// Figures of devices and simulated hardware, made again: not every machine has these.
#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{
            HostBackend, SimulatedBackend as _,
            device::{DeviceBound, DeviceElapsed},
            mock::{self, Device, Simulated, device_nanos},
        },
        bundle::{
            readings::{
                Contest, Contestant, Cycles, DeviceBounds, Line, Place, Purpose, Resident, Role,
                Stages,
            },
            testing,
        },
        clock::ClockAgreement,
        corpus::Corpus,
        host::{schedule::Disturbance, timer::Timer},
        measure::{
            Bench, Limits, break_even, cycles,
            device::{EndToEnd, Shared},
            inputs::Pool,
            placed, stages,
        },
        op::Op,
        report::{
            device::{Bounded, Bounds, BreakEvenRecord, Mode},
            record::Header,
            simulated::{SIMULATOR_HOME, SimulatedRecord},
        },
    };

    const LEN: usize = 64;

    fn pool() -> Pool {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        Pool::new(Op::Decide, records, 4 * LEN).unwrap()
    }

    /// What `work` gives with next to no time to measure.
    fn benched<R>(work: impl FnOnce(Bench<'_>) -> R) -> R {
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        work(Bench { timer: &timer, limits, interrupted: &interrupted })
    }

    fn header(home: &str) -> Header {
        Header {
            backend: "mock",
            software: false,
            op: Op::Decide,
            threads: 1,
            footprint_home: home.into(),
            disturbance: Disturbance::default(),
        }
    }

    fn device() -> Shared {
        let [upload, kernel, download] = [1_000, 2_000, 3_000].map(device_nanos);
        let elapsed = DeviceElapsed { upload, kernel, download };
        Shared::new(Box::new(
            Device::golden(Op::Decide, elapsed).lasting(Duration::from_micros(50)),
        ))
    }

    /// The parts of a record with this entry that are not made again of a line.
    fn differing(mut record: RunRecord, entry: Option<Entry>, lines: &[Line]) -> Vec<String> {
        record.entries = entry.into_iter().collect();
        // Lines are read from a file, as they are when a bundle is verified.
        let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let stream = serde_json::Deserializer::from_str(&text).into_iter::<Line>();
        let lines: Vec<Line> = stream.collect::<Result<_, _>>().unwrap();
        let mut evidence = Evidence::default();
        evidence.insert(1, lines);
        let parts = parts(&record, &evidence).unwrap();
        let is_other = |part: &Part| part.rebuilt.as_ref().ok() != Some(&part.recorded);
        let not_of_entries = ["an empty operation", "launches", "status"];
        let others = parts.iter().filter(|part| !not_of_entries.contains(&part.name.as_str()));
        others.filter(|part| is_other(part)).map(|part| format!("{part:?}")).collect()
    }

    fn record() -> RunRecord {
        testing::record("complete", &[])
    }

    /// Stages and their bounds, with device time and without.
    #[test]
    fn stages_are_made_again() {
        let agreement = ClockAgreement::measured(1.0).unwrap();
        for agreement in [Some(&agreement), None] {
            let (pool, shared) = (pool(), device());
            let mut rotation = pool.rotation(LEN, 4, 0).unwrap();
            let measured =
                benched(|bench| stages::measure(bench, &shared, &mut rotation, agreement)).unwrap();
            let samples = readings_of([5.0, 5.5, 6.0, 6.5, 7.0, 7.5]);
            let bounds: Bounds = [(DeviceBound::Read, samples)].into();
            let bounded = Bounded { bounds: &bounds, records: LEN, launch_ns: 1.0 };
            let entry = Entry::of_stages(header("L1"), &rotation, &measured, bounded).unwrap();
            let bounds = DeviceBounds::of(&bounds, LEN, 1.0);
            let line = Stages::of(Place::of(&entry), &measured, bounds).unwrap();
            let found = differing(record(), Some(entry), &[Line::Stages(line)]);
            assert!(found.is_empty(), "{found:?}");
        }
    }

    fn readings_of(units: [f64; 6]) -> crate::stats::Samples<crate::clock::DeviceNanos> {
        crate::stats::Samples::from_units(units)
    }

    /// Resident input, its kernel and all bounds.
    #[test]
    fn resident_input_is_made_again() {
        let (pool, shared) = (pool(), device());
        let mut rotation = pool.rotation(LEN, 1, 0).unwrap();
        let measured = benched(|bench| placed::measure(bench, &shared, &mut rotation)).unwrap();
        let entry = Entry::of_resident(header("device"), &rotation, &measured, 0.01, 7.0);
        assert!(!entry.device_bounds.is_empty());
        let line = Resident::of(Place::of(&entry), &measured, 7.0);
        let mut other = line.clone();
        other.end_to_end_ns[0] += 1.0;
        let found = differing(record(), Some(entry.clone()), &[Line::Resident(line)]);
        assert!(found.is_empty(), "{found:?}");
        let found = differing(record(), Some(entry), &[Line::Resident(other)]);
        assert_eq!(found.len(), 1, "another reading gives other figures");
    }

    /// Cycles, backpressure and modelled time of a simulated design.
    #[test]
    fn cycles_are_made_again() {
        let pool = pool();
        for len in [1, LEN] {
            let rotation = pool.rotation(len, 1, 0).unwrap();
            let mut design = Simulated::golden(Op::Decide);
            let measured = benched(|bench| cycles::measure(bench, &mut design, &rotation)).unwrap();
            let facts = design.facts().clone();
            let entry = Entry::of_cycles(header(SIMULATOR_HOME), &rotation, &measured, &facts);
            let line = Cycles::of(Place::of(&entry), &measured);
            let mut record = record();
            let counters = measured.counters;
            record.simulated = vec![SimulatedRecord { backend: "mock".into(), facts, counters }];
            let found = differing(record, Some(entry), &[Line::Cycles(line.into())]);
            assert!(found.is_empty(), "{found:?}");
        }
    }

    /// A break-even follows from its contests.
    #[test]
    fn break_evens_are_made_again() {
        let (pool, mut lines) = (pool(), Vec::new());
        let rotations = |len| Ok([pool.rotation(len, 2, 0)?, pool.rotation(len, 2, 0)?]);
        let found = benched(|bench| {
            let mut slow = EndToEnd(device());
            let contestants: [&mut HostBackend; 2] =
                [&mut mock::Host::golden(Op::Decide), &mut slow];
            break_even::measure(bench, contestants, 16, rotations, |batch_len, [one, other]| {
                lines.push(Line::Contest(Contest {
                    purpose: Purpose::BreakEven(Mode::EndToEnd),
                    op: Op::Decide,
                    batch_len,
                    home: "hot".into(),
                    steady_after_ns: 0,
                    contestants: vec![
                        Contestant::of("scalar", Role::Contender, one),
                        Contestant::of("mock", Role::Contender, other),
                    ],
                }));
            })
        });
        let found = found.unwrap();
        let mut record = record();
        record.break_even = vec![BreakEvenRecord {
            backend: "mock".into(),
            against: "scalar".into(),
            mode: Mode::EndToEnd,
            found: Some(found),
            absent: None,
        }];
        let found = differing(record.clone(), None, &lines);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(differing(record, None, &[]).len(), 1, "without readings there is none");
    }
}
