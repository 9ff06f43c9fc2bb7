//! The run record: the JSON that a run writes, as `schemas/nanogate.run-1.schema.json` states it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    device::{BreakEvenRecord, DeviceBoundRecord, DeviceRecord, StagesRecord},
    launch::{EntryLaunch, LaunchRecord, SteadyRecord},
    load::LoadRecord,
    ratio::{Bound, RepeatsRecord, Speedup},
    simulated::{CyclesRecord, SimulatedRecord},
};
use crate::{
    clock::{Clock, HostNanos, Time},
    descriptor::Record,
    host::{
        counters::EventStatus, fingerprint::Fingerprint, schedule::Disturbance, timer, usage::Usage,
    },
    measure::{
        Method, Steady, Stop, empty::EmptyReadings, inputs::Rotation, latency::Latency,
        throughput::Throughput,
    },
    op::Op,
    platform::record::ProfileRecord,
    stats::{
        self, Estimate, Samples,
        latency::{Histogram, HistogramError, PERCENTILES},
    },
    warning::{Warning, WarningRecord},
};

pub use super::tool::Tool;

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
    /// The processes that measured, one after the other.
    pub launches: Vec<LaunchRecord>,
    /// Most seconds for one entry, all launches together. Absent of records from before it was
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<f64>,
    /// What the run was measured under. Absent where flags alone said what to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRecord>,
    /// The clock, as the first launch found it.
    pub timer: TimerRecord,
    /// The performance counters, and why there are not more.
    #[serde(default)]
    pub counters: Vec<EventStatus>,
    /// The input.
    pub corpus: CorpusRecord,
    /// What is wrong with the machine as a whole.
    pub warnings: Vec<WarningRecord>,
    /// Unique inputs against repeated ones, of each backend of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<RepeatsRecord>,
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

impl Status {
    /// The same for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Running => "died",
            Self::Complete => "complete",
            Self::Incomplete => "complete but for a device that failed",
            Self::Interrupted => "interrupted",
            Self::WrongResults => "wrong results",
        }
    }
}

/// The clock, and what the harness itself costs on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerRecord {
    /// What qualification measured.
    #[serde(flatten)]
    pub quality: timer::Quality,
    /// What both host methods read of an empty operation. Absent where that was interrupted.
    pub empty: Option<EmptyReadings>,
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
    /// When the readings became steady, for throughput and latency: what came before is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<SteadyRecord>,
    /// What each launch measured by itself. Empty for what one launch measures for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launches: Vec<EntryLaunch>,
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
    /// Clients, rates and distributions, for `load`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadRecord>,
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

/// One of several threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// Its core.
    pub core: usize,
    /// Median nanoseconds per record of its own.
    pub per_record_ns: f64,
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
/// Time per record, less that of a backend that does nothing, in the same rounds.
pub const NET_PER_RECORD: &str = "host/net_per_record";
/// Time per batch, less an empty reading beside it.
pub const NET_END_TO_END: &str = "host/net_end_to_end";
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
        entry.put_steady(measured.steady);
        entry
    }

    /// What a backend takes more than one that does nothing, in the same rounds.
    pub fn put_net(&mut self, metric: &str, net: Option<Estimate>) {
        if let Some(net) = net {
            self.put_estimate(metric, net);
        }
    }

    pub(super) fn put_estimate(&mut self, metric: &str, estimate: Estimate) {
        for (stat, value) in
            [("p50", estimate.value), ("p50_low", estimate.low), ("p50_high", estimate.high)]
        {
            self.metrics.insert(format!("{metric}/{stat}"), value);
        }
    }

    pub(crate) fn put_steady(&mut self, steady: Steady) {
        let steady = SteadyRecord::from(steady);
        self.warnings.extend(steady.warning().map(|warning| warning.record()));
        self.steady = Some(steady);
    }

    /// Time per record, if there are readings enough.
    pub(crate) fn put_host_samples(&mut self, samples: &Samples<HostNanos>, precision: f64) {
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
        self.put_estimate(PER_RECORD, median);
        for (stat, value) in [
            ("mean", summary.mean),
            ("stdev", summary.stdev),
            ("cv", summary.stdev / summary.mean),
            ("mad", summary.mad),
            ("min", summary.min),
            ("max", summary.max),
        ] {
            self.metrics.insert(format!("{PER_RECORD}/{stat}"), value);
        }
        self.put_rates(median.value);
        self.warn_of_width(median, precision);
    }

    /// Rates of records and of input bytes, by the median time per record.
    pub(super) fn put_rates(&mut self, median_ns: f64) {
        let record_bytes = size_of::<Record>() as f64;
        let clock = HostNanos::TAG;
        self.metrics.insert(format!("{clock}/records_per_s/p50"), 1e9 / median_ns);
        self.metrics
            .insert(format!("{clock}/input_bytes_per_s/p50"), record_bytes * 1e9 / median_ns);
    }

    /// Warns where the interval is wider than was asked for.
    pub(super) fn warn_of_width(&mut self, median: Estimate, precision: f64) {
        if median.relative_half_width() > precision {
            let percent = median.relative_half_width() * 100.0;
            let warning = Warning::WideInterval { percent, wanted: precision * 100.0 };
            self.warnings.push(warning.record());
        }
    }

    /// The entry of a latency measurement.
    pub fn of_latency(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Latency,
    ) -> Result<Self, HistogramError> {
        let mut entry = Self::new(header, Method::Latency, rotation, measured.stop);
        entry.put_histogram(&measured.end_to_end)?;
        entry.put_net(NET_END_TO_END, measured.net.median());
        entry.put_steady(measured.steady);
        entry.warn_of_floor(measured.empty.quantile_ns(0.5).ok());
        Ok(entry)
    }

    /// The figures of a distribution of times per batch: percentiles where they are earned, with
    /// their intervals where the readings reach as far.
    pub(crate) fn put_histogram(
        &mut self,
        histogram: &Histogram<HostNanos>,
    ) -> Result<(), HistogramError> {
        self.sample_count = histogram.len();
        for (stat, value) in [
            ("mean", histogram.mean_ns()),
            ("stdev", histogram.stdev_ns()),
            ("cv", histogram.stdev_ns() / histogram.mean_ns()),
            ("mad", histogram.mad_ns()),
            ("min", histogram.min_ns()),
            ("max", histogram.max_ns()),
        ] {
            self.metrics.insert(format!("{END_TO_END}/{stat}"), value);
        }
        for (stat, q) in PERCENTILES {
            let id = format!("{END_TO_END}/{stat}");
            match histogram.quantile_ns(q) {
                Ok(nanos) => {
                    if let Some((low, high)) = histogram.quantile_interval_ns(q) {
                        self.metrics.insert(format!("{id}_low"), low);
                        self.metrics.insert(format!("{id}_high"), high);
                    }
                    self.absent.remove(&id);
                    self.metrics.insert(id, nanos);
                }
                Err(unearned) => drop(self.absent.insert(id, unearned.to_string())),
            }
        }
        self.histogram = Some(HistogramRecord::new(histogram)?);
        Ok(())
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
