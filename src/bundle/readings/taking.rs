//! How what was measured becomes lines of readings.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Contestant, Cycles, DeviceBounds, Empty, Latency, Load, Place, Resident, Role, Stages,
};
use crate::{
    clock::Time,
    measure::{
        Steady, counts::Counted, cycles, empty::Raw, latency, load::outcome, placed, stages,
        throughput::Throughput,
    },
    report::{
        device::{Bounds, PLAIN},
        record::{END_TO_END, Entry},
    },
    stats::latency::{Histogram, HistogramError},
};

impl Place {
    /// That of an entry.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self {
            backend: entry.backend.clone(),
            software: entry.software,
            op: entry.op,
            batch_len: entry.batch_len,
            threads: entry.threads,
            home: entry.footprint_home.clone(),
        }
    }
}

impl Empty {
    /// What was read of nothing.
    pub fn of(raw: &Raw) -> Result<Self, HistogramError> {
        Ok(Self {
            batch_len: raw.batch_len,
            repetitions: raw.repetitions,
            resolution_ns: raw.resolution_ns,
            measured_ns: raw.measured.units().to_vec(),
            control_ns: raw.control.units().to_vec(),
            net_ns: raw.net.units().to_vec(),
            empty: raw.empty.to_base64()?,
        })
    }
}

impl Contestant {
    /// What was read of one.
    #[must_use]
    pub fn of(backend: &str, role: Role, measured: &Throughput) -> Self {
        Self {
            backend: backend.into(),
            software: false,
            role,
            threads: 1,
            cores: Vec::new(),
            per_record_ns: measured.all.units().to_vec(),
            per_thread_ns: Vec::new(),
            events: BTreeMap::new(),
            multiplexed: BTreeSet::new(),
        }
    }

    /// The same on several threads, each on a core.
    #[must_use]
    pub fn on(mut self, cores: &[usize], measured: &Throughput) -> Self {
        if cores.len() > 1 {
            self.threads = cores.len();
            self.cores = cores.to_vec();
            self.per_thread_ns =
                measured.per_thread.iter().map(|one| one.units().to_vec()).collect();
        }
        self
    }

    /// The same, of a device that a driver imitates or does not.
    #[must_use]
    pub fn imitated(mut self, software: bool) -> Self {
        self.software = software;
        self
    }

    /// With what was counted after it.
    #[must_use]
    pub fn with_counts(mut self, counted: Option<&Counted>) -> Self {
        if let Some(counted) = counted {
            self.events.clone_from(&counted.rounds);
            self.multiplexed.clone_from(&counted.multiplexed);
        }
        self
    }
}

/// From the first reading to the steady state, in whole nanoseconds.
#[must_use]
pub fn after_ns(steady: Steady) -> u64 {
    u64::try_from(steady.after.as_nanos()).unwrap_or(u64::MAX)
}

impl Latency {
    /// What was read of an entry.
    pub fn of(place: Place, measured: &latency::Latency) -> Result<Self, HistogramError> {
        Ok(Self {
            place,
            groups: measured.groups.clone(),
            steady_after_ns: after_ns(measured.steady),
            histogram: measured.end_to_end.to_base64()?,
            net_ns: measured.net.units().to_vec(),
        })
    }
}

impl Load {
    /// What was served.
    pub fn of(place: Place, load: &outcome::Load) -> Result<Self, HistogramError> {
        Ok(Self {
            place,
            clients: load.offered.clients,
            rate_per_s: load.offered.rate_per_s,
            account: load.account.clone(),
            service: load.service.to_base64()?,
            response: load.response.to_base64()?,
            late_start: load.late_start.to_base64()?,
        })
    }
}

impl Stages {
    /// What was read of a device, with what bounds it.
    pub fn of(
        place: Place,
        measured: &stages::Stages,
        bounds: DeviceBounds,
    ) -> Result<Self, HistogramError> {
        let mut histograms = BTreeMap::new();
        for (metric, histogram) in [
            (END_TO_END, &measured.end_to_end),
            (PLAIN, &measured.plain),
            ("host/write", &measured.write),
            ("host/queue", &measured.queue),
            ("host/decode", &measured.decode),
        ] {
            put(&mut histograms, metric, histogram)?;
        }
        if let Some(device) = &measured.device {
            put(&mut histograms, "device/upload", &device.upload)?;
            put(&mut histograms, "device/kernel", &device.kernel)?;
            put(&mut histograms, "device/download", &device.download)?;
        }
        let (rounds, overruns) = (measured.rounds.clone(), measured.overruns);
        Ok(Self { place, histograms, rounds, overruns, bounds })
    }
}

fn put<C: Time>(
    histograms: &mut BTreeMap<String, String>,
    metric: &str,
    histogram: &Histogram<C>,
) -> Result<(), HistogramError> {
    histograms.insert(metric.into(), histogram.to_base64()?);
    Ok(())
}

impl DeviceBounds {
    /// What was read of them.
    #[must_use]
    pub fn of(bounds: &Bounds, records: usize, launch_ns: f64) -> Self {
        let units =
            bounds.iter().map(|(bound, samples)| (bound.metric().into(), samples.units().to_vec()));
        Self { records, launch_ns, per_record_ns: units.collect() }
    }
}

impl Resident {
    /// What was read of an entry.
    #[must_use]
    pub fn of(place: Place, measured: &placed::Resident, launch_ns: f64) -> Self {
        let records = place.batch_len;
        Self {
            place,
            end_to_end_ns: measured.end_to_end.units().to_vec(),
            kernel_ns: measured.kernel.as_ref().map(|kernel| kernel.units().to_vec()),
            bounds: DeviceBounds::of(&measured.bounds, records, launch_ns),
        }
    }
}

impl Cycles {
    /// What was counted of an entry.
    #[must_use]
    pub fn of(place: Place, measured: &cycles::Cycles) -> Self {
        Self {
            place,
            lanes: measured.lanes,
            eager: measured.eager,
            slow_source: measured.slow_source,
            backpressure: measured.backpressure.clone(),
        }
    }
}
