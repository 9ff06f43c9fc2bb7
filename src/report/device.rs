//! What a record says of devices: their stages, their bounds, and from when on they pay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{END_TO_END, Entry, Header, HistogramRecord};
use crate::{
    backend::device::{DeviceBound, DeviceFacts},
    clock::{DeviceNanos, Time},
    measure::{
        Method,
        break_even::BreakEven,
        inputs::Rotation,
        placed::Resident,
        stages::{DeviceStages, Stages},
    },
    stats::{
        Estimate, Samples,
        latency::{Histogram, HistogramError, PERCENTILES},
    },
    warning::Warning,
};

/// Times a launch that a bound must take before it is told: below that it is launching, not moving.
const LAUNCHES_MIN: f64 = 10.0;

/// How far the sum of the stages may be from the whole, by medians and reading by reading, and a
/// batch in stages from a plain one.
const STAGES_TOLERANCE: f64 = 0.02;

/// The stages in their order, with the clock that each is on.
pub const STAGES: [&str; 6] = [
    "host/write",
    "device/upload",
    "host/queue",
    "device/kernel",
    "device/download",
    "host/decode",
];

/// A plain batch beside one in stages, without timestamps.
pub const PLAIN: &str = "host/plain";

/// The kernel alone, per record.
pub const KERNEL_PER_RECORD: &str = "device/kernel_per_record";

/// A device that was open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Id of the backend.
    pub backend: String,
    /// What it is.
    #[serde(flatten)]
    pub facts: DeviceFacts,
    /// Host time over device time of the same work: 1 if the clocks agree. Absent without
    /// timestamps, or where they cannot be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_per_device_time: Option<f64>,
}

/// What limits a device, on the input of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceBoundRecord {
    /// The metric that it bounds. Absent where it is shown for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The bound, as a metric of the device's clock.
    pub metric: String,
    /// Nanoseconds per record that the bound takes.
    pub value: f64,
    /// Bytes per second that the bound moves. A copy counts each byte once.
    pub bytes_per_s: f64,
    /// Share of the bound that is reached: 1 is the bound itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Estimate>,
}

/// How a batch's time divides into stages, in nanoseconds per batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagesRecord {
    /// Sum of the medians of all stages.
    pub sum_ns: f64,
    /// Median of the host's time around all stages.
    pub end_to_end_ns: f64,
    /// Sum of the stages over the host's time around them, reading by reading: 1 if they add up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Estimate>,
    /// A batch in stages over a plain one beside it: what it costs to be taken apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_plain: Option<Estimate>,
    /// Readings in which the device counted more time than the host had waited.
    pub overrun_count: u64,
    /// The distribution of each stage, by metric.
    pub histograms: BTreeMap<String, HistogramRecord>,
}

/// The batch length from which a device beats the best backend of the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakEvenRecord {
    /// Id of the device's backend.
    pub backend: String,
    /// Id of the backend that it is set against, on one thread.
    pub against: String,
    /// From where the device takes its input.
    pub mode: Mode,
    /// What was found. Absent if nothing was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<BreakEven>,
    /// Why nothing was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
}

/// From where a device takes its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// From the host: what it costs to bring it there counts.
    EndToEnd,
    /// From its own memory, where it was all along.
    Resident,
}

impl Mode {
    /// Both, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::EndToEnd, Self::Resident];

    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndToEnd => "end to end",
            Self::Resident => "resident",
        }
    }
}

/// Bounds on a device, per record.
pub type Bounds = BTreeMap<DeviceBound, Samples<DeviceNanos>>;

/// Bounds on a device, with what tells them from the cost of a launch.
#[derive(Clone, Copy, Debug)]
pub struct Bounded<'a> {
    /// The bounds.
    pub bounds: &'a Bounds,
    /// Records that they were measured on.
    pub records: usize,
    /// What the kernel takes for a single record, in nanoseconds.
    pub launch_ns: f64,
}

impl Entry {
    /// The entry of a stages measurement, with the bounds on the same batch.
    pub fn of_stages(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Stages,
        bounded: Bounded<'_>,
    ) -> Result<Self, HistogramError> {
        let mut entry = Self::new(header, Method::Stages, rotation, measured.stop);
        entry.put_stages(measured, bounded)?;
        entry.warn_of_stages(measured);
        Ok(entry)
    }

