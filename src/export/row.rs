//! Rows of a comparison in words, the worst first.

use std::{
    cmp::{Ordering, Reverse},
    fmt::Write as _,
};

use super::number::{percent, short};
use crate::gate::outcome::{Candidate, Effect, Outcome, Reason, Row};

/// Every row with its candidate: by effect, then by how much slower it is. A row without a ratio
/// comes first among its like, since nothing bounds what it hides.
#[must_use]
pub fn worst_first(outcome: &Outcome) -> Vec<(&Candidate, &Row)> {
    let rows = |candidate| move |row| (candidate, row);
    let all = outcome.candidates.iter().flat_map(|one| one.rows.iter().map(rows(one)));
    let mut all: Vec<(&Candidate, &Row)> = all.collect();
    all.sort_by(|(_, one), (_, other)| {
        (Reverse(one.effect).cmp(&Reverse(other.effect))).then_with(|| slower(other, one))
    });
    all
}

fn slower(one: &Row, other: &Row) -> Ordering {
    let by = |row: &Row| row.ratio.map_or(f64::INFINITY, |ratio| ratio.value);
    by(one).total_cmp(&by(other))
}

/// What a row is about, with the candidate where there are several.
#[must_use]
pub fn name(outcome: &Outcome, candidate: &Candidate, row: &Row) -> String {
    match outcome.candidates.as_slice() {
        [_] => row.key.to_string(),
        _ => format!("{}: {}", candidate.side.name, row.key),
    }
}

/// A value with its unit, or that there is none.
#[must_use]
pub fn value(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| "absent".into(), |value| format!("{} {unit}", short(value)))
}

/// By how much the candidate is slower, with the interval.
#[must_use]
pub fn change(row: &Row) -> String {
    match row.ratio {
        None => "-".into(),
        Some(ratio) if row.p_value.is_none() => format!("{} (exact)", percent(ratio.value)),
        Some(ratio) => {
            format!("{} ({} to {})", percent(ratio.value), percent(ratio.low), percent(ratio.high))
        }
    }
}

/// The verdict, the figures and the reason, in one line without line breaks of ours.
#[must_use]
pub fn sentence(row: &Row) -> String {
    let change = row.ratio.map_or_else(String::new, |_| format!(", {}", change(row)));
    let figures = match (row.baseline, row.candidate) {
        (None, None) => "not measured".into(),
        (one, other) => format!("{} to {}{change}", value(one, &row.unit), value(other, &row.unit)),
    };
    let mut text = format!("{}: {figures}; {}", row.verdict.name(), explain(row.reason));
    if let Some(p) = row.p_adjusted {
        let _ = write!(text, "; p {p} over all rows");
    }
    if let Some(limit) = row.limit.and_then(|limit| limit.hard) {
        let _ = write!(text, "; hard limit {} {}", short(limit), row.unit);
    }
    if let Some(limit) = row.limit.and_then(|limit| limit.soft_percent) {
        let _ = write!(text, "; up to {limit} % more is allowed");
    }
    if let Some(mute) = &row.mute {
        let _ = write!(text, "; muted until {}: {}", mute.until, mute.reason);
    }
    if row.effect == Effect::Undecided
        && let Some(seconds) = row.settle_budget_s
    {
        let _ = write!(text, "; a budget of {} s would settle it", short(seconds));
    }
    text
}

/// What is to be known of a comparison that ended early.
pub const INTERRUPTED: &str =
    "it ended early: what is here was measured until then, and decides nothing";

/// A reason as a clause.
#[must_use]
pub const fn explain(reason: Reason) -> &'static str {
    match reason {
        Reason::IdenticalCode => "the programs are the same, byte for byte",
        Reason::ExactlyEqual => "exact values are equal",
        Reason::ExactlyDifferent => "exact values differ",
        Reason::BeyondNoise => "the whole interval lies beyond noise",
        Reason::WithinMargin => "the whole interval lies within the margin",
        Reason::TooWide => "the interval is too wide to tell",
        Reason::NotConfirmed => "a second comparison did not find it",
        Reason::TooFewLaunches => "there are too few launches to tell",
        Reason::NewInCandidate => "only the candidate has it",
        Reason::MissingInCandidate => "only the baseline has it",
        Reason::AboveHardLimit => "the candidate is above a hard limit",
        Reason::HardLimitUnclear => "whether it is above a hard limit cannot be told",
    }
}

/// What a whole comparison comes to.
#[must_use]
pub const fn headline(effect: Effect) -> &'static str {
    match effect {
        Effect::Passes => "nothing is slower",
        Effect::Allowed => "worse within limits",
        Effect::Muted => "worse where muted",
        Effect::Undecided => "cannot tell",
        Effect::Fails => "regression",
    }
}
