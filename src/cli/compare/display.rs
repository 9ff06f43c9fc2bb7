//! What a comparison of records shows on the terminal: little, a table, or every step.

mod explain;

use std::fmt::Write as _;

use super::contest::{Compared, Evidence};
use crate::{
    cli::choice,
    gate::{
        Verdict,
        outcome::{Outcome, Reason, Row, Side},
    },
    plural::counted,
    report::{
        columns::{self, Columns},
        prose,
        screen::Screen,
    },
    stats::Estimate,
};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Display {
    /// One line for each row: what it is about, the ratio, the verdict.
    Simple,
    /// A table of both values, the ratio with its interval, and why the verdict is what it is.
    Intervals,
    /// Every step from the launches to the verdict.
    Explain,
}

impl Display {
    const ALL: [(&str, Self); 3] =
        [("simple", Self::Simple), ("intervals", Self::Intervals), ("explain", Self::Explain)];

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        choice::find("display", text, Self::ALL)
    }

    pub(super) fn names() -> [&'static str; 3] {
        Self::ALL.map(|(name, _)| name)
    }
}

/// What every comparison of stored records has to say of itself.
const CAUTION: &str = "\
the two runs met the machine at different times, and what happened to it between them is in the \
launches of neither: `slower` is a hint, comparing side by side is the judge";

/// A whole comparison.
pub(super) fn render(compared: &Compared, display: Display, screen: &Screen) -> String {
    let outcome = &compared.outcome;
    let mut text = String::new();
    for (candidate, evidence) in outcome.candidates.iter().zip(&compared.evidence) {
        let title = title(&outcome.baseline, &candidate.side);
        let _ = writeln!(text, "{}", prose::fit(&title, screen));
        let rows = &candidate.rows;
        let body = match display {
            Display::Simple => simple(rows).on(screen),
            Display::Intervals => intervals(rows).on(screen),
            Display::Explain => explain::of(rows, evidence, outcome),
        };
        let _ = writeln!(text, "{}\n", body.trim_end());
    }
    text + &prose::fit(&footer(compared), screen)
}

fn title(baseline: &Side, candidate: &Side) -> String {
    let side =
        |side: &Side| format!("{} ({} {}, {})", side.name, side.version, side.commit, side.profile);
    let apart = candidate.measured_unix_s.abs_diff(baseline.measured_unix_s);
    let when =
        if candidate.measured_unix_s < baseline.measured_unix_s { "before" } else { "after" };
    format!(
        "{} against {}, measured {} {when} it",
        side(candidate),
        side(baseline),
        duration(apart)
    )
}

fn simple(rows: &[Row]) -> Columns {
    let cells = rows.iter().map(|row| {
        let ratio = row.ratio.map_or("-".into(), |ratio| format!("{:.3}", ratio.value));
        vec![row.key.to_string(), ratio, row.verdict.name().into()]
    });
    columns::table(&["row", "ratio", "verdict"], 1, cells).judging(&["verdict"])
}

fn intervals(rows: &[Row]) -> Columns {
    let header = [
        "backend",
        "method",
        "batch",
        "threads",
        "in",
        "metric",
        "baseline",
        "candidate",
        "unit",
        "ratio",
        "95 % interval",
        "p adjusted",
        "verdict",
        "reason",
    ];
    let cells = rows.iter().map(|row| {
        let key = &row.key;
        vec![
            key.backend.clone(),
            format!("{} {}", key.op.name(), key.method),
            key.batch_len.to_string(),
            key.threads.to_string(),
            key.home.clone(),
            key.metric.clone(),
            row.baseline.map_or("-".into(), |value| in_unit(value, &row.unit)),
            row.candidate.map_or("-".into(), |value| in_unit(value, &row.unit)),
            row.unit.clone(),
            row.ratio.map_or("-".into(), |ratio| format!("{:.3}", ratio.value)),
            row.ratio.map_or("-".into(), interval),
            row.p_adjusted.map_or("-".into(), probability),
            row.verdict.name().into(),
            row.reason.code().into(),
        ]
    });
    columns::table(&header, 1, cells)
        .sparing(&["p adjusted", "reason", "baseline", "candidate", "unit"])
        .judging(&["verdict"])
}

fn interval(ratio: Estimate) -> String {
    format!("{:.3} to {:.3}", ratio.low, ratio.high)
}

