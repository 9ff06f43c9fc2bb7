//! Latency and load: figures of distributions.

use std::time::Duration;

use super::Unfounded;
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
};

type Distribution = Histogram<HostNanos>;

/// `None` where there are no readings of the entry.
pub(super) fn latency(entry: &mut Entry, lines: &[Line]) -> Result<Option<()>, HistogramError> {
    let place = Place::of(entry);
    let own = lines.iter().find_map(|line| match line {
        Line::Latency(own) if own.place == place => Some(own),
        _ => None,
    });
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
    lines: &[Line],
) -> Result<Option<()>, Unfounded> {
    let place = Place::of(entry);
    let stated = recorded.load.as_ref().ok_or(Unfounded::Unsaid("what was offered"))?;
    let is_own = |load: &&Load| {
        load.place == place
            && load.clients == stated.clients
            && load.rate_per_s.to_bits() == stated.rate_offered_per_s.to_bits()
    };
    let mut all = lines.iter().filter_map(|line| match line {
        Line::Load(load) => Some(load),
        _ => None,
    });
    let Some(own) = all.find(is_own) else { return Ok(None) };
    let served = Served::new(own)?;
    entry.sample_count = served.service.len();
    if entry.sample_count > 0 {
        entry.put_load(served.evidence(), &Distribution::from_base64(&own.late_start)?);
    }
    entry.load = Some(load_record(stated, &served, lines)?);
    Ok(Some(()))
}

/// What is recorded of a load. Who asked, how, and how often stays as it is stated.
fn load_record(
    stated: &LoadRecord,
    served: &Served<'_>,
    lines: &[Line],
) -> Result<LoadRecord, HistogramError> {
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

/// The knee, by all attempts of the same clients at the same place.
fn knee(bound_ns: f64, load: &Load, lines: &[Line]) -> Result<Knee, HistogramError> {
    let mut points = Vec::new();
    for line in lines {
        match line {
            Line::Attempt(attempt)
                if attempt.place == load.place && attempt.clients == load.clients =>
            {
                points.push(Served::new(attempt)?.evidence().point(bound_ns));
            }
            _ => {}
        }
    }
    Ok(Knee::of(points, bound_ns))
}
