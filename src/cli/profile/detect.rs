//! `nanogate profile detect`: which profile is for this host, and why the others are not.

use std::fmt::Write as _;

use serde::Serialize;

use super::host::{self, Devices};
use crate::{
    backend::ProbeContext,
    cli::{Exit, Failure, output, terminal},
    platform::{
        facts::Facts,
        identity::{Scope, Status},
        matching::Mismatch,
        shipped::{self, Candidate},
    },
    report::{columns, prose, screen::Screen},
};

/// Version of the document.
const SCHEMA: &str = "nanogate.profile-detect/1";

/// Arguments of `nanogate profile detect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The best match is the most specific profile of a whole machine that no rule speaks against; a rule
that names a part, such as a GPU, counts four times. What the system does not say fits no rule that
asks for it. Where none fits, the exit code is 5, and `nanogate profile new` writes one.

Examples:
  nanogate profile detect
  nanogate run --profile \"$(nanogate profile detect --json | jq -r .best)\"")]
pub(super) struct Arguments {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    /// The best match, where there is one.
    best: Option<String>,
    /// What is known of the host.
    host: Facts,
    /// All profiles, and how this host fits them.
    candidates: Vec<Row>,
}

/// A profile set against this host.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    status: Status,
    scope: Scope,
    /// How specific its rules are.
    weight: u32,
    /// Whether no rule speaks against it.
    matches: bool,
    /// The rules that do.
    mismatches: Vec<Mismatch>,
    /// Why it is not the best match. Absent of the one that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let report = Report::new(host::facts(context, Devices::Probed))?;
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.render(&terminal::screen()))?;
    }
    Ok(if report.best.is_some() { Exit::Pass } else { Exit::Unfit })
}

/// The id of the best match, for verbs that were told none.
pub(super) fn best(context: &ProbeContext) -> Result<String, Failure> {
    let report = Report::new(host::facts(context, Devices::Probed))?;
    report.best.ok_or_else(|| {
        let message = "no profile is for this host: name one (`nanogate profile list`), or write \
                       one with `nanogate profile new`";
        Failure::new(Exit::Unfit, message)
    })
}

impl Report {
    fn new(host: Facts) -> Result<Self, Failure> {
        let candidates = shipped::candidates(&host)?;
        let best = shipped::best(&candidates);
        let rows = candidates.iter().map(|one| Row::new(one, best)).collect();
        let best = best.map(|one| one.profile.identity.id.clone());
        Ok(Self { schema: SCHEMA, best, host, candidates: rows })
    }

    fn render(&self, screen: &Screen) -> String {
        let mut text = String::new();
        let of_best = |row: &&Row| Some(&row.id) == self.best.as_ref();
        if let Some(Row { id, name, status, .. }) = self.candidates.iter().find(of_best) {
            let _ = writeln!(text, "best      {id} ({status}): {name}");
            let _ = writeln!(text, "          nanogate run --profile {id}");
        } else {
            let _ = writeln!(text, "best      none: no profile of a whole machine fits");
            let _ = writeln!(text, "          nanogate profile new --out FILE");
        }
        let rows = self.candidates.iter().filter_map(|row| {
            let state = if row.matches { "fits" } else { "differs" };
            Some(vec![row.id.clone(), state.into(), row.reason.clone()?])
        });
        let others = columns::table(&["profile", "state", "why it is not the best"], 3, rows);
        prose::fit(&text, screen) + "\n" + &others.on(screen)
    }
}

impl Row {
    fn new(candidate: &Candidate, best: Option<&Candidate>) -> Self {
        let (identity, fit) = (&candidate.profile.identity, &candidate.fit);
        Self {
            id: identity.id.clone(),
            name: identity.name.clone(),
            status: identity.status,
            scope: identity.scope,
            weight: fit.weight,
            matches: fit.is_match(),
            mismatches: fit.mismatches.clone(),
            reason: reason(candidate, best),
        }
    }
}

/// Why a profile is not the best match.
fn reason(candidate: &Candidate, best: Option<&Candidate>) -> Option<String> {
    let fit = &candidate.fit;
    if !fit.is_match() {
        let all: Vec<String> = fit.mismatches.iter().map(ToString::to_string).collect();
        return Some(all.join("; "));
    }
    if candidate.profile.identity.scope == Scope::Part {
        return Some("of one backend: runs where it is named".into());
    }
    let best = best.filter(|best| best.profile.identity.id != candidate.profile.identity.id)?;
    Some(format!("less specific: {} against {}", fit.weight, best.fit.weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(cores: usize) -> Report {
        let host = Facts {
            os: "linux".into(),
            architecture: "x86_64".into(),
            cores,
            cores_isolated: Some(0),
            is_virtual: Some(true),
            ..Facts::default()
        };
        Report::new(host).unwrap_or_else(|failure| panic!("{}", failure.message()))
    }

    /// Each profile but the best has a reason: what differs, or that it is less specific.
    #[test]
    fn all_others_have_a_reason() {
        let found = report(2);
        assert_eq!(found.best.as_deref(), Some("ci-shared-2core"));
        for row in &found.candidates {
            let is_best = Some(&row.id) == found.best.as_ref();
            assert_eq!(row.reason.is_none(), is_best, "{row:?}");
            assert_eq!(row.matches, row.mismatches.is_empty(), "{row:?}");
        }
        let text = found.render(&Screen::PLAIN);
        assert!(text.starts_with("best      ci-shared-2core (supported)"), "{text}");
        // Lines are broken at blanks.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("less specific") && words.contains("wants H200"), "{text}");
    }

    /// A host that nobody described has no best match, and a way to get one.
    #[test]
    fn nobody_may_fit() {
        let found = report(500);
        assert_eq!(found.best, None);
        let text = found.render(&Screen::PLAIN);
        assert!(text.contains("profile new"), "{text}");
    }
}
