//! The run record: the JSON that a run writes, as `schemas/nanogate.run-1.schema.json` states it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    device::{BreakEvenRecord, DeviceBoundRecord, DeviceRecord, StagesRecord},
    simulated::{CyclesRecord, SimulatedRecord},
};
use crate::{
    clock::{Clock, HostNanos, Time},
    descriptor::Record,
    host::{
        counters::EventStatus, fingerprint::Fingerprint, schedule::Disturbance, timer, usage::Usage,
    },
    measure::{Method, Stop, inputs::Rotation, latency::Latency, throughput::Throughput},
    op::Op,
    stats::{
        self, Estimate, Samples,
        latency::{Histogram, HistogramError, PERCENTILES},
    },
    warning::{Warning, WarningRecord},
};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.run/1";

/// A whole run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether all that was planned was measured.
    pub status: Status,
    /// Seconds since 1970 when the run began.
    pub started_unix_s: u64,
    /// The program that measured.
    pub tool: Tool,
    /// The machine.
    pub host: Fingerprint,
    /// The clock.
    pub timer: TimerRecord,
    /// The performance counters, and why there are not more.
    #[serde(default)]
    pub counters: Vec<EventStatus>,
    /// The input.
    pub corpus: CorpusRecord,
    /// What is wrong with the machine as a whole.
    pub warnings: Vec<WarningRecord>,
    /// The devices that were open, as they were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceRecord>,
    /// The simulated designs that were open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub simulated: Vec<SimulatedRecord>,
    /// One per backend, operation, method, batch length and thread count.
    pub entries: Vec<Entry>,
    /// From which batch length a device beats the best backend of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_even: Vec<BreakEvenRecord>,
    /// Backends that were asked for and not measured.
    pub skipped: Vec<Skipped>,
}

/// How far a run got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// More is to come, or the run died.
    Running,
    /// All that was planned is there.
    Complete,
    /// A device or a simulator failed: what it was to give is missing.
    Incomplete,
    /// The user stopped it.
    Interrupted,
    /// A backend gave wrong results.
    WrongResults,
}

/// The program that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Package version.
    pub version: String,
    /// Source revision; `-dirty` when there were changes; `unknown` outside a checkout.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
    /// Compiler version.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// Extra compiler flags.
    pub rustflags: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("NANOGATE_COMMIT").into(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
            rustc: env!("NANOGATE_RUSTC").into(),
            target: env!("NANOGATE_TARGET").into(),
            rustflags: String::new(),
        }
    }
}

/// The clock, and what the harness itself costs on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerRecord {
    /// What qualification measured.
    #[serde(flatten)]
    pub quality: timer::Quality,
    /// Throughput of an empty operation: nanoseconds per submitted batch that are the harness's.
    pub empty_throughput_ns: Option<Estimate>,
    /// Median latency reading of an empty operation, in nanoseconds.
    pub empty_latency_ns: Option<f64>,
}

/// The input of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusRecord {
    /// File, or the embedded snapshot.
    pub source: String,
    /// SHA-256 of the corpus.
    pub digest: String,
    /// Descriptors in it.
    pub descriptor_count: usize,
    /// Seed with which inputs were drawn.
    pub seed: u64,
    /// Faulty records per thousand.
    pub faults_permille: u16,
}

/// One measured combination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Id of the backend.
    pub backend: String,
    /// A driver imitates the device: this is no figure of a GPU.
    #[serde(default, skip_serializing_if = "is_false")]
    pub software: bool,
    /// Operation.
    pub op: Op,
    /// Method.
    pub method: Method,
    /// Records per batch.
    pub batch_len: usize,
    /// Threads that work.
    pub threads: usize,
    /// Output compared with the golden model before measuring and after. Never false: what is
    /// not verified has no entry.
    pub verified: bool,
    /// Bytes of all inputs and outputs in rotation.
    pub footprint_bytes: u64,
    /// Smallest cache that holds the footprint.
    pub footprint_home: String,
    /// Readings.
    pub sample_count: u64,
    /// Why measuring ended.
    pub stop: Stop,
    /// `<clock>/<metric>/<stat>` to value; nanoseconds unless the name says otherwise.
    pub metrics: BTreeMap<String, f64>,
    /// Metrics that the samples do not bear, with the reason.
    pub absent: BTreeMap<String, String>,
    /// What each of several threads took by itself. Empty for one thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_thread: Vec<ThreadRecord>,
    /// Times as fast as the baseline backend, by readings of the same rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<Speedup>,
    /// Times as fast as the same backend on one thread, by readings of the same rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Speedup>,
    /// Times as fast as the same batches one at a time, for `stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Speedup>,
    /// What memory allows at most, by readings of the same rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// What limits a device, for its methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_bounds: Vec<DeviceBoundRecord>,
    /// The budget of a device's stages, for `stages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<StagesRecord>,
    /// Bounds, backpressure and modelled time of a simulated design, for `cycles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<CyclesRecord>,
    /// The distribution, for latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<HistogramRecord>,
    /// What the operating system did meanwhile.
    pub disturbance: Disturbance,
    /// What it took of the machine, for throughput and latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Reasons to distrust this entry.
    pub warnings: Vec<WarningRecord>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// A ratio to the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speedup {
    /// Id of the baseline backend.
    pub baseline: String,
    /// Median of the quotients, with its interval.
    #[serde(flatten)]
    pub ratio: Estimate,
}

