//! Bencher Metric Format: names, each with measures, each with a value and its interval.
//!
//! Source: bencher.dev/docs/reference/bencher-metric-format, with the JSON schema
//! bencher.dev/bmf.json: benchmark, then measure, then `value`, `lower_value` and `upper_value`.
//! A measure is named by its slug of at most 64 characters, and holds the unit, since the format
//! has none. Only what is better small or better large goes out: Bencher's thresholds are of a
//! measure, and have one direction.

use serde_json::{Map, Value, json};

use super::{
    ExportError, Names,
    history::History,
    measurement::{self, Better, Place, modelled},
    pretty,
    row::name,
};
use crate::{gate::outcome::Outcome, report::record::RunRecord, stats::Estimate};

const NAME: &str = "bencher";

/// Most characters of a slug.
const SLUG_MAX: usize = 64;

/// Most characters of the name of a benchmark.
const NAME_MAX: usize = 1024;

/// Benchmarks, by name, with their measures.
#[derive(Default)]
struct Benchmarks {
    all: Map<String, Value>,
    names: Names,
}

impl Benchmarks {
    fn add(&mut self, name: &str, measures: Map<String, Value>) -> Result<(), ExportError> {
        // A longer name would be refused there. Two that are the same once cut are refused here.
        let name = self.names.take(name.chars().take(NAME_MAX).collect())?;
        if !measures.is_empty() {
            self.all.insert(name, Value::Object(measures));
        }
        Ok(())
    }

    fn text(self) -> Result<String, ExportError> {
        if self.all.is_empty() {
            let why = "it has no figure of which small or large ones are better";
            return Err(ExportError::Nothing { format: NAME, why });
        }
        pretty(NAME, &Value::Object(self.all))
    }
}

/// `host/per_record/p50` in ns as `host-per-record-p50-ns`. Rates have their unit in their name.
fn slug(metric: &str, unit: &str) -> String {
    let unit = if ["ns", "cycles"].contains(&unit) { unit } else { "" };
    let words = format!("{metric} {unit}").to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    slug.chars().take(SLUG_MAX).collect::<String>().trim_end_matches('-').to_owned()
}

fn measure(value: f64, interval: Option<(f64, f64)>) -> Value {
    match interval {
        Some((low, high)) => json!({"value": value, "lower_value": low, "upper_value": high}),
        None => json!({"value": value}),
    }
}

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let mut benchmarks = Benchmarks::default();
    for entry in all.iter().flat_map(|run| &run.entries) {
        let place = Place::of(entry);
        let figures = measurement::of(&entry.metrics);
        let directed = figures.iter().filter(|one| one.better() != Better::Neither);
        let measures =
            directed.map(|one| (slug(one.metric, one.unit), measure(one.value, one.interval)));
        benchmarks.add(&place.to_string(), measures.collect())?;
        for one in modelled(entry) {
            let measure = json!({"value": one.figure});
            let measures = [(slug(one.metric, one.unit), measure)].into_iter().collect();
            let name = format!("{place}/{} ({})", one.metric, one.label());
            benchmarks.add(&name, measures)?;
        }
    }
    benchmarks.text()
}

/// The candidates' values, and the ratios to the baseline with their intervals: above 1 is worse.
pub(super) fn of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    let mut benchmarks = Benchmarks::default();
    for outcome in all {
        for candidate in &outcome.candidates {
            for row in &candidate.rows {
                let value = row.candidate.map(|value| (row.unit.as_str(), measure(value, None)));
                let ratio = row.ratio.map(|Estimate { value, low, high }| {
                    ("ratio-to-baseline", measure(value, Some((low, high))))
                });
                let named = |(name, measure): (&str, Value)| (slug_of_unit(name), measure);
                let measures = value.into_iter().chain(ratio).map(named).collect();
                benchmarks.add(&name(outcome, candidate, row), measures)?;
            }
        }
    }
    benchmarks.text()
}

/// The last run of each suite. What its ranges mean is not known, so there is no interval.
pub(super) fn of_histories(all: &[History]) -> Result<String, ExportError> {
    let mut benchmarks = Benchmarks::default();
    for suite in all.iter().flat_map(|history| &history.suites) {
        for bench in suite.runs.last().into_iter().flat_map(|run| &run.benches) {
            let name = match suite.name.as_str() {
                "" => bench.name.clone(),
                suite => format!("{suite}/{}", bench.name),
            };
            let measures = [(slug_of_unit(&bench.unit), measure(bench.value, None))];
            benchmarks.add(&name, measures.into_iter().collect())?;
        }
    }
    benchmarks.text()
}

/// A unit as a measure. One without a letter still needs a name.
fn slug_of_unit(unit: &str) -> String {
    match slug(unit, "") {
        empty if empty.is_empty() => "value".into(),
        slug => slug,
    }
}