    /// The figures of a stages measurement.
    pub(crate) fn put_stages(
        &mut self,
        measured: &Stages,
        bounded: Bounded<'_>,
    ) -> Result<(), HistogramError> {
        self.sample_count = measured.end_to_end.len();
        let mut histograms = BTreeMap::new();
        self.put_distribution(END_TO_END, &measured.end_to_end, &mut histograms)?;
        self.put_distribution(PLAIN, &measured.plain, &mut histograms)?;
        let Stages { write, queue, decode, .. } = measured;
        for (metric, histogram) in
            [("host/write", write), ("host/queue", queue), ("host/decode", decode)]
        {
            self.put_distribution(metric, histogram, &mut histograms)?;
        }
        if let Some(DeviceStages { upload, kernel, download }) = &measured.device {
            let on_device = [
                ("device/upload", upload),
                ("device/kernel", kernel),
                ("device/download", download),
            ];
            for (metric, histogram) in on_device {
                self.put_distribution(metric, histogram, &mut histograms)?;
            }
        } else {
            for metric in STAGES.into_iter().filter(|metric| metric.starts_with("device/")) {
                let reason = "there is no device time: see the warning `no-device-time`".to_owned();
                self.absent.insert(format!("{metric}/p50"), reason);
            }
        }
        self.bound_stages(bounded);
        self.stages = Some(StagesRecord {
            sum_ns: STAGES.iter().filter_map(|stage| self.metric(stage, "p50")).sum(),
            end_to_end_ns: self.metric(END_TO_END, "p50").unwrap_or_default(),
            balance: measured.balance,
            over_plain: measured.over_plain,
            overrun_count: measured.overruns,
            histograms,
        });
        Ok(())
    }

    /// Percentiles where earned, and the whole distribution.
    fn put_distribution<C: Time>(
        &mut self,
        metric: &str,
        histogram: &Histogram<C>,
        histograms: &mut BTreeMap<String, HistogramRecord>,
    ) -> Result<(), HistogramError> {
        for (stat, q) in PERCENTILES {
            let id = format!("{metric}/{stat}");
            match histogram.quantile_ns(q) {
                Ok(nanos) => drop(self.metrics.insert(id, nanos)),
                Err(unearned) => drop(self.absent.insert(id, unearned.to_string())),
            }
        }
        histograms.insert(metric.into(), HistogramRecord::new(histogram)?);
        Ok(())
    }

    /// Holds the stages of the device against what bounds each.
    fn bound_stages(&mut self, bounded: Bounded<'_>) {
        for (stage, bound) in [
            ("device/upload", DeviceBound::LinkUp),
            ("device/kernel", DeviceBound::Read),
            ("device/download", DeviceBound::LinkDown),
        ] {
            let Some(nanos) = self.metric(stage, "p50") else { continue };
            let per_record = nanos / self.batch_len as f64;
            self.put_bound(bound, bounded, Some(stage), |samples| {
                let Estimate { value, low, high } = samples.median()?;
                let of = |bound: f64| bound / per_record;
                Some(Estimate { value: of(value), low: of(low), high: of(high) })
            });
        }
    }

    /// Adds a bound, with the `fraction` of it that `of` reaches. One that is mostly the cost of a
    /// launch is absent, with the reason.
    fn put_bound(
        &mut self,
        bound: DeviceBound,
        Bounded { bounds, records, launch_ns }: Bounded<'_>,
        of: Option<&str>,
        fraction: impl FnOnce(&Samples<DeviceNanos>) -> Option<Estimate>,
    ) {
        let Some(samples) = bounds.get(&bound) else { return };
        let Some(Estimate { value, .. }) = samples.median() else { return };
        let nanos = value * records as f64;
        if nanos <= LAUNCHES_MIN * launch_ns {
            let reason = format!("takes {nanos:.0} ns, not more than {LAUNCHES_MIN} launches");
            self.absent.insert(bound.metric().into(), reason);
            return;
        }
        let bytes_per_record = match bound {
            DeviceBound::LinkDown => self.op.output_bytes(),
            DeviceBound::Read | DeviceBound::Copy | DeviceBound::LinkUp => self.op.input_bytes(),
        };
        let fraction =
            of.and_then(|_| fraction(samples)).filter(|fraction| fraction.high.is_finite());
        self.device_bounds.push(DeviceBoundRecord {
            of: fraction.and(of).map(str::to_owned),
            metric: bound.metric().into(),
            value,
            bytes_per_s: bytes_per_record as f64 * 1e9 / value,
            fraction,
        });
    }

    fn warn_of_stages(&mut self, measured: &Stages) {
        if measured.overruns > 0 {
            self.warnings.push(Warning::ClockOverrun(measured.overruns).record());
        }
        let is_off = |quotient: &f64| (quotient - 1.0).abs() > STAGES_TOLERANCE;
        let tolerance = STAGES_TOLERANCE * 100.0;
        // Reading by reading by the whole interval, and what a reader of the medians adds up.
        let is_balanced = measured.balance_within(STAGES_TOLERANCE) == Some(true);
        let balance = measured.balance.map(|balance| balance.value).filter(|_| !is_balanced);
        let of_medians = self.stages.as_ref().map(|stages| stages.sum_ns / stages.end_to_end_ns);
        if let Some(quotient) = balance.or(of_medians.filter(is_off)) {
            let percent = quotient * 100.0;
            self.warnings.push(Warning::StagesOff { percent, tolerance }.record());
        }
        if let Some(over) = measured.over_plain.filter(|over| is_off(&over.value)) {
            let percent = over.value * 100.0;
            self.warnings.push(Warning::TimestampsCost { percent }.record());
        }
    }