impl Speedup {
    /// Times as fast as the baseline. `None` where that was not measured, or with too few rounds.
    #[must_use]
    pub fn over(
        baseline: &str,
        readings: Option<&Samples<HostNanos>>,
        measured: &Samples<HostNanos>,
    ) -> Option<Self> {
        let ratio = readings?.speedup_of(measured)?;
        Some(Self { baseline: baseline.into(), ratio })
    }
}

/// One of several threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// Its core.
    pub core: usize,
    /// Median nanoseconds per record of its own.
    pub per_record_ns: f64,
}

/// The roof above an entry: the time to read its input, or to bring it to the device, and nothing
/// else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// [`ROOF_PER_RECORD`] or [`UPLOAD_ONLY`].
    pub metric: String,
    /// Nanoseconds per record for the same batches on the same cores.
    pub value: f64,
    /// Share of the roof that the backend reaches, with its interval: 1 is the roof itself.
    pub fraction: Estimate,
    /// What holds the backend back most. Absent where its time in the first cache is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// What holds a backend back most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It takes notably longer than in the first cache: it waits for its input.
    Memory,
    /// It takes about as long as in the first cache: its instructions, and what a call costs.
    Instructions,
}

/// Times as long as in the first cache, from which on a backend counts as bound by memory.
const WAITING: f64 = 1.2;

impl Limit {
    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Instructions => "instructions",
        }
    }
}

impl Bound {
    /// The roof over a backend. `ceiling_ns` is what it takes per record in the first cache.
    #[must_use]
    pub fn of(
        metric: &str,
        roof: &Samples<HostNanos>,
        measured: &Samples<HostNanos>,
        ceiling_ns: Option<f64>,
    ) -> Option<Self> {
        let value = roof.median().filter(|median| median.value > 0.0)?.value;
        let nanos = measured.median()?.value;
        let limit = |ceiling_ns| {
            if nanos > WAITING * ceiling_ns { Limit::Memory } else { Limit::Instructions }
        };
        Some(Self {
            metric: metric.into(),
            value,
            fraction: roof.speedup_of(measured)?,
            limit: ceiling_ns.map(limit),
        })
    }
}

/// A distribution in a format that others read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramRecord {
    /// Always `HdrHistogram V2, base64`.
    pub format: String,
    /// Unit of the values.
    pub unit: String,
    /// The histogram.
    pub data: String,
}

impl HistogramRecord {
    /// A distribution as it is stored.
    pub fn new<C: Time>(histogram: &Histogram<C>) -> Result<Self, HistogramError> {
        let (format, unit) = ("HdrHistogram V2, base64".into(), "ps".into());
        Ok(Self { format, unit, data: histogram.to_base64()? })
    }
}

/// A backend that was asked for and not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its id.
    pub backend: String,
    /// Why.
    pub reason: String,
}

/// Median time per record, in metrics and tables.
pub const PER_RECORD: &str = "host/per_record";
/// Time per record of reading the input only.
pub const ROOF_PER_RECORD: &str = "host/roofline/per_record";
/// Time per record of bringing the input to a device only.
pub const UPLOAD_ONLY: &str = "host/upload_only/per_record";
/// Time per batch, in metrics and tables.
pub const END_TO_END: &str = "host/end_to_end";

/// What both methods know of an entry before its figures.
#[derive(Clone, Debug)]
pub struct Header {
    /// Id of the backend.
    pub backend: &'static str,
    /// Whether a driver imitates the device.
    pub software: bool,
    /// Operation.
    pub op: Op,
    /// Threads that work.
    pub threads: usize,
    /// Home of the footprint.
    pub footprint_home: String,
    /// What the operating system did meanwhile.
    pub disturbance: Disturbance,
}

