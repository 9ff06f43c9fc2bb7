//! JSON for github-action-benchmark, where smaller values are better.
//!
//! Source: README.md of benchmark-action/github-action-benchmark, `customSmallerIsBetter`: a list
//! of `name`, `unit`, `value`, and of `range` and `extra`, which are text for people. A rate would
//! be called worse when it rises, so only times and cycles go out.

use serde_json::{Value, json};

use super::{
    ExportError, Names,
    measurement::{self, Better, Place, modelled},
    pretty,
};
use crate::report::record::{Entry, RunRecord};

/// The name of the format, and of the action.
pub(super) const NAME: &str = "github-action-benchmark";

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let mut names = Names::default();
    let mut results = Vec::new();
    for run in all {
        for entry in &run.entries {
            for (name, mut result) in of_entry(run, entry) {
                result["name"] = names.take(name)?.into();
                results.push(result);
            }
        }
    }
    if results.is_empty() {
        let why = "it has no figure of which small ones are better";
        return Err(ExportError::Nothing { format: NAME, why });
    }
    pretty(NAME, &Value::Array(results))
}

/// The results of an entry, with their names.
fn of_entry(run: &RunRecord, entry: &Entry) -> Vec<(String, Value)> {
    let place = Place::of(entry);
    let extra = extra(run, entry);
    let result = |unit, value: Value| json!({"name": "", "unit": unit, "value": value});
    let figures = measurement::of(&entry.metrics);
    let smaller = figures.iter().filter(|one| one.better() == Better::Less);
    let measured = smaller.map(|one| {
        let mut result = result(one.unit, one.value.into());
        if let Some((low, high)) = one.interval {
            result["range"] = format!("95 % interval {low} to {high}").into();
        }
        (format!("{place}/{}", one.metric), result)
    });
    let modelled = modelled(entry).into_iter().filter(|one| one.unit == "ns");
    let modelled = modelled.map(|one| {
        let mut result = result(one.unit, json!(one.figure));
        result["range"] = one.basis().into();
        (format!("{place}/{} ({})", one.metric, one.label()), result)
    });
    let mut all: Vec<(String, Value)> = measured.chain(modelled).collect();
    all.iter_mut().for_each(|(_, result)| result["extra"] = extra.clone().into());
    all
}

/// What else is to be known of a figure, a line each.
fn extra(run: &RunRecord, entry: &Entry) -> String {
    let mut lines = vec![
        format!("nanogate {} {}", run.tool.version, run.tool.commit),
        format!("readings: {}", entry.sample_count),
    ];
    if !entry.launches.is_empty() {
        lines.push(format!("launches: {}", entry.launches.len()));
    }
    if entry.software {
        lines.push("software: the device is imitated, this is no figure of one".into());
    }
    lines.extend(entry.warnings.iter().map(|one| format!("warning: {}", one.code)));
    lines.join("\n")
}
