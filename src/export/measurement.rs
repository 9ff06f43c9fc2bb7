//! A run record as rows: places, and the figures that were measured there.

use std::{collections::BTreeMap, fmt};

use crate::{
    clock::Modeled,
    measure::Method,
    report::{
        counters::IPC,
        load::{REQUESTS_PER_S, RESPONSE},
        record::{END_TO_END, Entry, PER_RECORD},
        simulated::{RECORDS_PER_CYCLE, TOTAL},
    },
};

/// What figures are of.
#[derive(Clone, Copy, Debug)]
pub struct Place<'r>(&'r Entry);

impl<'r> Place<'r> {
    /// Where an entry was measured.
    #[must_use]
    pub const fn of(entry: &'r Entry) -> Self {
        Self(entry)
    }

    /// The backend, labelled where a driver imitates its device.
    #[must_use]
    pub fn backend(&self) -> String {
        let label = if self.0.software { " (software)" } else { "" };
        format!("{}{label}", self.0.backend)
    }
}

impl fmt::Display for Place<'_> {
    /// Backend, operation, method, batch length, threads and home: the order of a comparison's key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { op, method, batch_len, threads, footprint_home, .. } = self.0;
        let (op, method) = (op.name(), method.name());
        write!(f, "{}/{op}/{method}/{batch_len}/{threads}/{footprint_home}", self.backend())
    }
}

/// Which values of a metric are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Small ones: times and cycles.
    Less,
    /// Large ones: rates.
    More,
    /// Neither by itself: how readings spread, what was asked for, what the processor counted.
    Neither,
}

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement<'r> {
    /// `<clock>/<metric>/<stat>`.
    pub metric: &'r str,
    /// Unit of the value and of the interval.
    pub unit: &'static str,
    /// The value.
    pub value: f64,
    /// The 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
}

impl Measurement<'_> {
    /// Which values are good.
    #[must_use]
    pub fn better(&self) -> Better {
        let (name, stat) = parts(self.metric);
        let spread = ["stdev", "cv", "mad", "min", "max"];
        match self.unit {
            "cycles" => Better::Less,
            "ns" if !spread.contains(&stat) => Better::Less,
            _ if name == REQUESTS_PER_S && stat != "achieved" => Better::Neither,
            "records/cycle" | "records/s" | "bytes/s" | "requests/s" => Better::More,
            _ => Better::Neither,
        }
    }
}

/// `<clock>/<metric>` and `<stat>`.
#[must_use]
pub fn parts(metric: &str) -> (&str, &str) {
    metric.rsplit_once('/').unwrap_or((metric, ""))
}

/// The unit of a metric of a run record.
#[must_use]
pub fn unit_of(metric: &str) -> &'static str {
    let (name, stat) = parts(metric);
    match (name, stat) {
        (_, "cv") => "ratio",
        // What the processor or the kernel counted.
        (_, "per_record") => "events/record",
        (RECORDS_PER_CYCLE, _) => "records/cycle",
        (REQUESTS_PER_S, _) => "requests/s",
        _ if metric == IPC => "instructions/cycle",
        _ if name.ends_with("/records_per_s") => "records/s",
        _ if name.ends_with("bytes_per_s") => "bytes/s",
        _ if name.starts_with("sim/") => "cycles",
        _ => "ns",
    }
}

/// The figures of an entry, or of one launch of it. Ends of intervals are no figures of their own.
#[must_use]
pub fn of(metrics: &BTreeMap<String, f64>) -> Vec<Measurement<'_>> {
    let end = |metric: &str, end: &str| metrics.get(&format!("{metric}{end}")).copied();
    let is_end = |metric: &str| {
        ["_low", "_high"]
            .into_iter()
            .any(|end| metric.strip_suffix(end).is_some_and(|whole| metrics.contains_key(whole)))
    };
    let figures = metrics.iter().filter(|(metric, _)| !is_end(metric));
    figures
        .map(|(metric, &value)| Measurement {
            metric,
            unit: unit_of(metric),
            value,
            interval: end(metric, "_low").zip(end(metric, "_high")),
        })
        .collect()
}

