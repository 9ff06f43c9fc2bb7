//! Launches joined to one result: figures of several processes become one figure with an interval
//! that holds what differs between them.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{
    launch::{EntryLaunch, SteadyRecord},
    ratio::Speedup,
    record::{END_TO_END, Entry, PER_RECORD, RunRecord, Status},
};
use crate::{
    clock::HostNanos,
    measure::Stop,
    stats::{
        Estimate,
        latency::{Histogram, HistogramError},
        launches::combine,
    },
    warning::WarningRecord,
};

/// Why two launches cannot be joined.
#[derive(Debug, Error)]
pub enum MergeError {
    /// They did not measure the same.
    #[error("{0} changed while it was measured; what was measured before is kept")]
    Changed(&'static str),
    /// A distribution cannot be read.
    #[error("{backend} x {batch_len}: {error}")]
    Histogram {
        /// Id of the backend.
        backend: String,
        /// Records per batch.
        batch_len: usize,
        /// What is wrong with it.
        error: HistogramError,
    },
}

/// The record of all launches up to `earlier`, and of the one after them. `precision` is the half
/// width of the interval that was asked for, as a fraction.
pub fn merge(
    earlier: &RunRecord,
    later: &RunRecord,
    precision: f64,
) -> Result<RunRecord, MergeError> {
    if let Some(what) = changed(earlier, later) {
        return Err(MergeError::Changed(what));
    }
    let mut merged = earlier.clone();
    merged.status = later.status;
    merged.launches.extend(later.launches.iter().cloned());
    add_warnings(&mut merged.warnings, &later.warnings);
    for entry in &later.entries {
        match merged.entries.iter_mut().find(|one| place(one) == place(entry)) {
            Some(one) => {
                *one = join(one, entry, precision).map_err(|error| {
                    let (backend, batch_len) = (entry.backend.clone(), entry.batch_len);
                    MergeError::Histogram { backend, batch_len, error }
                })?;
            }
            None => merged.entries.push(entry.clone()),
        }
    }
    for skipped in &later.skipped {
        if !merged.skipped.contains(skipped) {
            merged.skipped.push(skipped.clone());
        }
    }
    if earlier.status == Status::Incomplete {
        merged.status = Status::Incomplete;
    }
    Ok(merged)
}

/// What makes two plans of what must be one. What was found of the host is put down once.
fn changed(one: &RunRecord, other: &RunRecord) -> Option<&'static str> {
    let profile = |record: &RunRecord| {
        record.profile.clone().map(|profile| (profile.digest, profile.overridden))
    };
    let all = [
        ("the profile", profile(one) == profile(other)),
        ("the corpus", one.corpus == other.corpus),
        ("the budget", one.budget_s == other.budget_s),
    ];
    all.into_iter().find(|(_, is_same)| !is_same).map(|(what, _)| what)
}

/// What tells one entry from another.
fn place(entry: &Entry) -> impl PartialEq + '_ {
    let work = (&entry.backend, entry.software, entry.op, entry.method);
    (work, entry.batch_len, entry.threads, &entry.footprint_home)
}

/// Codes that are judged anew of what was joined.
const JUDGED_ANEW: [&str; 1] = ["wide-interval"];

/// An entry with the launches of both.
pub(crate) fn join(one: &Entry, other: &Entry, precision: f64) -> Result<Entry, HistogramError> {
    let mut joined = one.clone();
    joined.launches.extend(other.launches.iter().cloned());
    let launches = joined.launches.clone();
    joined.sample_count += other.sample_count;
    joined.stop = worse(one.stop, other.stop);
    joined.steady = worst_steady(&launches);
    joined.disturbance = one.disturbance.and(&other.disturbance);
    joined.usage = one.usage.as_ref().zip(other.usage.as_ref()).map(|(one, other)| one.and(other));
    add_warnings(&mut joined.warnings, &other.warnings);
    joined.warnings.retain(|warning| !JUDGED_ANEW.contains(&warning.code.as_str()));
    joined.metrics = metrics(&launches);
    joined.absent.retain(|id, _| !joined.metrics.contains_key(id));
    joined.speedup = ratio(&launches, |launch| launch.speedup.as_ref());
    joined.scaling = ratio(&launches, |launch| launch.scaling.as_ref());
    join_bounds(&mut joined, &launches);
    join_threads(&mut joined, other, launches.len());
    join_histograms(&mut joined, other)?;
    if let Some(median) = joined.median() {
        joined.put_rates(median.value);
        joined.warn_of_width(median, precision);
    }
    Ok(joined)
}