/// Few digits of what is small, in tenths' powers.
fn probability(p: f64) -> String {
    if p < 1e-3 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

/// A figure in its unit: counts have all of their digits.
fn in_unit(value: f64, unit: &str) -> String {
    if unit == "cycles" && value.fract() == 0.0 { format!("{value:.0}") } else { digits(value) }
}

/// Four significant digits, and no more than are there.
pub(super) fn digits(value: f64) -> String {
    let magnitude = value.abs().max(1e-3).log10().floor() as i32;
    let decimals = (3 - magnitude).max(0) as usize;
    format!("{value:.decimals$}")
}

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// A length of time in its two largest units.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..HOUR_S => format!("{} min {} s", seconds / MINUTE_S, seconds % MINUTE_S),
        HOUR_S..DAY_S => format!("{} h {} min", seconds / HOUR_S, seconds % HOUR_S / MINUTE_S),
        _ => format!("{} d {} h", seconds / DAY_S, seconds % DAY_S / HOUR_S),
    }
}

fn footer(compared: &Compared) -> String {
    let outcome = &compared.outcome;
    let mut text = format!("verdicts  {}\n", counts(outcome));
    let _ = writeln!(
        text,
        "rule      error of all rows together {}, noise {} %, margin {} %",
        outcome.family_error,
        percent(outcome.rule.noise),
        percent(outcome.rule.margin)
    );
    let all: Vec<(&Row, &Evidence)> = outcome
        .candidates
        .iter()
        .zip(&compared.evidence)
        .flat_map(|(candidate, evidence)| candidate.rows.iter().zip(evidence))
        .collect();
    if let Some(settle) = settle(&all) {
        let _ = writeln!(text, "settle    {settle}");
    }
    for note in &compared.notes {
        let _ = writeln!(text, "note      {note}");
    }
    let _ = writeln!(text, "caution   {CAUTION}");
    text
}

/// A fraction in percent, without digits that only binary fractions have.
fn percent(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e4
}

fn counts(outcome: &Outcome) -> String {
    let all = [Verdict::Slower, Verdict::Faster, Verdict::Same, Verdict::CannotTell];
    let rows = || outcome.candidates.iter().flat_map(|candidate| &candidate.rows);
    let counts = all.map(|verdict| {
        let count = rows().filter(|row| row.verdict == verdict).count();
        format!("{count} {}", verdict.name())
    });
    format!("{} of {}", counts.join(", "), counted(rows().count(), "row"))
}

/// What would settle all rows that cannot be told.
fn settle(rows: &[(&Row, &Evidence)]) -> Option<String> {
    let open: Vec<_> = rows.iter().filter(|(row, _)| row.reason == Reason::TooWide).collect();
    let launches: Vec<usize> =
        open.iter().filter_map(|(_, one)| one.steps?.settle_launches).collect();
    let most = launches.iter().max();
    let beyond = open.len() - launches.len();
    let budgets = open.iter().filter_map(|(row, _)| row.settle_budget_s);
    let budget = budgets.max_by(f64::total_cmp);
    let settled = most.map(|most| {
        format!("{} of {} rows too wide: {}", launches.len(), open.len(), flags(*most, budget))
    });
    let never = (beyond > 0).then(|| format!("{}: {NEVER}", counted(beyond, "row")));
    let said: Vec<String> = settled.into_iter().chain(never).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What is said where no number of launches would do.
const NEVER: &str = "no number of launches that can be asked for would; compare side by side";

/// The flags of a run that would settle it.
fn flags(launches: usize, budget_s: Option<f64>) -> String {
    let tenths = |budget_s: f64| (10.0 * budget_s).ceil() / 10.0;
    let budget = budget_s.map_or(String::new(), |one| format!(" --budget {}", tenths(one)));
    format!("`run --launches {launches}{budget}` on both sides, if launches stay like these")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers show four significant digits, counts all of theirs, and times two units.
    #[test]
    fn figures_are_short() {
        let shown = [0.12345, 1.23456, 12.3456, 1_234.56, 123_456.7].map(digits);
        assert_eq!(shown, ["0.1235", "1.235", "12.35", "1235", "123457"]);
        assert_eq!((in_unit(5.0, "cycles"), in_unit(5.0, "ns")), ("5".into(), "5.000".into()));
        assert_eq!([1e-7, 0.0123].map(probability), ["1.0e-7", "0.012"]);
        let shown = [59, 61, 7_260, 180_000].map(duration);
        assert_eq!(shown, ["59 s", "1 min 1 s", "2 h 1 min", "2 d 2 h"]);
    }
}
