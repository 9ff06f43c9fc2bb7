//! A comparison of records: what can be compared is, and the verdicts are those of one family.

use super::{Failure, comparable, notes, now_unix_s, pairs};
use crate::{
    cli::Exit,
    gate::{
        outcome::{Candidate, Kind, Outcome, SCHEMA, Side},
        stored::{self, Criteria, Judged, Pair, Steps},
    },
    report::record::RunRecord,
};

/// A record, and what it was asked for by.
pub(in crate::cli) struct Named {
    /// A name, or a path.
    pub(in crate::cli) name: String,
    /// The record.
    pub(in crate::cli) record: RunRecord,
}

/// Which rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Scope {
    /// Those of both sides: a candidate that lacks one leaves it open.
    Whole,
    /// Those that the candidate was asked for: it had its own flags. What it could not measure is
    /// missing all the same.
    Asked,
}

/// A comparison, with what it does not keep as JSON.
pub(in crate::cli) struct Compared {
    /// The comparison.
    pub(in crate::cli) outcome: Outcome,
    /// The launches' own figures behind each row of each candidate, and the way to its verdict.
    pub(super) evidence: Vec<Vec<Evidence>>,
    /// Reasons to distrust it.
    pub(super) notes: Vec<String>,
}

/// What stands behind a row.
pub(super) struct Evidence {
    /// The figures of both sides.
    pub(super) pair: Pair,
    /// The way from them to the verdict, where there is one.
    pub(super) steps: Option<Steps>,
}

/// Compares each candidate with the baseline. Where one cannot be, there is no comparison.
pub(in crate::cli) fn compare(
    baseline: &Named,
    candidates: &[Named],
    criteria: &Criteria,
    scope: Scope,
) -> Result<Compared, Failure> {
    let refused = |name: &str, reason: comparable::Incomparable| {
        let message = format!("{name} is not comparable with {}: {reason}", baseline.name);
        Failure::new(Exit::NotComparable, message)
    };
    comparable::check_whole(&baseline.record).map_err(|reason| {
        let message = format!("{} cannot be a baseline: {reason}", baseline.name);
        Failure::new(Exit::NotComparable, message)
    })?;
    let mut pairs_of_each = Vec::new();
    for Named { name, record } in candidates {
        comparable::check_whole(record).map_err(|reason| refused(name, reason))?;
        comparable::check(&baseline.record, record).map_err(|reason| refused(name, reason))?;
        let mut pairs = pairs::pairs(&baseline.record, record);
        if scope == Scope::Asked {
            pairs.retain(|pair| pair.candidate.is_some() || is_skipped(record, pair));
        }
        pairs_of_each.push(pairs);
    }
    let mut judged = stored::judge(&pairs_of_each.concat(), criteria).into_iter();
    let mut outcome = empty(baseline, criteria);
    let mut evidence = Vec::new();
    for (candidate, pairs) in candidates.iter().zip(pairs_of_each) {
        let of_it: Vec<Judged> = judged.by_ref().take(pairs.len()).collect();
        let (rows, steps): (Vec<_>, Vec<_>) =
            of_it.into_iter().map(|one| (one.row, one.steps)).unzip();
        let both = pairs.into_iter().zip(steps);
        evidence.push(both.map(|(pair, steps)| Evidence { pair, steps }).collect());
        outcome.candidates.push(Candidate { side: side(candidate), identical: false, rows });
    }
    let notes = candidates.iter().flat_map(|one| notes::of(baseline, one, criteria)).collect();
    Ok(Compared { outcome, evidence, notes })
}

/// Whether the candidate was to measure a backend, and could not.
fn is_skipped(record: &RunRecord, pair: &Pair) -> bool {
    // A label may follow the id.
    let id = pair.key.backend.split(' ').next().unwrap_or_default();
    record.skipped.iter().any(|skipped| skipped.backend == id)
}

fn empty(baseline: &Named, criteria: &Criteria) -> Outcome {
    Outcome {
        schema: SCHEMA.into(),
        kind: Kind::Stored,
        started_unix_s: now_unix_s(),
        host: baseline.record.host.clone(),
        rule: criteria.rule(),
        family_error: criteria.family_error,
        baseline: side(baseline),
        candidates: Vec::new(),
        arming: None,
        profile: None,
        left_out: Vec::new(),
        flags: Vec::new(),
        interrupted: false,
    }
}

fn side(Named { name, record }: &Named) -> Side {
    Side {
        name: name.clone(),
        version: record.tool.version.clone(),
        commit: record.tool.commit.clone(),
        profile: record.tool.profile.clone(),
        digest: None,
        measured_unix_s: record.started_unix_s,
    }
}
