//! Latency and load: figures of distributions.

use std::time::Duration;

use super::{Lines, Unfounded};
use crate::{
    bundle::readings::{Latency, Line, Load, Place, samples},
    clock::HostNanos,
    measure::{
        Steady,
        load::{
            outcome::{Evidence, Kind},
            sweep::Knee,
        },
    },
    report::{
        load::LoadRecord,
        record::{Entry, HistogramRecord, NET_END_TO_END},
    },
    stats::latency::{Histogram, HistogramError},
    warning::Warning,
};

type Distribution = Histogram<HostNanos>;

/// `None` where there are no readings of the entry.
pub(super) fn latency(entry: &mut Entry, lines: Lines<'_>) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let own = lines.own(|line| match line {
        Line::Latency(own) if own.place == place => Some(own),
        _ => None,
    })?;
    let Some(Latency { groups, steady_after_ns, histogram, net_ns, .. }) = own else {
        return Ok(None);
    };
    entry.put_histogram(&Distribution::from_base64(histogram)?)?;
    entry.put_net(NET_END_TO_END, samples::<HostNanos>(net_ns).median());
    let after = Duration::from_nanos(*steady_after_ns);
    entry.put_steady(Steady { onset: groups.onset(), after });
    Ok(Some(()))
}

/// The distributions of a load, read.
struct Served<'a> {
    load: &'a Load,
    service: Distribution,
    response: Distribution,
}

impl<'a> Served<'a> {
    fn new(load: &'a Load) -> Result<Self, HistogramError> {
        let service = Distribution::from_base64(&load.service)?;
        Ok(Self { load, service, response: Distribution::from_base64(&load.response)? })
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            rate_per_s: self.load.rate_per_s,
            account: &self.load.account,
            service: &self.service,
            response: &self.response,
        }
    }
}

/// `None` where there are no readings of the entry.
pub(super) fn load(
    entry: &mut Entry,
    recorded: &Entry,
    lines: Lines<'_>,
) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let stated = recorded.load.as_ref().ok_or(Unfounded::Unsaid("what was offered"))?;
    let is_own = |load: &&Load| {
        load.place == place
            && load.clients == stated.clients
            && load.rate_per_s.to_bits() == stated.rate_offered_per_s.to_bits()
    };
    let own = lines.own(|line| match line {
        Line::Load(load) => Some(load).filter(is_own),
        _ => None,
    })?;
    let Some(own) = own else { return Ok(None) };
    let served = Served::new(own)?;
    entry.sample_count = served.service.len();
    if entry.sample_count > 0 {
        entry.put_load(served.evidence(), &Distribution::from_base64(&own.late_start)?);
    }
    let record = load_record(stated, &served, lines)?;
    let (offered_per_s, achieved_per_s) = (record.rate_offered_per_s, record.rate_achieved_per_s);
    let (requests, lost) = (record.requests, record.lost);
    let warnings = [
        record.saturated.then_some(Warning::Saturated { offered_per_s, achieved_per_s }),
        (lost > 0).then_some(Warning::LostRequests { lost, requests }),
    ];
    if entry.sample_count > 0 {
        entry.warnings.extend(warnings.iter().flatten().map(Warning::record));
    }
    entry.load = Some(record);
    Ok(Some(()))
}

/// What is recorded of a load. Who asked, how, and how often stays as it is stated.
fn load_record(
    stated: &LoadRecord,
    served: &Served<'_>,
    lines: Lines<'_>,
) -> Result<LoadRecord, Unfounded> {
    let (evidence, account) = (served.evidence(), &served.load.account);
    let mut record = stated.clone();
    record.rate_achieved_per_s = evidence.achieved_per_s();
    record.duration_s = account.duration_s;
    record.requests = account.requests;
    record.lost = evidence.lost();
    record.saturated = evidence.is_saturated();
    record.histograms.clear();
    for kind in Kind::ALL {
        let histogram = match kind {
            Kind::Service => &served.service,
            Kind::Response => &served.response,
        };
        record.histograms.insert(kind.name().into(), HistogramRecord::new(histogram)?);
    }
    if let Some(knee) = &stated.knee {
        record.knee = Some(self::knee(knee.response_ns_p99_max, served.load, lines)?);
    }
    Ok(record)
}

/// The knee, by all attempts of the same clients at the same place. One entry has it.
fn knee(bound_ns: f64, load: &Load, lines: Lines<'_>) -> Result<Knee, Unfounded> {
    let attempts = lines.several(|line| match line {
        Line::Attempt(attempt) => {
            Some(attempt).filter(|one| one.place == load.place && one.clients == load.clients)
        }
        _ => None,
    })?;
    let point = |attempt| Ok(Served::new(attempt)?.evidence().point(bound_ns));
    let points = attempts.into_iter().map(point).collect::<Result<Vec<_>, HistogramError>>()?;
    if points.is_empty() {
        return Err(Unfounded::Missing(lines.number));
    }
    Ok(Knee::of(points, bound_ns))
}
