//! What a gate shows on the terminal.

use std::fmt::Write as _;

use comfy_table::Table;

use crate::{
    gate::{
        Verdict,
        outcome::{Candidate, Effect, Outcome, Reason, Row, Side},
    },
    report::columns,
};

/// All of it, for people: the rows, worst last, and what comes of them.
pub(super) fn render(outcome: &Outcome) -> String {
    let mut text = String::new();
    for candidate in &outcome.candidates {
        let _ = writeln!(text, "{}", table(candidate));
        text.push('\n');
        let _ = writeln!(text, "baseline  {}", side(&outcome.baseline));
        let _ = writeln!(text, "candidate {}", side(&candidate.side));
        for line in notes(candidate) {
            let _ = writeln!(text, "{line}");
        }
    }
    let _ = writeln!(text, "rule      {}", rule(outcome));
    let _ = writeln!(text, "armed     {}", armed(outcome));
    let _ = writeln!(text, "gate      {}", verdict(outcome));
    text
}

fn side(side: &Side) -> String {
    let digest = side.digest.as_deref().map_or("-", |digest| &digest[..12]);
    format!(
        "{}: {} {}, {} build, sha256 {digest}",
        side.name, side.version, side.commit, side.profile
    )
}

fn table(candidate: &Candidate) -> Table {
    let header = [
        "backend",
        "method",
        "batch",
        "in",
        "metric",
        "baseline",
        "candidate",
        "unit",
        "ratio",
        "95 % interval",
        "p",
        "verdict",
        "reason",
        "effect",
    ];
    let mut rows: Vec<&Row> = candidate.rows.iter().collect();
    rows.sort_by_key(|row| row.effect);
    columns::table(&header, 0, rows.into_iter().map(cells))
}

fn cells(row: &Row) -> Vec<String> {
    let key = &row.key;
    let value = |value: Option<f64>| value.map_or("-".into(), figure);
    let is_exact = row.p_value.is_none();
    let interval = row
        .ratio
        .filter(|_| !is_exact)
        .map_or("-".into(), |ratio| format!("{:.4} to {:.4}", ratio.low, ratio.high));
    vec![
        key.backend.clone(),
        key.method.clone(),
        key.batch_len.to_string(),
        key.home.clone(),
        key.metric.clone(),
        value(row.baseline),
        value(row.candidate),
        row.unit.clone(),
        row.ratio.map_or("-".into(), |ratio| format!("{:.4}", ratio.value)),
        interval,
        row.p_adjusted.map_or("exact".into(), |p| format!("{p:.1e}")),
        words(row),
        row.reason.code().into(),
        row.effect.name().into(),
    ]
}

fn words(row: &Row) -> String {
    match (row.verdict, row.reason) {
        (Verdict::Same, Reason::IdenticalCode) => "same (identical code)".into(),
        (verdict, _) => verdict.name().replace('-', " "),
    }
}

/// Four significant digits of what is measured; whole numbers as they are.
fn figure(value: f64) -> String {
    if value.fract().abs() < f64::EPSILON {
        return format!("{value:.0}");
    }
    let decimals = 3 - value.abs().log10().floor() as i32;
    format!("{value:.*}", decimals.clamp(0, 6) as usize)
}

/// What has to be said of single rows.
fn notes(candidate: &Candidate) -> Vec<String> {
    let mut notes = Vec::new();
    for row in &candidate.rows {
        let (key, percent) = (&row.key, |ratio: f64| 100.0 * (ratio - 1.0));
        if let Some(again) = &row.confirmation {
            let (first, second) = (row.ratio.map_or(f64::NAN, |r| r.value), again.ratio.value);
            notes.push(format!(
                "again     {key}: {:+.2} %, and {:+.2} % when asked again: {}",
                percent(first),
                percent(second),
                if again.verdict == Verdict::Slower { "confirmed" } else { "not confirmed" }
            ));
        }
        if let Some(seconds) = row.settle_budget_s {
            notes.push(format!(
                "open      {key}: about {seconds:.0} s for this backend, batch and method would \
                 settle it"
            ));
        }
        if row.effect == Effect::Muted
            && let Some(mute) = &row.mute
        {
            notes.push(format!("muted     {key}: {} (until {})", mute.reason, mute.until));
        }
    }
    notes
}

fn rule(outcome: &Outcome) -> String {
    format!(
        "slower or faster: beyond noise with an error of {} over all rows; same: the 95 % interval \
         within the margin",
        outcome.family_error
    )
}

fn armed(outcome: &Outcome) -> String {
    match &outcome.arming {
        None => "not needed: nothing was timed".into(),
        Some(arming) if arming.forced => format!(
            "BY FORCE, verdicts may be wrong: {}",
            arming.unfit.as_deref().unwrap_or("no self-test")
        ),
        Some(arming) => format!(
            "by a self-test of this host {} days ago: false alarms at most {:.3} % of comparisons",
            arming.self_test_age_days.unwrap_or_default(),
            100.0 * arming.false_alarms_at_most.unwrap_or(1.0)
        ),
    }
}

fn verdict(outcome: &Outcome) -> String {
    let rows = || outcome.candidates.iter().flat_map(|candidate| &candidate.rows);
    let count = |effect| rows().filter(|row| row.effect == effect).count();
    let word = match outcome.effect() {
        _ if outcome.interrupted => "stopped, and decides nothing",
        Effect::Fails => "FAILS",
        Effect::Undecided => "cannot tell",
        _ => "passes",
    };
    let counts = [Effect::Fails, Effect::Undecided, Effect::Allowed, Effect::Muted, Effect::Passes]
        .map(|effect| (effect.name(), count(effect)));
    let shown: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    format!("{word}: {} rows, {}", rows().count(), shown.join(", "))
}
