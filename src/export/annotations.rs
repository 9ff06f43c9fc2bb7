//! Annotations of GitHub Actions: workflow commands on standard output.
//!
//! Source: "Workflow commands for GitHub Actions", docs.github.com, for `::error title=T::message`;
//! `packages/core/src/command.ts` of actions/toolkit for what is escaped: `%`, CR and LF in all
//! text, `:` and `,` in titles too. GitHub shows ten annotations of each level and step and drops
//! the rest without a word (github.com/orgs/community/discussions/26680), so the worst of each file
//! come first, and the last says how many are left out.

use super::{
    ExportError,
    measurement::Place,
    row::{INTERRUPTED, name, sentence, worst_first},
    status::fault,
};
use crate::{
    gate::outcome::{Effect, Outcome, Reason},
    plural::counted,
    report::record::{RunRecord, Status},
};

/// Annotations that GitHub shows of each level.
const SHOWN_MAX: usize = 10;

/// How loud an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    const fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation {
    level: Level,
    title: String,
    message: String,
}

impl Annotation {
    fn new(level: Level, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self { level, title: title.into(), message: message.into() }
    }

    fn line(&self) -> String {
        let (title, message) = (property(&self.title), data(&self.message));
        format!("::{} title={title}::{message}\n", self.level.command())
    }
}

/// Text after the second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text between the pairs.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

pub(super) fn of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    Ok(lines(&all.iter().flat_map(of_comparison).collect::<Vec<_>>()))
}

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    Ok(lines(&all.iter().flat_map(of_run).collect::<Vec<_>>()))
}

/// As many of each level as GitHub shows, errors first.
fn lines(all: &[Annotation]) -> String {
    let mut text = String::new();
    for level in Level::ALL {
        let of_level: Vec<_> = all.iter().filter(|one| one.level == level).collect();
        let shown = if of_level.len() > SHOWN_MAX { SHOWN_MAX - 1 } else { of_level.len() };
        text.extend(of_level[..shown].iter().map(|one| one.line()));
        let left_out = of_level.len() - shown;
        if left_out > 0 {
            let message = format!(
                "{left_out} more of this level are left out, since GitHub shows {SHOWN_MAX}: \
                 see the job summary or the comparison itself"
            );
            text += &Annotation::new(level, "nanogate: more", message).line();
        }
    }
    text
}

fn of_comparison(outcome: &Outcome) -> Vec<Annotation> {
    let mut all = Vec::new();
    if outcome.interrupted {
        all.push(Annotation::new(Level::Warning, "nanogate: interrupted", INTERRUPTED));
    }
    if let Some(arming) = outcome.arming.as_ref().filter(|arming| arming.forced) {
        let why = arming.unfit.as_deref().unwrap_or("no reason is given");
        let message = format!("the gate was forced to arm on a host that is not fit: {why}");
        all.push(Annotation::new(Level::Warning, "nanogate: forced", message));
    }
    for (candidate, row) in worst_first(outcome) {
        let level = match row.effect {
            Effect::Passes if row.reason == Reason::NewInCandidate => Level::Notice,
            Effect::Passes => continue,
            Effect::Allowed | Effect::Muted => Level::Notice,
            Effect::Undecided => Level::Warning,
            Effect::Fails => Level::Error,
        };
        let title = format!("{} {}", name(outcome, candidate, row), row.effect.name());
        all.push(Annotation::new(level, title, sentence(row)));
    }
    if all.is_empty() {
        let count: usize = outcome.candidates.iter().map(|one| one.rows.len()).sum();
        let message = match count {
            0 => "the comparison has no rows".into(),
            1 => "the row passes".into(),
            _ => format!("all {count} rows pass"),
        };
        all.push(Annotation::new(Level::Notice, "nanogate", message));
    }
    all
}

fn of_run(record: &RunRecord) -> Vec<Annotation> {
    let mut all = Vec::new();
    let is_wrong = record.status == Status::WrongResults;
    let level = if is_wrong { Level::Error } else { Level::Warning };
    let fault = fault(record.status);
    all.extend(fault.map(|(_, says)| Annotation::new(level, "nanogate: run", says)));
    for warning in &record.warnings {
        let title = format!("nanogate: {}", warning.code);
        all.push(Annotation::new(Level::Warning, title, &warning.message));
    }
    for entry in &record.entries {
        for warning in &entry.warnings {
            let title = format!("{} {}", Place::of(entry), warning.code);
            all.push(Annotation::new(Level::Warning, title, &warning.message));
        }
    }
    for skipped in &record.skipped {
        let title = format!("nanogate: {} skipped", skipped.backend);
        all.push(Annotation::new(Level::Notice, title, &skipped.reason));
    }
    let message = format!("{}, each verified", counted(record.entries.len(), "entry"));
    all.push(Annotation::new(Level::Notice, "nanogate: measured", message));
    all
}
