//! Every step from the launches of both sides to a verdict.

use std::fmt::Write as _;

use super::{Evidence, NEVER, digits, flags, in_unit, interval, percent, probability};
use crate::{
    gate::{
        outcome::{Outcome, Reason, Row},
        stored::{Figure, Pair, Steps},
    },
    plural::counted,
    stats::{Estimate, welch::Mean},
};

/// All rows.
pub(super) fn of(rows: &[Row], evidence: &[Evidence], outcome: &Outcome) -> String {
    let each = rows.iter().zip(evidence).map(|(row, evidence)| one(row, evidence, outcome));
    each.collect::<Vec<_>>().join("\n")
}

fn one(row: &Row, evidence: &Evidence, outcome: &Outcome) -> String {
    let mut text = format!("{}\n", row.key);
    let mut say = |what: &str, how: String| {
        let _ = writeln!(text, "  {what:<12}{how}");
    };
    for (name, figure) in
        [("baseline", &evidence.pair.baseline), ("candidate", &evidence.pair.candidate)]
    {
        say(name, figure.as_ref().map_or("not there".into(), |one| figures(one, &row.unit)));
    }
    match &evidence.steps {
        Some(steps) => with_steps(row, steps, outcome).into_iter().for_each(|(a, b)| say(a, b)),
        None => say("test", without_steps(row, &evidence.pair).into()),
    }
    say("verdict", format!("{} ({})", row.verdict.name(), row.reason.code()));
    if let Some(settle) = settle(row, evidence.steps.as_ref()) {
        say("settle", settle);
    }
    text
}

/// What each launch found.
fn figures(figure: &Figure, unit: &str) -> String {
    match figure {
        Figure::Exact(value) => format!("{} {unit}, counted", in_unit(*value, unit)),
        Figure::Measured { launches, .. } => {
            let each: Vec<String> = launches
                .iter()
                .map(|one| {
                    let [value, low, high] = [one.value, one.low, one.high].map(digits);
                    format!("{value} ({low} to {high})")
                })
                .collect();
            format!("{}: {} {unit}", counted(launches.len(), "launch"), each.join(", "))
        }
    }
}

fn with_steps(row: &Row, steps: &Steps, outcome: &Outcome) -> Vec<(&'static str, String)> {
    let Steps { baseline, candidate, difference, .. } = steps;
    let ratio = difference.estimate().map(f64::exp);
    let strict = steps.strict.map(f64::exp);
    let (noise, margin) = (1.0 + row.noise, 1.0 + row.margin);
    let adjusted = row.p_adjusted.unwrap_or(1.0);
    vec![
        ("baseline", mean(baseline)),
        ("candidate", mean(candidate)),
        (
            "difference",
            format!(
                "{:+.5} in logarithms, so a ratio of {:.4}; standard error {:.5}, {:.0} degrees of \
                 freedom",
                difference.value, ratio.value, difference.error, difference.freedom
            ),
        ),
        ("interval", format!("{} with 95 %", interval(ratio))),
        ("t", format!("{:.3}, p {}", difference.t(), probability(difference.p_value()))),
        (
            "Holm",
            format!(
                "rank {} of {}: p against {} / {} = {}; adjusted p {}, {} {}",
                steps.family - steps.factor + 1,
                steps.family,
                outcome.family_error,
                steps.factor,
                probability(steps.threshold),
                probability(adjusted),
                if adjusted <= outcome.family_error { "at most" } else { "above" },
                outcome.family_error
            ),
        ),
        (
            "noise",
            format!(
                "at that threshold the interval is {}: {} 1 +- {} %",
                interval(strict),
                beyond(&strict, noise),
                percent(row.noise)
            ),
        ),
        (
            "margin",
            format!(
                "the 95 % interval is {} 1 +- {} %",
                if is_within(&ratio, margin) { "within" } else { "not within" },
                percent(row.margin)
            ),
        ),
    ]
}

/// The mean of a side, and how well it is known: the greatest error counts.
fn mean(mean: &Mean) -> String {
    let errors = [mean.variance(), mean.between, mean.within, mean.resolution].map(f64::sqrt);
    let [greatest, between, within, clock] = errors;
    format!(
        "mean of logarithms {:.5}, error {greatest:.5}: between launches {between:.5}, within \
         them {within:.5}, clock {clock:.5}",
        mean.value
    )
}

fn beyond(strict: &Estimate, noise: f64) -> &'static str {
    if strict.low > noise || strict.high < 1.0 / noise { "beyond" } else { "not beyond" }
}

fn is_within(ratio: &Estimate, margin: f64) -> bool {
    ratio.low >= 1.0 / margin && ratio.high <= margin
}

const fn without_steps(row: &Row, pair: &Pair) -> &'static str {
    match (row.reason, pair.candidate.is_some()) {
        (Reason::ExactlyEqual | Reason::ExactlyDifferent, _) => "none: counts are exact",
        (Reason::TooFewLaunches, _) => "none: two launches of each side at least",
        (_, true) => "none: only the candidate has it",
        _ => "none: only the baseline has it",
    }
}

fn settle(row: &Row, steps: Option<&Steps>) -> Option<String> {
    match (row.reason, steps.and_then(|steps| steps.settle_launches)) {
        (Reason::TooWide, Some(launches)) => Some(flags(launches, row.settle_budget_s)),
        (Reason::TooWide, None) => Some(NEVER.into()),
        (Reason::TooFewLaunches, _) => Some("`run --launches 3` on both sides".into()),
        _ => None,
    }
}