    /// The entry of a measurement on resident input.
    #[must_use]
    pub fn of_resident(
        header: Header,
        rotation: &Rotation<'_>,
        measured: &Resident,
        precision: f64,
        launch_ns: f64,
    ) -> Self {
        let mut entry = Self::new(header, Method::Resident, rotation, measured.stop);
        entry.put_host_samples(&measured.end_to_end, precision);
        entry.put_kernel(measured, launch_ns);
        entry
    }

    /// The kernel alone, and what bounds it.
    pub(crate) fn put_kernel(&mut self, measured: &Resident, launch_ns: f64) {
        let median = measured.kernel.as_ref().and_then(Samples::median);
        let (Some(kernel), Some(median)) = (&measured.kernel, median) else {
            let reason = "there is no device time, or too few readings".to_owned();
            self.absent.insert(format!("{KERNEL_PER_RECORD}/p50"), reason);
            return;
        };
        for (stat, value) in
            [("p50", median.value), ("p50_low", median.low), ("p50_high", median.high)]
        {
            self.metrics.insert(format!("{KERNEL_PER_RECORD}/{stat}"), value);
        }
        let records = self.batch_len;
        let bounded = Bounded { bounds: &measured.bounds, records, launch_ns };
        for bound in DeviceBound::ALL {
            // The kernel reads its input, and does not copy it: the rest is shown for itself.
            let of = (bound == DeviceBound::Read).then_some(KERNEL_PER_RECORD);
            self.put_bound(bound, bounded, of, |samples| samples.speedup_of(kernel));
        }
    }

    /// A bound on the device, if it is told.
    #[must_use]
    pub fn device_bound(&self, bound: DeviceBound) -> Option<&DeviceBoundRecord> {
        self.device_bounds.iter().find(|one| one.metric == bound.metric())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{
            DeviceBackend,
            device::DeviceElapsed,
            mock::{Device, device_nanos},
        },
        corpus::Corpus,
        host::{schedule::Disturbance, timer::Timer},
        measure::{Bench, Limits, device::Shared, inputs::Pool, placed},
        op::Op,
    };

    const LEN: usize = 64;

    fn device() -> Device {
        let [upload, kernel, download] = [1_000, 2_000, 3_000].map(device_nanos);
        Device::golden(Op::Decide, DeviceElapsed { upload, kernel, download })
    }

    /// The entry of a resident measurement on a device whose launches take `launch_ns`.
    fn resident(device: impl DeviceBackend + 'static, launch_ns: f64) -> Entry {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, LEN).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut rotation = pool.rotation(LEN, 1, 0).unwrap();
        let shared = Shared::new(Box::new(device));
        let measured = placed::measure(bench, &shared, &mut rotation).unwrap();
        let header = Header {
            backend: "mock",
            software: false,
            op: Op::Decide,
            threads: 1,
            footprint_home: "device".into(),
            disturbance: Disturbance::default(),
        };
        Entry::of_resident(header, &rotation, &measured, 0.01, launch_ns)
    }

    /// The kernel is held against reading only; every bound is told with what it moves.
    #[test]
    fn bounds_are_told() {
        let entry = resident(device(), 0.0);
        assert_eq!(entry.device_bounds.len(), DeviceBound::ALL.len());
        assert_eq!(entry.metric(KERNEL_PER_RECORD, "p50"), Some(2_000.0));
        let read = entry.device_bound(DeviceBound::Read).unwrap();
        assert_eq!(read.of.as_deref(), Some(KERNEL_PER_RECORD));
        assert!((read.fraction.unwrap().value - read.value / 2_000.0).abs() < 1e-9);
        assert!((read.bytes_per_s - 24e9 / read.value).abs() < 1.0);
        let down = entry.device_bound(DeviceBound::LinkDown).unwrap();
        assert!(down.fraction.is_none() && (down.bytes_per_s - 1e9 / down.value).abs() < 1.0);
    }

    /// A bound that is mostly launching is absent with the reason, and so is all device time of a
    /// device without timestamps.
    #[test]
    fn what_is_not_told_has_a_reason() {
        let entry = resident(device(), 1e9);
        assert!(entry.device_bounds.is_empty());
        assert!(entry.absent[DeviceBound::Read.metric()].contains("launches"));
        let entry = resident(Device::without_timestamps(Op::Decide), 0.0);
        assert!(entry.metric(KERNEL_PER_RECORD, "p50").is_none());
        assert!(entry.absent[&format!("{KERNEL_PER_RECORD}/p50")].contains("no device time"));
    }
}
