//! What a run records of load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{Entry, Header, HistogramRecord};
use crate::{
    clock::HostNanos,
    measure::{
        Method,
        inputs::Rotation,
        load::{
            arrivals::Arrivals,
            outcome::{Evidence, Kind, Load},
            sweep::Knee,
        },
    },
    stats::latency::{Histogram, HistogramError, PERCENTILES},
    warning::Warning,
};

/// From the intended start of a request to its end, in metrics and tables.
pub const RESPONSE: &str = "host/response";
/// From the start of service to its end.
pub const SERVICE: &str = "host/service";
/// From the intended start to the start of service, where a worker was free and waited.
pub const LATE_START: &str = "host/late_start";
/// Requests per second of all clients together.
pub const REQUESTS_PER_S: &str = "host/requests_per_s";

/// Share of a response, or of a service, above which the harness's part in it is worth a warning.
const HARNESS_SHARE_MAX: f64 = 0.1;

/// Where the rate of an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateSource {
    /// The user.
    Stated,
    /// Half of what one worker serves back to back.
    HalfOfOneWorker,
    /// The knee: the highest rate that held, or the lowest that was tried if none did.
    Knee,
}

/// How requests came, and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Clients.
    pub clients: usize,
    /// How requests of a client follow one another.
    pub arrivals: Arrivals,
    /// Requests per second offered by all clients together.
    pub rate_offered_per_s: f64,
    /// Requests per second served.
    pub rate_achieved_per_s: f64,
    /// Where the rate comes from.
    pub rate_source: RateSource,
    /// Requests per second that one worker serves back to back, without any schedule.
    pub one_worker_per_s: f64,
    /// Seconds in which requests came.
    pub duration_s: f64,
    /// Requests that came.
    pub requests: u64,
    /// Requests that were never served.
    pub lost: u64,
    /// Clients that asked for nothing.
    pub silent_clients: usize,
    /// Whether the rate was not kept, or waiting grew until the end.
    pub saturated: bool,
    /// Where the response time leaves its bound, if that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knee: Option<Knee>,
    /// The distributions `response` and `service`.
    pub histograms: BTreeMap<String, HistogramRecord>,
}

/// What else is known of a load.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Where the rate comes from.
    pub rate_source: RateSource,
    /// Requests per second that one worker serves back to back.
    pub one_worker_per_s: f64,
    /// Where the response time leaves its bound.
    pub knee: Option<Knee>,
    /// Median reading of an empty operation, in nanoseconds.
    pub floor_ns: Option<f64>,
}

impl Entry {
    /// The entry of a load. Without a served request it has no metrics.
    pub fn of_load(
        header: Header,
        rotation: &Rotation<'_>,
        load: &Load,
        circumstances: Circumstances,
    ) -> Result<Self, HistogramError> {
        let mut entry = Self::new(header, Method::Load, rotation, load.stop);
        // The workers have the same inputs, and outputs of their own.
        let batches = rotation.batch_len() * rotation.batch_count();
        let output_bytes = (batches * entry.op.output_bytes()) as u64;
        entry.footprint_bytes =
            rotation.footprint_bytes() + output_bytes * (load.workers as u64).saturating_sub(1);
        entry.sample_count = load.service.len();
        if entry.sample_count > 0 {
            entry.put_load(load.evidence(), &load.late_start);
            entry.warn_of_load(load, &circumstances);
        }
        entry.load = Some(LoadRecord::new(load, circumstances)?);
        Ok(entry)
    }

