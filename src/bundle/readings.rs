//! What was measured: the readings and distributions that every figure of a record follows from.
//!
//! A file for each launch, a line of JSON for each measurement, written when it ends. Times are
//! nanoseconds as floating point numbers that read back exactly; distributions of many readings
//! are in the format of HdrHistogram in picoseconds, as in the record. The first line says which
//! launch it is.

mod taking;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use taking::after_ns;

use crate::{
    clock::Clock,
    host::counters::Event,
    measure::{cycles::Paced, load::outcome::Account, stages::Rounds},
    op::Op,
    report::{device::Mode, record::Status},
    stats::{Samples, steady::Groups},
};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.readings/1";

/// A measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Whose file this is. The first line, and no other.
    Launch(Launch),
    /// An operation that does nothing.
    Empty(Empty),
    /// Readings of several contestants in the same rounds.
    Contest(Contest),
    /// Unique against repeated input.
    Repeats(Repeats),
    /// One batch per reading.
    Latency(Latency),
    /// Requests on a schedule.
    Load(Load),
    /// The same, to find the knee.
    Attempt(Load),
    /// A device's work taken apart.
    Stages(Stages),
    /// Input that stays on the device.
    Resident(Resident),
    /// Cycles of simulated hardware.
    Cycles(Box<Cycles>),
    /// How the launch ended. The last line, and no other.
    End(End),
}

/// Whose file it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// [`SCHEMA`].
    pub schema: String,
    /// The launch.
    pub number: u32,
}

/// How a launch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// That of the record then: `running` where another launch is to come.
    pub status: Status,
}

/// What tells one entry of a record from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Id of the backend.
    pub backend: String,
    /// Whether a driver imitates the device.
    pub software: bool,
    /// Operation.
    pub op: Op,
    /// Records per batch.
    pub batch_len: usize,
    /// Threads that work.
    pub threads: usize,
    /// Home of the footprint.
    pub home: String,
}

/// An operation that does nothing against another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Empty {
    /// Records per batch.
    pub batch_len: usize,
    /// Batches of the shorter reading.
    pub repetitions: u64,
    /// What the timer resolves.
    pub resolution_ns: f64,
    /// Per record, in the same rounds: what is measured.
    pub measured_ns: Vec<f64>,
    /// And its control.
    pub control_ns: Vec<f64>,
    /// Per batch by latency, less the control: medians of stretches.
    pub net_ns: Vec<f64>,
    /// Distribution of the control by latency.
    pub empty: String,
}

/// What a contest was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Entries of throughput.
    Throughput,
    /// What backends take where memory cannot hold them back.
    FirstCache,
    /// A device with several batches in flight.
    Stream,
    /// Whether a device beats a processor.
    BreakEven(Mode),
}

/// Readings of several contestants in the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contest {
    /// What for.
    pub purpose: Purpose,
    /// Operation.
    pub op: Op,
    /// Records per batch.
    pub batch_len: usize,
    /// Home of the footprint.
    pub home: String,
    /// From the first round to the steady state.
    pub steady_after_ns: u64,
    /// Those that took part.
    pub contestants: Vec<Contestant>,
}

/// What a contestant is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// To be measured.
    Contender,
    /// Reads the input only.
    ReadRoof,
    /// Brings the input to the device only.
    UploadRoof,
    /// Does nothing.
    Empty,
    /// The same device with one batch after the other.
    OneByOne,
}

/// One of several in the same rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contestant {
    /// Id of the backend.
    pub backend: String,
    /// Whether a driver imitates the device.
    pub software: bool,
    /// What it is there for.
    pub role: Role,
    /// Threads that work.
    pub threads: usize,
    /// The core of each of several threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cores: Vec<usize>,
    /// Nanoseconds per record, a reading for each round, those before the steady state too.
    pub per_record_ns: Vec<f64>,
    /// The same for each of several threads, from the steady state on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_thread_ns: Vec<Vec<f64>>,
    /// What each round of the pass after measuring counted per record, least first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<Event, Vec<f64>>,
    /// Events that the kernel did not count all the time.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub multiplexed: BTreeSet<Event>,
}

/// Unique against repeated input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// Id of the backend.
    pub backend: String,
    /// Records per batch.
    pub batch_len: usize,
    /// Nanoseconds per record of unique input.
    pub unique_ns: Vec<f64>,
    /// Of repeated input, in the same rounds.
    pub repeated_ns: Vec<f64>,
}

/// One batch per reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Of which entry.
    pub place: Place,
    /// All readings in groups, those before the steady state too.
    pub groups: Groups,
    /// From the first reading to the steady state.
    pub steady_after_ns: u64,
    /// The distribution from there on.
    pub histogram: String,
    /// Per batch, less an empty reading beside it: medians of stretches.
    pub net_ns: Vec<f64>,
}

/// Requests on a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Of which entry.
    pub place: Place,
    /// Clients.
    pub clients: usize,
    /// Requests per second that were offered.
    pub rate_per_s: f64,
    /// What was counted.
    pub account: Account,
    /// From the start of service to its end.
    pub service: String,
    /// From the intended start to the end.
    pub response: String,
    /// From the intended start to that of service, where a worker was free.
    pub late_start: String,
}

/// A device's work taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Of which entry.
    pub place: Place,
    /// The distribution of each stage, of the whole and of the plain call, by metric.
    pub histograms: BTreeMap<String, String>,
    /// What the quotients are of.
    pub rounds: Rounds,
    /// Readings in which the device counted more than the host had waited.
    pub overruns: u64,
    /// What bounds the stages.
    pub bounds: DeviceBounds,
}

