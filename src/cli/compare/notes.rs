//! What two records say against a comparison of them.

use std::collections::BTreeMap;

use super::{contest::Named, pairs};
use crate::{
    gate::stored::Criteria,
    platform::record::ProfileRecord,
    plural::counted,
    report::{
        baseline::Baseline,
        record::{Entry, ROOF_PER_RECORD, RunRecord},
    },
    stats::quantile,
};

/// Codes of warnings that bear on a comparison: what disturbed one run and not the other.
const DISTURBING: [&str; 4] = ["not-steady", "moved", "steal", "not-pinned"];

/// Letters of a digest that are shown.
const DIGEST_LETTERS: usize = 12;

/// Reasons to distrust a comparison with this candidate.
pub(super) fn of(baseline: &Named, candidate: &Named, criteria: &Criteria) -> Vec<String> {
    let (one, other) = (&baseline.record, &candidate.record);
    let mut notes = Vec::new();
    if is_one_record(one, other) {
        notes.push("both are the same record: this says how its launches scatter".into());
    }
    if one.tool.profile == "debug" {
        notes.push("these are debug builds: build with --release before you believe it".into());
    }
    notes.extend(pace(one, other, criteria.noise));
    notes.extend(clock(one, other));
    notes.extend(profiles(one, other));
    notes.extend([baseline, candidate].into_iter().filter_map(disturbed));
    notes.extend(left_out(other));
    notes.into_iter().map(|note: String| format!("{}: {note}", candidate.name)).collect()
}

fn is_one_record(one: &RunRecord, other: &RunRecord) -> bool {
    let digest = |record: &RunRecord| {
        let sealed = Baseline::seal(record.clone(), 0).ok();
        sealed.map(|sealed| sealed.record_sha256)
    };
    one.started_unix_s == other.started_unix_s && digest(one) == digest(other)
}

/// Whether what no backend touches took as long in both runs.
fn pace(one: &RunRecord, other: &RunRecord, noise: f64) -> Option<String> {
    let (what, ratio) = match roof_ratio(one, other) {
        Some(ratio) => ("reading the input and nothing else", ratio),
        None => ("an operation that does nothing", empty_ratio(one, other)?),
    };
    let is_other = ratio.ln().abs() > noise.ln_1p();
    is_other.then(|| {
        format!(
            "{what} took {ratio:.2} times as long as in the baseline's run: the machine itself had \
             another speed, and a row may say no more than that"
        )
    })
}

/// Median over entries of the candidate's roof over the baseline's.
fn roof_ratio(one: &RunRecord, other: &RunRecord) -> Option<f64> {
    let place = |entry: &Entry| {
        let home = entry.footprint_home.clone();
        (entry.backend.clone(), entry.method.name(), entry.batch_len, entry.threads, home)
    };
    let roofs = |record: &RunRecord| -> BTreeMap<_, f64> {
        let roof = |entry: &Entry| {
            let bound = entry.bound.as_ref().filter(|bound| bound.metric == ROOF_PER_RECORD)?;
            Some((place(entry), bound.value))
        };
        record.entries.iter().filter_map(roof).collect()
    };
    let (before, after) = (roofs(one), roofs(other));
    let quotient = |(place, roof): (_, &f64)| Some(roof / before.get(place)?);
    let mut quotients: Vec<f64> = after.iter().filter_map(quotient).collect();
    quotients.sort_by(f64::total_cmp);
    (!quotients.is_empty()).then(|| quantile(&quotients, 0.5))
}

fn empty_ratio(one: &RunRecord, other: &RunRecord) -> Option<f64> {
    let gross_ns = |record: &RunRecord| Some(record.timer.empty?.throughput.gross_ns);
    Some(gross_ns(other)? / gross_ns(one)?).filter(|ratio| ratio.is_finite() && *ratio > 0.0)
}

fn clock(one: &RunRecord, other: &RunRecord) -> Option<String> {
    let [before, after] = [one, other].map(|record| record.timer.quality.source);
    (before != after)
        .then(|| "the two runs were timed by different clocks (`tsc` and the system's)".into())
}

/// Whether both runs did what one profile says, or were both without.
fn profiles(one: &RunRecord, other: &RunRecord) -> Option<String> {
    let of = |record: &RunRecord| {
        record.profile.as_ref().map(|one| (one.digest.clone(), one.overridden.clone()))
    };
    let said = |record: &RunRecord| match &record.profile {
        None => "none".to_owned(),
        Some(ProfileRecord { id, digest, overridden, .. }) => {
            let short = digest.get(..DIGEST_LETTERS).unwrap_or(digest);
            let flags: Vec<String> = overridden.iter().map(|flag| format!(" {flag}")).collect();
            format!("{id} {short}{}", flags.concat())
        }
    };
    (of(one) != of(other))
        .then(|| format!("not under one profile: {}, and then {}", said(one), said(other)))
}

/// What disturbed a run, by code and number of entries.
fn disturbed(side: &Named) -> Option<String> {
    let record = &side.record;
    let of_entries = record.entries.iter().flat_map(|entry| &entry.warnings);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in record.warnings.iter().chain(of_entries) {
        let known = DISTURBING.into_iter().find(|code| *code == warning.code);
        *counts.entry(known.unwrap_or_default()).or_default() += 1;
    }
    counts.remove("");
    let said: Vec<String> = counts
        .into_iter()
        .map(|(code, count)| format!("{code} {}", counted(count, "time")))
        .collect();
    (!said.is_empty()).then(|| format!("{} was disturbed: {}", side.name, said.join(", ")))
}

fn left_out(record: &RunRecord) -> Option<String> {
    let mut methods: Vec<&str> =
        pairs::without_figures(record).iter().map(|entry| entry.method.name()).collect();
    let count = methods.len();
    methods.sort_unstable();
    methods.dedup();
    (count > 0).then(|| {
        format!("{} without launches to compare ({})", counted(count, "entry"), methods.join(", "))
    })
}
