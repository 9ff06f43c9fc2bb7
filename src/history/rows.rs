//! What of a record goes into a history.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    gate::outcome::{Candidate, Key, Outcome, Row},
    host::fingerprint::Fingerprint,
    report::{
        load::{LoadRecord, RateSource},
        record::{Entry, RunRecord, Status},
    },
    warning::hidden_features,
};

/// A run, or a candidate of a gate, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// SHA-256 of the whole record: what is there already is not added again.
    pub digest: String,
    /// What it shares with those that it may be joined with.
    pub setup: Setup,
    /// Seconds since 1970 when it began.
    pub started_unix_s: u64,
    /// Version of the package.
    pub version: String,
    /// Source revision.
    pub commit: String,
    /// How it ended: a run's status, or a gate's effect.
    pub status: String,
    /// What was measured.
    pub figures: Vec<Figure>,
}

/// What runs must share for their figures to be joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Setup {
    /// `run` or `gate`: they measure in different ways.
    pub source: String,
    /// SHA-256 of the fingerprint, load aside.
    pub host: String,
    /// The host for people.
    pub host_name: String,
    /// `release` or `debug`.
    pub profile: String,
    /// SHA-256 of the corpus. Empty of gates, which do not say.
    pub corpus: String,
    /// Seed with which inputs were drawn.
    pub corpus_seed: u64,
    /// Faulty records per thousand.
    pub faults_permille: u16,
}

/// One metric of one combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is about.
    pub key: Key,
    /// What else tells it from others, such as device, lanes or load. Mostly empty.
    pub variant: String,
    /// The value.
    pub value: f64,
    /// Its 95 % interval, where it has one.
    pub interval: Option<(f64, f64)>,
}

/// How the variant of a gate's figure begins that is candidate over baseline. The baseline's name
/// follows: over another one it would be another figure.
pub const RATIO: &str = "candidate over baseline";

/// Status of what ended early: it is kept, and in no series.
const INTERRUPTED: &str = "interrupted";

impl Rows {
    /// A run. Of metrics that have an interval the ends are kept with the value.
    pub fn of_run(record: &RunRecord) -> Result<Self, serde_json::Error> {
        let setup = Setup {
            source: "run".into(),
            host: host_digest(&record.host)?,
            host_name: host_name(&record.host),
            profile: record.tool.profile.clone(),
            corpus: record.corpus.digest.clone(),
            corpus_seed: record.corpus.seed,
            faults_permille: record.corpus.faults_permille,
        };
        let figures = record.entries.iter().flat_map(|entry| of_entry(record, entry));
        Ok(Self {
            digest: digest(record)?,
            setup,
            started_unix_s: record.started_unix_s,
            version: record.tool.version.clone(),
            commit: record.tool.commit.clone(),
            status: status_name(record.status).into(),
            figures: distinct(figures),
        })
    }

    /// A candidate of a comparison that measured: its values, and its ratios to the baseline.
    pub fn of_candidate(
        outcome: &Outcome,
        candidate: &Candidate,
    ) -> Result<Self, serde_json::Error> {
        let setup = Setup {
            source: "gate".into(),
            host: host_digest(&outcome.host)?,
            host_name: host_name(&outcome.host),
            profile: candidate.side.profile.clone(),
            corpus: String::new(),
            corpus_seed: 0,
            faults_permille: 0,
        };
        let status = if outcome.interrupted { INTERRUPTED } else { candidate.effect().name() };
        let figures = candidate.rows.iter().flat_map(|row| of_row(row, outcome));
        Ok(Self {
            digest: digest(&(outcome.started_unix_s, &outcome.baseline, candidate))?,
            setup,
            started_unix_s: outcome.started_unix_s,
            version: candidate.side.version.clone(),
            commit: candidate.side.commit.clone(),
            status: status.into(),
            figures: distinct(figures),
        })
    }
}

/// A key that comes twice, as where hot and cold lie in one cache, is kept once: the first. What is
/// no number is not kept.
fn distinct(figures: impl Iterator<Item = Figure>) -> Vec<Figure> {
    let mut seen = BTreeSet::new();
    let is_new = |figure: &Figure| seen.insert((figure.key.clone(), figure.variant.clone()));
    figures.filter(|figure| figure.value.is_finite()).filter(is_new).collect()
}

