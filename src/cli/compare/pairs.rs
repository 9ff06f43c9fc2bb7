//! What of two records is compared: the figures that launches found, and counted cycles.

use crate::{
    gate::{
        outcome::Key,
        stored::{Figure, Pair},
    },
    measure::Method,
    report::{
        launch::EntryLaunch,
        record::{END_TO_END, Entry, PER_RECORD, RunRecord},
        simulated::is_count,
    },
    stats::{Estimate, latency::PERCENTILES},
};

/// The figure that every entry of a timed method has.
const MEDIAN: &str = "p50";

/// All figures that either record has: those of the baseline first, in its order.
///
/// A percentile is compared where every launch of both sides earned it: launches that did by
/// themselves would be the faster ones. An entry that one side lacks is one row, its median.
pub(super) fn pairs(baseline: &RunRecord, candidate: &RunRecord) -> Vec<Pair> {
    let (before, mut after) = (figures(baseline), figures(candidate));
    let launch_budget_s = launch_budget_s(candidate);
    let pair = |(key, unit): (Key, &'static str), baseline, candidate| Pair {
        key,
        unit,
        baseline,
        candidate,
        launch_budget_s,
    };
    let mut pairs = Vec::new();
    for (about, figure) in before {
        let found = after.iter().position(|(other, _)| *other == about);
        let found = found.map(|index| after.remove(index).1);
        pairs.push(pair(about, Some(figure), found));
    }
    pairs.extend(after.into_iter().map(|(about, figure)| pair(about, None, Some(figure))));
    pairs.retain(is_row);
    pairs
}

/// Entries that have nothing to compare: one launch took them for all, or they are a load.
pub(super) fn without_figures(record: &RunRecord) -> Vec<&Entry> {
    let has_none = |entry: &&Entry| {
        !is_counted(entry) && (timed(entry.method).is_none() || is_imitated_once(entry))
    };
    record.entries.iter().filter(has_none).collect()
}

/// Whether a pair is a row although one side may lack it.
fn is_row(pair: &Pair) -> bool {
    let is_exact = |figure: &Option<Figure>| matches!(figure, Some(Figure::Exact(_)));
    let is_whole = pair.baseline.is_some() && pair.candidate.is_some();
    is_whole
        || is_exact(&pair.baseline)
        || is_exact(&pair.candidate)
        || pair.key.metric.ends_with(MEDIAN)
}

/// Seconds that one launch had for an entry, where the record says.
fn launch_budget_s(record: &RunRecord) -> Option<f64> {
    let planned = record.launches.first()?.of;
    Some(record.budget_s? / f64::from(planned.max(1)))
}

type Named = ((Key, &'static str), Figure);

fn figures(record: &RunRecord) -> Vec<Named> {
    // A throughput reading lasts a thousand steps of the clock or more; a latency may be one step.
    let resolution = |method| match method {
        Method::Latency => record.timer.quality.resolution_ns,
        _ => 0.0,
    };
    let of_entry = |entry| figures_of(entry, resolution(entry.method));
    record.entries.iter().flat_map(of_entry).collect()
}

fn figures_of(entry: &Entry, resolution: f64) -> Vec<Named> {
    if is_counted(entry) {
        let counted = entry.metrics.iter().filter(|(id, _)| is_count(id));
        return counted
            .map(|(id, &value)| ((key(entry, id), "cycles"), Figure::Exact(value)))
            .collect();
    }
    if is_imitated_once(entry) {
        return Vec::new();
    }
    let Some(metric) = timed(entry.method) else { return Vec::new() };
    let stats = if metric == PER_RECORD { &PERCENTILES[..1] } else { &PERCENTILES[..] };
    let mut figures = Vec::new();
    for (stat, _) in stats {
        let id = format!("{metric}/{stat}");
        let launches: Vec<Estimate> =
            entry.launches.iter().filter_map(|launch| estimate(launch, &id)).collect();
        let is_earned = launches.len() > 1 && launches.len() == entry.launches.len();
        if *stat == MEDIAN || is_earned {
            let figure = Figure::Measured { launches, resolution };
            figures.push(((key(entry, &id), "ns"), figure));
        }
    }
    figures
}

/// The metric of methods that all launches measure.
const fn timed(method: Method) -> Option<&'static str> {
    match method {
        Method::Throughput => Some(PER_RECORD),
        Method::Latency => Some(END_TO_END),
        _ => None,
    }
}

const fn is_counted(entry: &Entry) -> bool {
    matches!(entry.method, Method::Cycles)
}

/// Whether one launch measured for all, since a driver imitates the device: no verdict could ever
/// come of it.
const fn is_imitated_once(entry: &Entry) -> bool {
    entry.software && entry.launches.len() < 2
}

fn key(entry: &Entry, metric: &str) -> Key {
    Key {
        backend: Key::name_of_backend(&entry.backend, entry.software),
        op: entry.op,
        method: entry.method.name().into(),
        batch_len: entry.batch_len,
        threads: entry.threads,
        home: entry.footprint_home.clone(),
        metric: metric.into(),
    }
}

/// What a launch found, with its interval where its readings bear one.
fn estimate(launch: &EntryLaunch, id: &str) -> Option<Estimate> {
    let value = *launch.metrics.get(id)?;
    let end = |side: &str| launch.metrics.get(&format!("{id}_{side}")).copied().unwrap_or(value);
    Some(Estimate { value, low: end("low"), high: end("high") })
}