/// The figure that a reader asks for first, if it is there: a median, or all cycles.
#[must_use]
pub fn headline(metrics: &BTreeMap<String, f64>) -> Option<Measurement<'_>> {
    let first = [(PER_RECORD, "p50"), (END_TO_END, "p50"), (RESPONSE, "p50"), (TOTAL, "count")];
    let all = of(metrics);
    first
        .into_iter()
        .find_map(|wanted| all.iter().find(|figure| parts(figure.metric) == wanted).copied())
}

/// What the headline of a method is a time of.
#[must_use]
pub const fn per(method: Method) -> &'static str {
    match method {
        Method::Throughput | Method::Stream | Method::Resident => "record",
        Method::Load => "request",
        Method::Latency | Method::Stages | Method::BreakEven | Method::Cycles => "batch",
    }
}

/// A figure that nobody measured: cycles at the clock of a place-and-route report. It can be shown,
/// and nothing else.
#[derive(Clone, Debug)]
pub struct ModelledFigure<'r> {
    /// `model/<metric>/p50`: at the median clock of the report.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The figure.
    pub figure: Modeled,
    /// The report.
    pub report: &'r str,
    /// The part.
    pub part: &'r str,
    /// The median clock.
    pub fmax_mhz: f64,
}

impl ModelledFigure<'_> {
    /// A label that stays when the design, and with it the clock, changes.
    #[must_use]
    pub fn label(&self) -> String {
        format!("modelled, {}", self.report)
    }

    /// What it rests on.
    #[must_use]
    pub fn basis(&self) -> String {
        format!("modelled @ {} MHz, {}, {}", self.fmax_mhz, self.report, self.part)
    }
}

/// The modelled figures of an entry.
#[must_use]
pub fn modelled(entry: &Entry) -> Vec<ModelledFigure<'_>> {
    let reports = entry.cycles.iter().flat_map(|cycles| &cycles.modeled);
    let figures = reports.flat_map(|one| {
        let all = [
            ("model/latency/p50", "ns", Some(one.latency_ns)),
            ("model/per_record/p50", "ns", one.per_record_ns),
            ("model/records_per_s/p50", "records/s", one.records_per_s),
        ];
        all.into_iter().filter_map(|(metric, unit, figure)| {
            let (report, part) = (one.report.as_str(), one.part.as_str());
            let fmax_mhz = one.fmax_mhz[1];
            Some(ModelledFigure { metric, unit, figure: figure?, report, part, fmax_mhz })
        })
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sort of metric has its own unit, and says which values are good: none is taken for
    /// nanoseconds because nobody thought of it.
    #[test]
    fn metrics_have_their_units() {
        let figure = |metric| {
            let unit = unit_of(metric);
            let better = Measurement { metric, unit, value: 1.0, interval: None }.better();
            (unit, better)
        };
        for (metric, unit, better) in [
            ("host/per_record/p50", "ns", Better::Less),
            ("host/per_record/cv", "ratio", Better::Neither),
            ("host/per_record/stdev", "ns", Better::Neither),
            ("host/end_to_end/p99.999", "ns", Better::Less),
            ("host/records_per_s/p50", "records/s", Better::More),
            ("host/input_bytes_per_s/p50", "bytes/s", Better::More),
            ("host/requests_per_s/achieved", "requests/s", Better::More),
            ("host/requests_per_s/offered", "requests/s", Better::Neither),
            ("host/instructions/per_record", "events/record", Better::Neither),
            ("host/ipc/mean", "instructions/cycle", Better::Neither),
            ("device/kernel_per_record/p50", "ns", Better::Less),
            ("sim/latency/max", "cycles", Better::Less),
            ("sim/total/count", "cycles", Better::Less),
            ("sim/records_per_cycle/mean", "records/cycle", Better::More),
        ] {
            assert_eq!(figure(metric), (unit, better), "{metric}");
        }
    }

    /// The ends of an interval belong to their figure; what only looks like an end stays a figure.
    #[test]
    fn intervals_are_joined() {
        let metrics = [
            ("host/per_record/p50", 2.0),
            ("host/per_record/p50_high", 3.0),
            ("host/per_record/p50_low", 1.0),
            ("host/odd/p90_low", 5.0),
        ];
        let metrics = metrics.map(|(id, value)| (id.to_owned(), value)).into();
        let found = of(&metrics);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].metric, "host/odd/p90_low");
        assert_eq!(found[1].interval, Some((1.0, 3.0)));
        assert_eq!(headline(&metrics), Some(found[1]));
        assert!(headline(&BTreeMap::new()).is_none());
    }
}