fn of_entry(record: &RunRecord, entry: &Entry) -> Vec<Figure> {
    let variant = variant(record, entry);
    let end = |metric: &str, end: &str| entry.metrics.get(&format!("{metric}_{end}")).copied();
    let is_end = |metric: &str| {
        let value = metric.strip_suffix("_low").or_else(|| metric.strip_suffix("_high"));
        value.is_some_and(|value| entry.metrics.contains_key(value))
    };
    let figure = |(metric, value): (&String, &f64)| Figure {
        key: Key {
            backend: entry.backend.clone(),
            op: entry.op,
            method: entry.method.name().into(),
            batch_len: entry.batch_len,
            threads: entry.threads,
            home: entry.footprint_home.clone(),
            metric: metric.clone(),
        },
        variant: variant.clone(),
        value: *value,
        interval: end(metric, "low").zip(end(metric, "high")),
    };
    entry.metrics.iter().filter(|(metric, _)| !is_end(metric)).map(figure).collect()
}

fn of_row(row: &Row, outcome: &Outcome) -> Vec<Figure> {
    let flags = Some(outcome.flags.join(" ")).filter(|flags| !flags.is_empty());
    let ratio_name = format!("{RATIO} {}", outcome.baseline.name);
    let value = row.candidate.map(|value| Figure {
        key: row.key.clone(),
        variant: flags.clone().unwrap_or_default(),
        value,
        interval: None,
    });
    let ratio = row.ratio.map(|ratio| Figure {
        key: row.key.clone(),
        variant: [Some(ratio_name), flags].into_iter().flatten().collect::<Vec<_>>().join(", "),
        value: ratio.value,
        interval: Some((ratio.low, ratio.high)),
    });
    value.into_iter().chain(ratio).collect()
}

/// What a key does not say, and what makes figures something else all the same.
fn variant(record: &RunRecord, entry: &Entry) -> String {
    let device = record.devices.iter().find(|device| device.backend == entry.backend);
    let device = device.map(|device| device.facts.adapter.to_string());
    let software = entry.software.then(|| "software".into());
    let lanes = entry.cycles.as_ref().map(|cycles| format!("{} lanes", cycles.lanes));
    let load = entry.load.as_ref().map(load_name);
    let hidden = hidden_features(&record.warnings).map(Into::into);
    let parts = [device, software, lanes, load, hidden].into_iter().flatten();
    parts.collect::<Vec<String>>().join(", ")
}

/// A load by what was asked of it: a rate that was found is another in every run.
fn load_name(load: &LoadRecord) -> String {
    let rate = match load.rate_source {
        RateSource::Stated => format!("{} requests/s", load.rate_offered_per_s),
        RateSource::HalfOfOneWorker => "half of one worker".into(),
        RateSource::Knee => "at the knee".into(),
    };
    format!("{} clients, {}, {rate}", load.clients, load.arrivals.name())
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Complete => "complete",
        Status::Incomplete => "incomplete",
        Status::Interrupted => INTERRUPTED,
        Status::WrongResults => "wrong-results",
    }
}

/// The same for the same machine, whatever its load.
fn host_digest(host: &Fingerprint) -> Result<String, serde_json::Error> {
    digest(&Fingerprint { load_1min: None, ..host.clone() })
}

fn host_name(host: &Fingerprint) -> String {
    let model = host.cpu_model.as_deref().unwrap_or("unknown processor");
    format!("{model}, {} cores, {}", host.cores_usable, host.platform)
}