    /// The figures of a load of which something was served.
    pub(crate) fn put_load(&mut self, load: Evidence<'_>, late_start: &Histogram<HostNanos>) {
        self.metrics.insert(format!("{REQUESTS_PER_S}/offered"), load.rate_per_s);
        self.metrics.insert(format!("{REQUESTS_PER_S}/achieved"), load.achieved_per_s());
        self.put_extremes(SERVICE, load.service);
        self.put_extremes(LATE_START, late_start);
        self.put_extremes(RESPONSE, load.response);
        for (stat, q) in PERCENTILES {
            let earned = |histogram: &Histogram<HostNanos>| {
                histogram.quantile_ns(q).map_err(|unearned| unearned.to_string())
            };
            self.put(format!("{SERVICE}/{stat}"), earned(load.service));
            self.put(format!("{LATE_START}/{stat}"), earned(late_start));
            self.put(format!("{RESPONSE}/{stat}"), load.response_ns(q));
        }
        if let Err(reason) = load.response_ns(0.5)
            && load.lost() > 0
        {
            for stat in ["max", "mean"] {
                self.metrics.remove(&format!("{RESPONSE}/{stat}"));
                self.absent.insert(format!("{RESPONSE}/{stat}"), reason.clone());
            }
        }
    }

    fn put_extremes(&mut self, metric: &str, histogram: &Histogram<HostNanos>) {
        if !histogram.is_empty() {
            self.metrics.insert(format!("{metric}/min"), histogram.min_ns());
            self.metrics.insert(format!("{metric}/max"), histogram.max_ns());
            self.metrics.insert(format!("{metric}/mean"), histogram.mean_ns());
        }
    }

    fn put(&mut self, id: String, value: Result<f64, String>) {
        match value {
            Ok(nanos) => drop(self.metrics.insert(id, nanos)),
            Err(reason) => drop(self.absent.insert(id, reason)),
        }
    }

    fn warn_of_load(&mut self, load: &Load, circumstances: &Circumstances) {
        let (requests, lost) = (load.requests, load.lost);
        let (offered_per_s, achieved_per_s) = (load.offered.rate_per_s, load.achieved_per_s);
        let (silent, clients) = (load.silent_clients, load.offered.clients);
        let late_ns = self.metric(LATE_START, "p99");
        let response_ns = self.metric(RESPONSE, "p99");
        let late = late_ns.zip(response_ns);
        let floor = circumstances.floor_ns.zip(self.metric(SERVICE, "p50"));
        let no_knee = circumstances.knee.as_ref().filter(|knee| knee.holds_per_s.is_none());
        let warnings = [
            load.is_saturated.then_some(Warning::Saturated { offered_per_s, achieved_per_s }),
            (lost > 0).then_some(Warning::LostRequests { lost, requests }),
            (silent > 0).then_some(Warning::ClientsSilent { silent, clients }),
            late.filter(|(late_ns, response_ns)| *late_ns > HARNESS_SHARE_MAX * response_ns)
                .map(|(late_ns, response_ns)| Warning::ArrivalsLate { late_ns, response_ns }),
            floor
                .filter(|(floor_ns, p50_ns)| *floor_ns > HARNESS_SHARE_MAX * p50_ns)
                .map(|(floor_ns, p50_ns)| Warning::TimerFloor { floor_ns, p50_ns }),
            no_knee.map(|knee| Warning::NoKnee { lowest_per_s: knee.fails_per_s }),
        ];
        self.warnings.extend(warnings.iter().flatten().map(Warning::record));
    }
}

impl LoadRecord {
    fn new(load: &Load, circumstances: Circumstances) -> Result<Self, HistogramError> {
        let mut histograms = BTreeMap::new();
        for kind in Kind::ALL {
            let histogram = match kind {
                Kind::Service => &load.service,
                Kind::Response => &load.response,
            };
            histograms.insert(kind.name().into(), HistogramRecord::new(histogram)?);
        }
        Ok(Self {
            clients: load.offered.clients,
            arrivals: load.offered.arrivals,
            rate_offered_per_s: load.offered.rate_per_s,
            rate_achieved_per_s: load.achieved_per_s,
            rate_source: circumstances.rate_source,
            one_worker_per_s: circumstances.one_worker_per_s,
            duration_s: load.duration.as_secs_f64(),
            requests: load.requests,
            lost: load.lost,
            silent_clients: load.silent_clients,
            saturated: load.is_saturated,
            knee: circumstances.knee,
            histograms,
        })
    }
}
