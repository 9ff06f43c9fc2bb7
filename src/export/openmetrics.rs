//! OpenMetrics text: gauges with labels, families by clock, metric and unit.
//!
//! Source: specification/OpenMetrics.md of OpenObservability/OpenMetrics, version 1.0.0: the ABNF
//! for names, labels and escapes; a unit is the suffix of its family's name; times are in seconds;
//! families are not interleaved; the text ends with `# EOF`. Ends of intervals are families of
//! their own, `_low` and `_high`, so that no sum over labels mixes them. There are no timestamps:
//! node-exporter's textfile collector refuses them; `nanogate_run_info` says when it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    ExportError,
    measurement::{self, modelled, parts},
};
use crate::{
    gate::outcome::{Candidate, Effect, Outcome, Row},
    report::record::{Entry, RunRecord},
};

/// Nanoseconds of a second.
const SECOND_NS: f64 = 1e9;

/// The media type's one ending.
const END: &str = "# EOF\n";

/// Samples of one name.
struct Family {
    kind: &'static str,
    unit: String,
    help: String,
    samples: Vec<String>,
}

/// All families by name, and the series that are taken.
#[derive(Default)]
struct Exposition {
    families: BTreeMap<String, Family>,
    series: BTreeSet<String>,
}

type Labels = Vec<(&'static str, String)>;

impl Exposition {
    /// Adds a sample to a family. `suffix` is what its kind appends to the name.
    fn add(
        &mut self,
        family: (&'static str, String, String),
        help: &str,
        suffix: &str,
        (labels, value): (&Labels, String),
    ) -> Result<(), ExportError> {
        let (kind, name, unit) = family;
        let series = format!("{name}{suffix}{}", braces(labels));
        if !self.series.insert(series.clone()) {
            return Err(ExportError::Duplicate(series));
        }
        let new = || Family { kind, unit, help: help.into(), samples: Vec::new() };
        let found = self.families.entry(name).or_insert_with(new);
        found.samples.push(format!("{series} {value}\n"));
        Ok(())
    }

    fn gauge(
        &mut self,
        stem: &str,
        unit: &str,
        help: &str,
        sample: (&Labels, String),
    ) -> Result<(), ExportError> {
        let unit = unit_name(unit);
        let name = family_name(stem, &unit);
        self.add(("gauge", name, unit), help, "", sample)
    }

    /// A value with its interval: three families.
    fn estimate(
        &mut self,
        stem: &str,
        unit: &str,
        help: &str,
        labels: &Labels,
        (value, interval): (f64, Option<(f64, f64)>),
    ) -> Result<(), ExportError> {
        self.gauge(stem, unit, help, (labels, scaled(value, unit)))?;
        if let Some((low, high)) = interval {
            for (end, value) in [("low", low), ("high", high)] {
                let help = format!("{help}: the {end} end of the 95 % interval");
                let stem = format!("{}_{end}", bare(stem));
                self.gauge(&stem, unit, &help, (labels, scaled(value, unit)))?;
            }
        }
        Ok(())
    }

    fn text(self) -> String {
        let mut text = String::new();
        for (name, family) in self.families {
            let _ = writeln!(text, "# TYPE {name} {}", family.kind);
            if !family.unit.is_empty() {
                let _ = writeln!(text, "# UNIT {name} {}", family.unit);
            }
            let _ = writeln!(text, "# HELP {name} {}", escaped(&family.help));
            text.extend(family.samples);
        }
        text + END
    }
}

/// Backslashes, quotes and line breaks with a backslash.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn braces(labels: &Labels) -> String {
    let label = |(name, value): &(&str, String)| format!("{name}=\"{}\"", escaped(value));
    format!("{{{}}}", labels.iter().map(label).collect::<Vec<_>>().join(","))
}

/// A unit as a suffix of a name.
fn unit_name(unit: &str) -> String {
    match unit {
        "ns" => "seconds".into(),
        "count" => String::new(),
        _ => match unit.strip_suffix("/s") {
            Some(of) => format!("{}_per_second", word(of)),
            None => word(&unit.replace('/', "_per_")),
        },
    }
}

/// Text as part of a name.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The name of a metric without the unit that some have in it.
fn bare(stem: &str) -> &str {
    ["_records_per_s", "_bytes_per_s", "_requests_per_s"]
        .into_iter()
        .find_map(|rate| stem.strip_suffix(rate))
        .unwrap_or(stem)
}

fn family_name(stem: &str, unit: &str) -> String {
    let stem = bare(stem);
    if unit.is_empty() || stem.ends_with(&format!("_{unit}")) {
        return stem.to_owned();
    }
    format!("{stem}_{unit}")
}

/// A value in the base unit, with all its digits. A float has a point or an exponent.
fn scaled(value: f64, unit: &str) -> String {
    let value = if unit == "ns" { value / SECOND_NS } else { value };
    format!("{value:?}")
}

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let mut exposition = Exposition::default();
    for run in all {
        let labels = vec![
            ("version", run.tool.version.clone()),
            ("commit", run.tool.commit.clone()),
            ("profile", run.tool.profile.clone()),
            ("corpus_sha256", run.corpus.digest.clone()),
            ("started_unix_s", run.started_unix_s.to_string()),
        ];
        let family = ("info", "nanogate_run".to_owned(), String::new());
        exposition.add(family, "The run.", "_info", (&labels, "1".into()))?;
        for entry in &run.entries {
            put_entry(&mut exposition, entry)?;
        }
    }
    Ok(exposition.text())
}