fn digest(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(hex::encode(Sha256::digest(serde_json::to_vec(value)?)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        gate::{
            Rule, Verdict,
            outcome::{self, Effect, Kind, Reason, Side},
        },
        op::Op,
        stats::Estimate,
    };

    /// A run of one entry: throughput with an interval, a deviation and a rate.
    pub(in crate::history) fn record() -> RunRecord {
        serde_json::from_str(include_str!("../../tests/fixtures/history-run.json")).unwrap()
    }

    /// A comparison that measured one candidate in one row.
    pub(in crate::history) fn outcome(kind: Kind) -> Outcome {
        let side = |name: &str| Side {
            name: name.into(),
            version: "0.1.0".into(),
            commit: name.repeat(40),
            profile: "release".into(),
            digest: None,
            measured_unix_s: 1_700_000_000,
        };
        let key = Key {
            backend: "scalar".into(),
            op: Op::Decide,
            method: "throughput".into(),
            batch_len: 256,
            threads: 1,
            home: "L1".into(),
            metric: "host/per_record/p50".into(),
        };
        let row = Row {
            key,
            unit: "ns".into(),
            baseline: Some(4.0),
            candidate: Some(4.4),
            ratio: Some(Estimate { value: 1.1, low: 1.05, high: 1.15 }),
            p_value: Some(0.000_1),
            p_adjusted: Some(0.000_1),
            noise: 0.001,
            margin: 0.01,
            verdict: Verdict::Slower,
            reason: Reason::BeyondNoise,
            effect: Effect::Fails,
            limit: None,
            confirmation: None,
            mute: None,
            launches: 14,
            log_ratios: Vec::new(),
            settle_budget_s: None,
        };
        Outcome {
            schema: outcome::SCHEMA.into(),
            kind,
            started_unix_s: 1_700_000_000,
            host: record().host,
            rule: Rule::default(),
            family_error: 0.001,
            baseline: side("a"),
            candidates: vec![Candidate { side: side("b"), identical: false, rows: vec![row] }],
            arming: None,
            profile: None,
            left_out: Vec::new(),
            flags: Vec::new(),
            interrupted: false,
        }
    }

    /// Metric, variant, value and interval.
    type Shown<'a> = (&'a str, &'a str, f64, Option<(f64, f64)>);

    fn shown(rows: &Rows) -> Vec<Shown<'_>> {
        let each = rows.figures.iter();
        each.map(|one| (one.key.metric.as_str(), one.variant.as_str(), one.value, one.interval))
            .collect()
    }

    /// The ends of an interval are kept with its value and are no figures of their own.
    #[test]
    fn intervals_go_with_their_values() {
        let rows = Rows::of_run(&record()).unwrap();
        let expected = [
            ("host/per_record/p50", "", 4.0, Some((3.96, 4.04))),
            ("host/per_record/stdev", "", 0.1, None),
            ("host/records_per_s/p50", "", 250_000_000.0, None),
        ];
        assert_eq!(shown(&rows), expected);
        assert_eq!((rows.status.as_str(), rows.started_unix_s), ("complete", 1_700_000_000));
    }

    /// The same host is the same under load; the same record is the same; others are others.
    #[test]
    fn digests_tell_what_differs() {
        let rows = |change: fn(&mut RunRecord)| {
            let mut record = record();
            change(&mut record);
            Rows::of_run(&record).unwrap()
        };
        let (same, loaded) = (rows(|_| ()), rows(|record| record.host.load_1min = Some(9.0)));
        assert_eq!(same, Rows::of_run(&record()).unwrap());
        assert_eq!((&same.setup, same.digest == loaded.digest), (&loaded.setup, false));
        let other = rows(|record| record.host.governor = Some("powersave".into()));
        assert_ne!(same.setup, other.setup);
    }

    /// A key that comes twice is kept once, the first; what is no number is not kept.
    #[test]
    fn keys_are_kept_once() {
        let mut record = record();
        let mut twin = record.entries[0].clone();
        twin.metrics.values_mut().for_each(|value| *value *= 2.0);
        twin.metrics.insert("host/other/p50".into(), f64::NAN);
        record.entries.push(twin);
        let rows = Rows::of_run(&record).unwrap();
        assert_eq!(shown(&rows).len(), 3);
        assert!((rows.figures[0].value - 4.0).abs() < 1e-12, "{rows:?}");
    }

    /// A gate's candidate has its value and its ratio to a baseline that is named, under a setup
    /// that no run has. Flags of its processes make other figures of both; what was interrupted
    /// says so.
    #[test]
    fn candidates_have_values_and_ratios() {
        let mut outcome = outcome(Kind::Interleaved);
        let rows = Rows::of_candidate(&outcome, &outcome.candidates[0]).unwrap();
        let expected = [
            ("host/per_record/p50", "", 4.4, None),
            ("host/per_record/p50", "candidate over baseline a", 1.1, Some((1.05, 1.15))),
        ];
        assert_eq!(shown(&rows), expected);
        assert_eq!((rows.status.as_str(), rows.commit.len()), ("fails", 40));
        assert_eq!(rows.setup.source, "gate");
        outcome.flags = vec!["--lanes".into(), "4".into()];
        outcome.interrupted = true;
        let rows = Rows::of_candidate(&outcome, &outcome.candidates[0]).unwrap();
        let variants: Vec<&str> = shown(&rows).iter().map(|figure| figure.1).collect();
        assert_eq!(variants, ["--lanes 4", "candidate over baseline a, --lanes 4"]);
        assert_eq!(rows.status, "interrupted");
    }
}
