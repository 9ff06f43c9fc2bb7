//! JSON of google/benchmark, as its `tools/compare.py` reads it.
//!
//! Source: `docs/user_guide.md` of google/benchmark, "Output Formats" and "Reporting the mean,
//! median and standard deviation"; `tools/gbench/report.py`, which compares only what has
//! `time_unit`, `real_time` and `cpu_time`, and `tools/gbench/util.py`, which sorts by family and
//! repetition.
//!
//! A launch is a repetition, and an iteration is what the name says the time is of: a record, a
//! request or a batch. nanogate times by the wall clock on pinned cores and takes no processor
//! time; compare.py drops what has none, so that `cpu_time` repeats `real_time`, and the context
//! says so. Cycles are no time and are left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    ExportError, Names,
    date::utc,
    measurement::{self, Measurement, Place, per},
    pretty,
};
use crate::{
    report::record::{Entry, RunRecord},
    stats::median,
};

const NAME: &str = "google-benchmark";

/// The version of the format that compare.py knows.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let entries = all.iter().flat_map(|run| &run.entries);
    let timed: Vec<(&Entry, Measurement<'_>)> =
        entries.filter_map(|entry| Some((entry, time(&entry.metrics)?))).collect();
    let [first, ..] = all else {
        return Err(ExportError::Nothing { format: NAME, why: "there is no run" });
    };
    let mut names = Names::default();
    for (entry, _) in &timed {
        // compare.py would take them for repetitions of one.
        names.take(name(entry))?;
    }
    if timed.is_empty() {
        let why = "it holds times, and there are none; cycles are no time";
        return Err(ExportError::Nothing { format: NAME, why });
    }
    let families = timed.iter().zip(0..);
    let benchmarks: Vec<Value> =
        families.flat_map(|(&(entry, time), family)| of_entry(entry, time, family)).collect();
    pretty(NAME, &json!({"context": context(first), "benchmarks": benchmarks}))
}

/// The headline, if it is a time.
fn time(metrics: &BTreeMap<String, f64>) -> Option<Measurement<'_>> {
    measurement::headline(metrics).filter(|headline| headline.unit == "ns")
}

fn context(run: &RunRecord) -> Value {
    let caches: Vec<Value> = (run.host.caches.iter())
        .map(|one| json!({"type": one.kind, "level": one.level, "size": one.size_bytes}))
        .collect();
    let skipped: Map<String, Value> =
        (run.skipped.iter()).map(|one| (one.backend.clone(), one.reason.clone().into())).collect();
    let mut context = json!({
        "date": format!("{}+00:00", utc(run.started_unix_s)),
        "executable": "nanogate",
        "num_cpus": run.host.cores_usable,
        "caches": caches,
        "library_build_type": run.tool.profile,
        "json_schema_version": SCHEMA_VERSION,
        "nanogate_version": run.tool.version,
        "nanogate_commit": run.tool.commit,
        "nanogate_corpus_sha256": run.corpus.digest,
        "nanogate_cpu_time": "repeats real_time: processor time is not measured",
        "nanogate_skipped": skipped,
    });
    if let Some(model) = &run.host.cpu_model {
        context["nanogate_cpu"] = model.clone().into();
    }
    if let Some(load) = run.host.load_1min {
        context["load_avg"] = json!([load]);
    }
    context
}

/// What an entry is known by, with what its time is of.
fn name(entry: &Entry) -> String {
    format!("{}/per_{}", Place::of(entry), per(entry.method))
}

/// A repetition per launch, and what they come to.
fn of_entry(entry: &Entry, whole: Measurement<'_>, family: usize) -> Vec<Value> {
    let launches: Vec<(u64, f64, &BTreeMap<String, f64>)> = (entry.launches)
        .iter()
        .filter_map(|one| Some((one.sample_count, time(&one.metrics)?.value, &one.metrics)))
        .collect();
    let repetitions = launches.len().max(1);
    let base = Base { entry, name: name(entry), family, repetitions };
    let mut all: Vec<Value> = launches
        .iter()
        .zip(0..)
        .map(|(&(readings, nanos, metrics), index)| {
            base.repetition(index, readings, nanos, metrics)
        })
        .collect();
    match launches.len() {
        0 => all.push(base.repetition(0, entry.sample_count, whole.value, &entry.metrics)),
        1 => {}
        _ => {
            let times: Vec<f64> = launches.iter().map(|(_, nanos, _)| *nanos).collect();
            all.extend(base.aggregates(whole, &times));
        }
    }
    all
}

/// What all lines of an entry share.
struct Base<'e> {
    entry: &'e Entry,
    name: String,
    family: usize,
    repetitions: usize,
}

impl Base<'_> {
    fn line(&self, run_type: &str, suffix: &str) -> Value {
        let mut line = json!({
            "name": format!("{}{suffix}", self.name),
            "family_index": self.family,
            "per_family_instance_index": 0,
            "run_name": self.name,
            "run_type": run_type,
            "repetitions": self.repetitions,
            "threads": self.entry.threads,
        });
        if self.entry.software {
            line["label"] = "software: the device is imitated".into();
        }
        line
    }

    fn repetition(
        &self,
        index: usize,
        readings: u64,
        nanos: f64,
        metrics: &BTreeMap<String, f64>,
    ) -> Value {
        let mut line = self.line("iteration", "");
        line["repetition_index"] = index.into();
        line["iterations"] = readings.into();
        put_time(&mut line, nanos);
        let rates = [
            ("items_per_second", "host/records_per_s/p50"),
            ("bytes_per_second", "host/input_bytes_per_s/p50"),
        ];
        for (field, metric) in rates {
            if let Some(&rate) = metrics.get(metric) {
                line[field] = rate.into();
            }
        }
        line
    }

    /// The figure of the entry, which is the mean over launches, with its interval; and how the
    /// launches spread.
    fn aggregates(&self, whole: Measurement<'_>, times: &[f64]) -> Vec<Value> {
        let aggregate = |name: &str, unit: &str, value: f64| {
            let mut line = self.line("aggregate", &format!("_{name}"));
            line["aggregate_name"] = name.into();
            line["aggregate_unit"] = unit.into();
            line["iterations"] = times.len().into();
            put_time(&mut line, value);
            line
        };
        let mut mean = aggregate("mean", "time", whole.value);
        if let Some((low, high)) = whole.interval {
            mean["nanogate_low"] = low.into();
            mean["nanogate_high"] = high.into();
        }
        let stddev = stddev(times);
        let mut all = vec![
            mean,
            aggregate("median", "time", median(times)),
            aggregate("stddev", "time", stddev),
        ];
        let cv = Some(stddev / average(times)).filter(|cv| cv.is_finite());
        all.extend(cv.map(|cv| aggregate("cv", "percentage", cv)));
        all
    }
}

fn put_time(line: &mut Value, nanos: f64) {
    line["real_time"] = nanos.into();
    line["cpu_time"] = nanos.into();
    line["time_unit"] = "ns".into();
}

fn average(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

fn stddev(times: &[f64]) -> f64 {
    let mean = average(times);
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    (squares / (times.len() - 1) as f64).sqrt()
}