fn put_entry(exposition: &mut Exposition, entry: &Entry) -> Result<(), ExportError> {
    let labels = |metric: &str| -> Labels {
        vec![
            ("backend", entry.backend.clone()),
            ("software", entry.software.to_string()),
            ("op", entry.op.name().into()),
            ("method", entry.method.name().into()),
            ("batch_len", entry.batch_len.to_string()),
            ("threads", entry.threads.to_string()),
            ("home", entry.footprint_home.clone()),
            ("metric", metric.into()),
        ]
    };
    for one in measurement::of(&entry.metrics) {
        let (name, _) = parts(one.metric);
        let stem = format!("nanogate_{}", word(name));
        let help = format!("{name} of a nanogate run");
        let (labels, figure) = (labels(one.metric), (one.value, one.interval));
        exposition.estimate(&stem, one.unit, &help, &labels, figure)?;
    }
    for one in modelled(entry) {
        let (name, _) = parts(one.metric);
        let stem = format!("nanogate_{}", word(name));
        let help = format!("{name}: modelled from cycles and a timing report, not measured");
        let mut labels = labels(one.metric);
        labels.extend([
            ("report", one.report.to_owned()),
            ("part", one.part.to_owned()),
            ("fmax_mhz", one.fmax_mhz.to_string()),
        ]);
        let base = if one.unit == "ns" { SECOND_NS } else { 1.0 };
        let value = one.figure.in_units_of(base).to_string();
        exposition.gauge(&stem, one.unit, &help, (&labels, value))?;
    }
    Ok(())
}

pub(super) fn of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    let mut exposition = Exposition::default();
    for outcome in all {
        for candidate in &outcome.candidates {
            for row in &candidate.rows {
                put_row(&mut exposition, outcome, candidate, row)?;
            }
        }
    }
    Ok(exposition.text())
}

fn put_row(
    exposition: &mut Exposition,
    outcome: &Outcome,
    candidate: &Candidate,
    row: &Row,
) -> Result<(), ExportError> {
    let labels: Labels = vec![
        ("baseline", outcome.baseline.name.clone()),
        ("candidate", candidate.side.name.clone()),
        ("backend", row.key.backend.clone()),
        ("op", row.key.op.name().into()),
        ("method", row.key.method.clone()),
        ("batch_len", row.key.batch_len.to_string()),
        ("threads", row.key.threads.to_string()),
        ("home", row.key.home.clone()),
        ("metric", row.key.metric.clone()),
    ];
    let stem = "nanogate_comparison";
    for (side, value) in [("baseline", row.baseline), ("candidate", row.candidate)] {
        let Some(value) = value else { continue };
        let mut labels = labels.clone();
        labels.push(("side", side.into()));
        let help = "Value of one side of a comparison";
        exposition.gauge(stem, &row.unit, help, (&labels, scaled(value, &row.unit)))?;
    }
    if let Some(ratio) = row.ratio {
        let help = "Candidate over baseline, above 1 is worse";
        let figure = (ratio.value, Some((ratio.low, ratio.high)));
        exposition.estimate("nanogate_comparison_slowdown", "ratio", help, &labels, figure)?;
    }
    let states = "nanogate_comparison_effect";
    for effect in EFFECTS {
        let mut labels = labels.clone();
        labels.push(("nanogate_comparison_effect", effect.name().into()));
        let value = u8::from(effect == row.effect).to_string();
        let family = ("stateset", states.to_owned(), String::new());
        exposition.add(family, "What a row means", "", (&labels, value))?;
    }
    Ok(())
}

/// Every state of a row.
const EFFECTS: [Effect; 5] =
    [Effect::Passes, Effect::Allowed, Effect::Muted, Effect::Undecided, Effect::Fails];
