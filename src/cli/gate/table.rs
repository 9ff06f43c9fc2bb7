//! What a gate shows on the terminal.

use std::fmt::Write as _;

use crate::{
    cli::profile,
    gate::{
        Verdict,
        outcome::{Candidate, Effect, Outcome, Reason, Row, Side},
    },
    plural::counted,
    report::{
        columns::{self, Columns},
        prose,
        screen::{Screen, Tone},
    },
};

/// All of it, for people: the rows, worst last, and what comes of them.
pub(super) fn render(outcome: &Outcome, screen: &Screen) -> String {
    let mut text = String::new();
    for candidate in &outcome.candidates {
        let _ = writeln!(text, "{}\n", table(candidate).on(screen));
        text += &prose::fit(&about(candidate, outcome), screen);
    }
    text += &prose::fit(&under(outcome), screen);
    let rules = [
        format!("rule      {}\n", rule(outcome)),
        format!("margins   {}\n", margins(outcome)),
        format!("armed     {}\n", armed(outcome)),
    ];
    text += &prose::fit(&rules.concat(), screen);
    let (tone, words) = verdict(outcome);
    let _ = writeln!(text, "gate      {}", screen.painted(tone, &words));
    text
}

/// The profile, what speaks against what was measured under it, and what was not.
fn under(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some(record) = &outcome.profile {
        let (id, status) = (&record.id, record.status);
        let digest = record.digest.get(..12).unwrap_or_default();
        let _ = writeln!(text, "profile   {id} ({status}), sha256 {digest}");
        for warning in profile::warnings(record) {
            let _ = writeln!(text, "note      {warning}");
        }
    }
    for one in &outcome.left_out {
        let _ = writeln!(text, "no rows   {one}");
    }
    text
}

/// What was compared, and what has to be said of it.
fn about(candidate: &Candidate, outcome: &Outcome) -> String {
    let mut text = format!("baseline  {}\n", side(&outcome.baseline));
    let _ = writeln!(text, "candidate {}", side(&candidate.side));
    for line in notes(candidate) {
        let _ = writeln!(text, "{line}");
    }
    text
}

fn side(side: &Side) -> String {
    let digest = side.digest.as_deref().map_or("-", |digest| &digest[..12]);
    format!(
        "{}: {} {}, {} build, sha256 {digest}",
        side.name, side.version, side.commit, side.profile
    )
}

/// Rows that are worth a look: exact figures that are equal are only counted.
fn table(candidate: &Candidate) -> Columns {
    let header = [
        "backend",
        "batch",
        "metric",
        "baseline",
        "candidate",
        "change %",
        "95 % interval",
        "p",
        "verdict",
        "effect",
    ];
    let mut rows: Vec<&Row> = candidate.rows.iter().filter(|row| !is_equal(row)).collect();
    rows.sort_by_key(|row| row.effect);
    columns::table(&header, 1, rows.into_iter().map(cells))
        .sparing(&["p", "baseline", "candidate", "95 % interval"])
        .judging(&["verdict", "effect"])
}

fn is_equal(row: &Row) -> bool {
    row.reason == Reason::ExactlyEqual && row.effect == Effect::Passes
}

fn cells(row: &Row) -> Vec<String> {
    let key = &row.key;
    let value = |value: Option<f64>| value.map_or("-".into(), figure);
    let interval = row.ratio.filter(|_| row.p_value.is_some());
    vec![
        key.backend.clone(),
        if key.batch_len == 0 { "-".into() } else { key.batch_len.to_string() },
        metric(row),
        value(row.baseline),
        value(row.candidate),
        row.ratio.map_or("-".into(), |ratio| change(ratio.value)),
        interval.map_or("-".into(), |r| format!("{} to {}", change(r.low), change(r.high))),
        row.p_adjusted
            .map_or("-".into(), |p| if p < 0.995 { format!("{p:.0e}") } else { "1".into() }),
        words(row),
        row.effect.name().into(),
    ]
}

/// What is timed by its method, statistic and unit; all else by its id, which says its own.
fn metric(row: &Row) -> String {
    let Row { key, unit, .. } = row;
    match key.metric.strip_prefix("host/").and_then(|rest| rest.rsplit('/').next()) {
        Some(stat) => format!("{} {stat} {unit}", key.method),
        None => key.metric.clone(),
    }
}

/// A ratio as a change, percent.
fn change(ratio: f64) -> String {
    format!("{:+.2}", 100.0 * (ratio - 1.0))
}