/// What bounds a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceBounds {
    /// Records that they were measured on.
    pub records: usize,
    /// What a launch takes.
    pub launch_ns: f64,
    /// Nanoseconds per record on the device's clock, by metric.
    pub per_record_ns: BTreeMap<String, Vec<f64>>,
}

/// Input that stays on the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resident {
    /// Of which entry.
    pub place: Place,
    /// Nanoseconds per record on the host's clock.
    pub end_to_end_ns: Vec<f64>,
    /// Of the kernel alone, on the device's clock.
    pub kernel_ns: Option<Vec<f64>>,
    /// What bounds it.
    pub bounds: DeviceBounds,
}

/// Cycles of simulated hardware.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cycles {
    /// Of which entry.
    pub place: Place,
    /// Records that one beat holds.
    pub lanes: usize,
    /// Nobody waits.
    pub eager: Paced,
    /// A slow source.
    pub slow_source: Paced,
    /// Slow sinks.
    pub backpressure: Vec<Paced>,
}

/// Stored readings as samples of the clock that they were taken by.
#[must_use]
pub fn samples<C: Clock>(units: &[f64]) -> Samples<C> {
    Samples::from_units(units.iter().copied())
}

/// A file that is none of readings.
#[derive(Debug, Error)]
pub enum ReadingsError {
    /// A line is no measurement.
    #[error("line {line}: {error}")]
    Malformed {
        /// From 1 on.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// It is of another launch, or of a format that this program does not know.
    #[error("its first line is not that of launch {0} in the format {SCHEMA}")]
    OtherLaunch(u32),
    /// A line says more than a measurement holds, or says it in another way.
    #[error("line {0}: it is not as it is written")]
    Unlike(usize),
    /// A beginning or an end in the middle.
    #[error("line {0}: a launch begins with its first line, and ends with its last")]
    Misplaced(usize),
}

/// The measurements of launch `number` in the text of a file.
pub fn parse(text: &str, number: u32) -> Result<Vec<Line>, ReadingsError> {
    let lines = text.lines().enumerate().map(|(index, line)| measurement(index + 1, line));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    match lines.first() {
        Some(Line::Launch(launch)) if *launch == Launch::of(number) => {}
        _ => return Err(ReadingsError::OtherLaunch(number)),
    }
    let is_misplaced = |(index, line): &(usize, &Line)| match line {
        Line::Launch(_) => *index > 0,
        Line::End(_) => index + 1 < lines.len(),
        _ => false,
    };
    match lines.iter().enumerate().find(is_misplaced) {
        Some((index, _)) => Err(ReadingsError::Misplaced(index + 1)),
        None => Ok(lines),
    }
}

/// The measurement of a line, which must be what is written of it and nothing more.
fn measurement(line: usize, text: &str) -> Result<Line, ReadingsError> {
    let malformed = |error| ReadingsError::Malformed { line, error };
    let value: serde_json::Value = serde_json::from_str(text).map_err(malformed)?;
    let read = Line::deserialize(&value).map_err(malformed)?;
    if serde_json::to_value(&read).map_err(malformed)? == value {
        Ok(read)
    } else {
        Err(ReadingsError::Unlike(line))
    }
}

impl Launch {
    /// The first line of a launch's file.
    #[must_use]
    pub fn of(number: u32) -> Self {
        Self { schema: SCHEMA.into(), number }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest() -> Line {
        let contestant = Contestant {
            backend: "scalar".into(),
            software: false,
            role: Role::Contender,
            threads: 1,
            cores: Vec::new(),
            per_record_ns: vec![0.1 + 0.2, -1e-300, 20.0, f64::MAX],
            per_thread_ns: Vec::new(),
            events: [(Event::Cycles, vec![1.5])].into(),
            multiplexed: [Event::LlcMisses].into(),
        };
        Line::Contest(Contest {
            purpose: Purpose::BreakEven(Mode::Resident),
            op: Op::Decide,
            batch_len: 64,
            home: "L1".into(),
            steady_after_ns: 7,
            contestants: vec![contestant],
        })
    }

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
    }

    /// Lines are read back as they were written, to the last bit.
    #[test]
    fn lines_read_back_exactly() {
        let end = Line::End(End { status: Status::Complete });
        let lines = [Line::Launch(Launch::of(2)), contest(), end];
        assert_eq!(parse(&text(&lines), 2).unwrap(), lines);
    }

    /// Another launch, another format, no first line, and a line that is none are refused.
    #[test]
    fn other_files_are_refused() {
        let other = Launch { schema: "nanogate.readings/2".into(), ..Launch::of(1) };
        for lines in [vec![], vec![contest()], vec![Line::Launch(Launch::of(2))]] {
            assert!(matches!(parse(&text(&lines), 1), Err(ReadingsError::OtherLaunch(1))));
        }
        assert!(parse(&text(&[Line::Launch(other)]), 1).is_err());
        let spoiled = text(&[Line::Launch(Launch::of(1))]) + "{\"surprise\": 1}\n";
        let refused = parse(&spoiled, 1).unwrap_err().to_string();
        assert!(refused.starts_with("line 2: "), "{refused}");
    }

    /// A line that says more than it should is refused, and so is a second beginning, or what comes
    /// after the end.
    #[test]
    fn more_than_is_written_is_refused() {
        let head = text(&[Line::Launch(Launch::of(1))]);
        let end = text(&[Line::End(End { status: Status::Complete })]);
        let more = text(&[contest()]).replace("\"role\"", "\"surprise\":1,\"role\"");
        assert!(matches!(parse(&(head.clone() + &more), 1), Err(ReadingsError::Unlike(2))));
        for spoiled in [head.clone() + &head, head.clone() + &end + &text(&[contest()])] {
            assert!(matches!(parse(&spoiled, 1), Err(ReadingsError::Misplaced(2))));
        }
    }
}