impl Entry {
    pub(super) fn new(header: Header, method: Method, rotation: &Rotation<'_>, stop: Stop) -> Self {
        let warnings = crate::warning::of_disturbance(&header.disturbance);
        Self {
            backend: header.backend.into(),
            software: header.software,
            op: header.op,
            method,
            batch_len: rotation.batch_len(),
            threads: header.threads,
            verified: true,
            footprint_bytes: rotation.footprint_bytes() * header.threads as u64,
            footprint_home: header.footprint_home,
            sample_count: 0,
            stop,
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
            histogram: None,
            disturbance: header.disturbance,
            usage: None,
            warnings: warnings.iter().map(Warning::record).collect(),
        }
    }

    /// The entry of a throughput measurement.
    #[must_use]
    pub fn of_throughput(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Throughput,
        precision: f64,
    ) -> Self {
        let mut entry = Self::new(header, Method::Throughput, rotation, measured.stop);
        entry.put_host_samples(&measured.per_record, precision);
        entry
    }

    /// Time per record, if there are readings enough.
    pub(super) fn put_host_samples(&mut self, samples: &Samples<HostNanos>, precision: f64) {
        self.sample_count = samples.len() as u64;
        if let Some(summary) = samples.summary() {
            self.put_summary(&summary, precision);
        } else {
            let reason = format!("{} readings bear no interval", self.sample_count);
            self.absent.insert(format!("{PER_RECORD}/p50"), reason);
        }
    }

    /// Says what happened while the entry was measured, where that is known afterwards only.
    pub fn disturb(&mut self, disturbance: Disturbance) {
        let warnings = crate::warning::of_disturbance(&disturbance);
        self.warnings.splice(0..0, warnings.iter().map(Warning::record));
        self.disturbance = disturbance;
    }

    fn put_summary(&mut self, summary: &stats::Summary<HostNanos>, precision: f64) {
        let median = summary.median;
        let record_bytes = size_of::<Record>() as f64;
        for (stat, value) in [
            ("p50", median.value),
            ("p50_low", median.low),
            ("p50_high", median.high),
            ("mean", summary.mean),
            ("stdev", summary.stdev),
            ("mad", summary.mad),
            ("min", summary.min),
            ("max", summary.max),
        ] {
            self.metrics.insert(format!("{PER_RECORD}/{stat}"), value);
        }
        let clock = HostNanos::TAG;
        self.metrics.insert(format!("{clock}/records_per_s/p50"), 1e9 / median.value);
        self.metrics
            .insert(format!("{clock}/input_bytes_per_s/p50"), record_bytes * 1e9 / median.value);
        if median.relative_half_width() > precision {
            let percent = median.relative_half_width() * 100.0;
            let warning = Warning::WideInterval { percent, wanted: precision * 100.0 };
            self.warnings.push(warning.record());
        }
    }

    /// The entry of a latency measurement. `floor_ns` is the median of empty readings.
    pub fn of_latency(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Latency,
        floor_ns: Option<f64>,
    ) -> Result<Self, HistogramError> {
        let mut entry = Self::new(header, Method::Latency, rotation, measured.stop);
        let histogram = &measured.end_to_end;
        entry.sample_count = histogram.len();
        entry.metrics.insert(format!("{END_TO_END}/min"), histogram.min_ns());
        entry.metrics.insert(format!("{END_TO_END}/max"), histogram.max_ns());
        for (stat, q) in PERCENTILES {
            let id = format!("{END_TO_END}/{stat}");
            match histogram.quantile_ns(q) {
                Ok(nanos) => drop(entry.metrics.insert(id, nanos)),
                Err(unearned) => drop(entry.absent.insert(id, unearned.to_string())),
            }
        }
        entry.histogram = Some(HistogramRecord::new(histogram)?);
        entry.warn_of_floor(floor_ns);
        Ok(entry)
    }

    /// Warns where an empty reading is more than a tenth of the reading.
    fn warn_of_floor(&mut self, floor_ns: Option<f64>) {
        let p50_ns = self.metric(END_TO_END, "p50");
        if let (Some(floor_ns), Some(p50_ns)) = (floor_ns, p50_ns)
            && floor_ns > p50_ns / 10.0
        {
            self.warnings.push(Warning::TimerFloor { floor_ns, p50_ns }.record());
        }
    }

    /// A figure of this entry, if the samples bear it.
    #[must_use]
    pub fn metric(&self, metric: &str, stat: &str) -> Option<f64> {
        self.metrics.get(&format!("{metric}/{stat}")).copied()
    }

    /// The median time of the entry's method with its interval, where there is one.
    #[must_use]
    pub fn median(&self) -> Option<Estimate> {
        Some(Estimate {
            value: self.metric(PER_RECORD, "p50")?,
            low: self.metric(PER_RECORD, "p50_low")?,
            high: self.metric(PER_RECORD, "p50_high")?,
        })
    }
}