/// The reason that is further from what was asked for.
fn worse(one: Stop, other: Stop) -> Stop {
    let rank = |stop: &Stop| match stop {
        Stop::Precise => 0,
        Stop::Complete => 1,
        Stop::Budget => 2,
        Stop::Interrupted => 3,
    };
    std::cmp::max_by_key(one, other, rank)
}

/// That of the launch which became steady last.
fn worst_steady(launches: &[EntryLaunch]) -> Option<SteadyRecord> {
    let each = launches.iter().filter_map(|launch| launch.steady.clone());
    each.max_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal))
}

/// Adds each warning whose code is not there yet.
fn add_warnings(warnings: &mut Vec<WarningRecord>, more: &[WarningRecord]) {
    for warning in more {
        if !warnings.iter().any(|known| known.code == warning.code) {
            warnings.push(warning.clone());
        }
    }
}

/// The figures of all launches together.
fn metrics(launches: &[EntryLaunch]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    let ids = launches.iter().flat_map(|launch| launch.metrics.keys());
    for id in ids {
        let values: Vec<f64> =
            launches.iter().filter_map(|launch| launch.metrics.get(id).copied()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let joined = match id.rsplit('/').next() {
            Some("min") => values.iter().copied().fold(f64::INFINITY, f64::min),
            Some("max") => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Some("stdev") => spread(launches, id),
            _ => mean,
        };
        metrics.insert(id.clone(), joined);
    }
    put_intervals(&mut metrics, launches);
    let cv = |metric: &str| {
        Some(metrics.get(&format!("{metric}/stdev"))? / metrics.get(&format!("{metric}/mean"))?)
    };
    if let Some(cv) = cv(PER_RECORD) {
        metrics.insert(format!("{PER_RECORD}/cv"), cv);
    }
    metrics
}

/// Standard deviation of all readings: what varies within launches, and between them.
fn spread(launches: &[EntryLaunch], id: &str) -> f64 {
    let mean_id = id.replace("/stdev", "/mean");
    let pairs: Vec<(f64, f64)> = launches
        .iter()
        .filter_map(|launch| Some((*launch.metrics.get(id)?, *launch.metrics.get(&mean_id)?)))
        .collect();
    let count = pairs.len() as f64;
    let mean = pairs.iter().map(|(_, mean)| mean).sum::<f64>() / count;
    let variance = |(stdev, own): &(f64, f64)| stdev.powi(2) + (own - mean).powi(2);
    (pairs.iter().map(variance).sum::<f64>() / count).sqrt()
}

/// Replaces each figure that has an interval.
fn put_intervals(metrics: &mut BTreeMap<String, f64>, launches: &[EntryLaunch]) {
    let ids: Vec<String> = metrics.keys().cloned().collect();
    for id in ids {
        let each: Vec<Estimate> =
            launches.iter().filter_map(|launch| estimate(&launch.metrics, &id)).collect();
        if let Some(joined) = combine(&each) {
            metrics.insert(format!("{id}_low"), joined.low);
            metrics.insert(format!("{id}_high"), joined.high);
            metrics.insert(id, joined.value);
        }
    }
}

/// A figure with its interval, where it has one.
fn estimate(metrics: &BTreeMap<String, f64>, id: &str) -> Option<Estimate> {
    Some(Estimate {
        value: *metrics.get(id)?,
        low: *metrics.get(&format!("{id}_low"))?,
        high: *metrics.get(&format!("{id}_high"))?,
    })
}

fn ratio(
    launches: &[EntryLaunch],
    of: impl Fn(&EntryLaunch) -> Option<&Speedup>,
) -> Option<Speedup> {
    let each: Vec<&Speedup> = launches.iter().filter_map(of).collect();
    let ratios: Vec<Estimate> = each.iter().map(|one| one.ratio).collect();
    Some(Speedup { baseline: each.first()?.baseline.clone(), ratio: combine(&ratios)? })
}

fn join_bounds(joined: &mut Entry, launches: &[EntryLaunch]) {
    let each: Vec<_> = launches.iter().filter_map(|launch| launch.bound.as_ref()).collect();
    let fractions: Vec<Estimate> = each.iter().map(|bound| bound.fraction).collect();
    if let (Some(bound), Some(fraction)) = (&mut joined.bound, combine(&fractions)) {
        bound.value = each.iter().map(|bound| bound.value).sum::<f64>() / each.len() as f64;
        bound.fraction = fraction;
    }
}

/// Means over launches, thread by thread.
fn join_threads(joined: &mut Entry, other: &Entry, count: usize) {
    for (one, other) in joined.per_thread.iter_mut().zip(&other.per_thread) {
        let before = one.per_record_ns * (count - 1) as f64;
        one.per_record_ns = (before + other.per_record_ns) / count as f64;
    }
}

/// All readings in one distribution. Its percentiles are those of all readings; an interval that
/// comes from the launches is widened until it holds them.
fn join_histograms(joined: &mut Entry, other: &Entry) -> Result<(), HistogramError> {
    let (Some(one), Some(two)) = (&joined.histogram, &other.histogram) else {
        return Ok(());
    };
    let mut all = Histogram::<HostNanos>::from_base64(&one.data)?;
    all.add(&Histogram::from_base64(&two.data)?)?;
    let of_launches = joined.metrics.clone();
    joined.put_histogram(&all)?;
    for (stat, _) in crate::stats::latency::PERCENTILES {
        let id = format!("{END_TO_END}/{stat}");
        let value = joined.metrics.get(&id).copied();
        if let Some((launches, value)) = estimate(&of_launches, &id).zip(value) {
            joined.metrics.insert(format!("{id}_low"), launches.low.min(value));
            joined.metrics.insert(format!("{id}_high"), launches.high.max(value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(number: u32, metrics: &[(&str, f64)]) -> EntryLaunch {
        EntryLaunch {
            number,
            sample_count: 10,
            stop: Stop::Precise,
            steady: None,
            metrics: metrics.iter().map(|(id, value)| ((*id).to_owned(), *value)).collect(),
            speedup: None,
            scaling: None,
            bound: None,
        }
    }

    /// Each kind of figure is joined in its own way: medians with an interval that holds what
    /// differs between launches, extremes as extremes, and the spread of all readings.
    #[test]
    fn figures_are_joined_by_their_kind() {
        let of = |number, median: f64, mean, stdev, min, max| {
            launch(
                number,
                &[
                    ("host/per_record/p50", median),
                    ("host/per_record/p50_low", median - 0.01),
                    ("host/per_record/p50_high", median + 0.01),
                    ("host/per_record/mean", mean),
                    ("host/per_record/stdev", stdev),
                    ("host/per_record/min", min),
                    ("host/per_record/max", max),
                ],
            )
        };
        let launches = [of(1, 10.0, 10.0, 1.0, 9.0, 12.0), of(2, 12.0, 12.0, 1.0, 8.0, 15.0)];
        let metrics = metrics(&launches);
        let at = |stat: &str| metrics[&format!("host/per_record/{stat}")];
        assert!((at("p50") - 120f64.sqrt()).abs() < 1e-9, "{metrics:?}");
        assert!(at("p50_low") < 10.0 && at("p50_high") > 12.0, "{metrics:?}");
        assert_eq!((at("min"), at("max"), at("mean")), (8.0, 15.0, 11.0));
        assert!((at("stdev") - 2f64.sqrt()).abs() < 1e-9, "{metrics:?}");
        assert!((at("cv") - 2f64.sqrt() / 11.0).abs() < 1e-9, "{metrics:?}");
    }

    /// Launches of two plans are not joined, and what changed between them is told.
    #[test]
    fn plans_are_not_mixed() {
        let text = include_str!("../../tests/fixtures/history-run.json");
        let earlier: RunRecord = serde_json::from_str(text).unwrap();
        let merged = |change: fn(&mut RunRecord)| {
            let mut later = earlier.clone();
            change(&mut later);
            merge(&earlier, &later, 0.01).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(merged(|_| ()), Ok(()));
        let changed = merged(|later| later.corpus.seed += 1).unwrap_err();
        assert!(changed.starts_with("the corpus changed while it was measured"), "{changed}");
        let changed = merged(|later| later.budget_s = Some(77.0)).unwrap_err();
        assert!(changed.starts_with("the budget"), "{changed}");
    }

    /// The reason to stop that is furthest from what was asked for is kept.
    #[test]
    fn the_worse_stop_is_kept() {
        assert_eq!(worse(Stop::Precise, Stop::Budget), Stop::Budget);
        assert_eq!(worse(Stop::Interrupted, Stop::Complete), Stop::Interrupted);
    }
}
