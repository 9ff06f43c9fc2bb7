//! A comparison: what it comes to, the rows that somebody has to look at, and the rest folded away.

use super::{Page, code, head, row};
use crate::{
    export::row::{change, explain, headline, name, value, worst_first},
    gate::{
        Verdict,
        outcome::{Candidate, Effect, Kind, Outcome, Reason, Row, Side},
    },
};

const HEADER: [&str; 8] = [
    "effect",
    "what",
    "baseline",
    "candidate",
    "change, 95 % interval",
    "p over all rows",
    "why",
    "note",
];

pub(super) fn put(page: &mut Page, outcome: &Outcome) {
    page.block(&heading(outcome), &[], "");
    let all = worst_first(outcome);
    let is_quiet = |row: &Row| row.effect == Effect::Passes && row.verdict != Verdict::Faster;
    let (quiet, loud): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, row)| is_quiet(row));
    let lines = |rows: &[(&Candidate, &Row)]| -> Vec<String> {
        rows.iter().map(|(candidate, row)| line(outcome, candidate, row)).collect()
    };
    page.table("", &HEADER, &lines(&loud));
    if !quiet.is_empty() {
        let summary = format!("<details><summary>{} rows pass</summary>", quiet.len());
        let opening = format!("{summary}\n\n{}", head(&HEADER));
        page.block(&opening, &lines(&quiet), "\n</details>\n");
    }
}

fn heading(outcome: &Outcome) -> String {
    let mut lines = vec![format!("## nanogate: {}", headline(outcome.effect())), String::new()];
    if outcome.interrupted {
        lines.push("**Interrupted**: what was measured until then.".into());
    }
    let how = match outcome.kind {
        Kind::Stored => "from stored records",
        Kind::Interleaved => "measured in lock step",
    };
    lines.push(format!("Baseline {}, {how}.", side(&outcome.baseline)));
    for candidate in &outcome.candidates {
        let same = if candidate.identical { "; the same program, not measured" } else { "" };
        lines.push(format!("Candidate {}{same}.", side(&candidate.side)));
    }
    if let Some(arming) = outcome.arming.as_ref().filter(|arming| arming.forced) {
        let why = arming.unfit.as_deref().unwrap_or("no reason is given");
        lines.push(format!("**The gate was forced to arm** on an unfit host: {}.", code(why)));
    }
    if let Some(model) = &outcome.host.cpu_model {
        lines.push(format!("Host {}, {} cores.", code(model), outcome.host.cores_usable));
    }
    lines.join("\n")
}

fn side(side: &Side) -> String {
    let Side { name, version, commit, profile, .. } = side;
    format!("{} ({} {} {})", code(name), code(version), code(commit), code(profile))
}

fn line(outcome: &Outcome, candidate: &Candidate, one: &Row) -> String {
    // Where neither has a value it was not measured, and nothing is absent.
    let is_measured = one.baseline.or(one.candidate).is_some();
    let figure = |side| if is_measured { code(&value(side, &one.unit)) } else { "-".into() };
    row(&[
        effect(one),
        code(&name(outcome, candidate, one)),
        figure(one.baseline),
        figure(one.candidate),
        change(one),
        one.p_adjusted.map_or_else(|| "-".into(), |p| p.to_string()),
        explain(one.reason).into(),
        note(one),
    ])
}

/// Bold where it is bad. What passes says whether it is faster.
fn effect(row: &Row) -> String {
    match row.effect {
        Effect::Fails => format!("**{}**", row.effect.name()),
        Effect::Passes if row.reason == Reason::NewInCandidate => "new".into(),
        Effect::Passes => row.verdict.name().into(),
        Effect::Allowed | Effect::Muted | Effect::Undecided => row.effect.name().into(),
    }
}

fn note(row: &Row) -> String {
    let mut notes = Vec::new();
    if let Some(mute) = &row.mute {
        notes.push(format!("muted until {}: {}", code(&mute.until), code(&mute.reason)));
    }
    if let Some(limit) = row.limit.and_then(|limit| limit.soft_percent) {
        notes.push(format!("up to {limit} % more is allowed"));
    }
    if let Some(limit) = row.limit.and_then(|limit| limit.hard) {
        notes.push(format!("hard limit {}", code(&value(Some(limit), &row.unit))));
    }
    notes.join("; ")
}