fn words(row: &Row) -> String {
    let verdict = match (row.verdict, row.unit.as_str()) {
        (Verdict::Slower, "bytes" | "count") => "more".into(),
        (Verdict::Faster, "bytes" | "count") => "less".into(),
        (verdict, _) => verdict.name().replace('-', " "),
    };
    match row.reason {
        Reason::IdenticalCode => format!("{verdict} (identical code)"),
        reason => format!("{verdict} ({})", reason.code()),
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
    let equal = candidate.rows.iter().filter(|row| is_equal(row)).count();
    if equal > 0 {
        notes.push(format!("equal     {equal} exact figures: cycles, lookup tables, size"));
    }
    for row in &candidate.rows {
        let key = &row.key;
        if let Some((first, again)) = row.ratio.zip(row.confirmation) {
            let is_open = matches!(row.reason, Reason::NotConfirmed | Reason::HardLimitUnclear);
            notes.push(format!(
                "again     {key}: {} %, and {} % when asked again: {}confirmed",
                change(first.value),
                change(again.ratio.value),
                if is_open { "not " } else { "" }
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

/// Noise and margin of the timed rows, and of how many each pair is.
fn margins(outcome: &Outcome) -> String {
    let mut found: Vec<((f64, f64), usize)> = Vec::new();
    let rows = outcome.candidates.iter().flat_map(|candidate| &candidate.rows);
    for row in rows.filter(|row| row.p_value.is_some()) {
        let pair = (row.noise, row.margin);
        match found.iter_mut().find(|(other, _)| *other == pair) {
            Some((_, count)) => *count += 1,
            None => found.push((pair, 1)),
        }
    }
    found.sort_by(|(one, _), (other, _)| one.0.total_cmp(&other.0));
    let shown = found.into_iter().map(|((noise, margin), count)| {
        let rows = counted(count, "row");
        format!("noise {:.3} % and margin {:.3} % in {rows}", 100.0 * noise, 100.0 * margin)
    });
    let shown = shown.collect::<Vec<_>>().join("; ");
    if shown.is_empty() { "nothing was timed".into() } else { shown }
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

/// What comes of it, and how that is meant.
fn verdict(outcome: &Outcome) -> (Option<Tone>, String) {
    let rows = || outcome.candidates.iter().flat_map(|candidate| &candidate.rows);
    let count = |effect| rows().filter(|row| row.effect == effect).count();
    let (tone, word) = match outcome.effect() {
        _ if outcome.interrupted => (None, "stopped, and decides nothing"),
        Effect::Fails => (Some(Tone::Bad), "FAILS"),
        Effect::Undecided => (Some(Tone::Open), "cannot tell"),
        _ => (Some(Tone::Good), "passes"),
    };
    let counts = [Effect::Fails, Effect::Undecided, Effect::Allowed, Effect::Muted, Effect::Passes]
        .map(|effect| (effect.name(), count(effect)));
    let shown: Vec<String> =
        counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    (tone, format!("{word}: {}, {}", counted(rows().count(), "row"), shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row that is worth a look has a line that is no wider than a wide terminal, the worst
    /// last; equal figures are counted; what was asked twice, is open or muted says so below.
    #[test]
    fn what_matters_is_shown() {
        let fixture = include_str!("../../../tests/fixtures/comparison.json");
        let outcome: Outcome = serde_json::from_str(fixture).unwrap();
        let candidate = &outcome.candidates[0];
        let shown = table(candidate).to_string();
        let lines: Vec<&str> = shown.lines().skip(1).collect();
        let equal = candidate.rows.iter().filter(|row| is_equal(row)).count();
        assert_eq!(lines.len() + equal, candidate.rows.len());
        assert!(equal > 0 && lines.iter().all(|line| line.len() <= 144), "{shown}");
        assert!(lines.last().unwrap().trim_end().ends_with("fails"), "{shown}");
        let text = render(&outcome, &Screen::PLAIN);
        let notes = ["\nprofile   lab-a (supported)", "turbo-off", "wants macos", "--budget"];
        let rows = ["exact figures: cycles", "\nagain ", "\nopen ", "\nmuted ", "\nno rows "];
        for says in notes.into_iter().chain(rows).chain(["FAILS: 15 rows"]) {
            assert!(text.contains(says), "{says}: {text}");
        }
    }

    /// On a terminal of 80 columns nothing is wider, and the verdicts are still there.
    #[test]
    fn a_gate_fits_a_terminal() {
        let fixture = include_str!("../../../tests/fixtures/comparison.json");
        let outcome: Outcome = serde_json::from_str(fixture).unwrap();
        let text = render(&outcome, &Screen { columns: Some(80), ..Screen::PLAIN });
        let widest = text.lines().max_by_key(|line| line.trim_end().chars().count()).unwrap();
        assert!(widest.trim_end().chars().count() <= 80, "{widest}\n{text}");
        for says in ["effect", "fails", "left out  p", "FAILS: 15 rows"] {
            assert!(text.contains(says), "{says}: {text}");
        }
    }

    /// Times are called by how they were measured, changes are in percent.
    #[test]
    fn cells_are_in_the_terms_of_the_field() {
        let fixture = include_str!("../../../tests/fixtures/comparison.json");
        let outcome: Outcome = serde_json::from_str(fixture).unwrap();
        let shown = cells(&outcome.candidates[0].rows[0]);
        assert_eq!(shown[2], "throughput p50 ns");
        assert_eq!((change(1.0205), change(0.99)), ("+2.05".into(), "-1.00".into()));
    }
}
