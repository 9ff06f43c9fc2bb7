//! `nanogate profile check`: what this host lacks for a profile, and how to get it.

use serde::Serialize;

use super::{
    Opened, detect,
    host::{self, Devices},
    judge::{self, Found},
    named,
    open::open,
};
use crate::{
    backend::ProbeContext,
    cli::{Exit, Failure, choice, output, run, terminal},
    host::affinity,
    platform::{
        identity::Status, matching::Mismatch, pinning::Chosen, record::RequirementRecord, shipped,
    },
    report::{columns, prose, screen::Screen},
};

/// Version of the document.
const SCHEMA: &str = "nanogate.profile-check/1";

/// Arguments of `nanogate profile check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 5 where a required condition is not met, a required backend cannot run, a listed core
cannot be had, or nothing of the plan can be measured: a run under the profile would be refused for
the same. What is only wanted is noted in the record. Rules of the table `match` refuse nothing.
`nanogate doctor` says what each condition is worth on this host.

Examples:
  nanogate profile check
  nanogate profile check x86-server-isolated --core 3
  nanogate profile check lab.toml --json | jq -r '.requirements[] | select(.met | not) | .remedy'")]
pub(super) struct Arguments {
    /// Its id, or a file [default: the one that `nanogate profile detect` names]
    #[arg(value_name = "ID|FILE", hide_possible_values = true,
          value_parser = choice::of(shipped::ids(), named))]
    profile: Option<String>,
    /// Core to measure on [default: as the profile says]
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    /// What it was called: its id, or a file.
    #[serde(skip)]
    asked: String,
    id: String,
    name: String,
    status: Status,
    /// SHA-256 of its text.
    digest: String,
    /// Whether a run under it would begin.
    fit: bool,
    /// The measuring core.
    core: Option<usize>,
    /// Why the cores that it lists cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinning: Option<String>,
    /// Why nothing of its plan can be measured, where all else is in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// Rules that this host does not fit.
    mismatches: Vec<Mismatch>,
    requirements: Vec<RequirementRecord>,
    backends: Vec<Row>,
}

/// A backend of the profile.
#[derive(Debug, Serialize)]
struct Row {
    id: &'static str,
    required: bool,
    available: bool,
    /// What will do the work, or why it cannot.
    detail: String,
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let asked = match &arguments.profile {
        Some(asked) => asked.clone(),
        None => detect::best(context)?,
    };
    if let Some(core) = arguments.core {
        affinity::pick(Some(core)).map_err(|error| Failure::usage(format!("--core: {error}")))?;
    }
    let report = Report::new(open(&asked)?, arguments.core, context)?;
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.render(&terminal::screen()))?;
    }
    Ok(if report.fit { Exit::Pass } else { Exit::Unfit })
}

impl Report {
    fn new(opened: Opened, core: Option<usize>, given: &ProbeContext) -> Result<Self, Failure> {
        let profile = &opened.profile;
        let mut context = given.clone();
        let facts = host::facts(&context, Devices::Probed);
        judge::apply(profile, &mut context);
        let (chosen, pinning) = match judge::cores(&opened, core) {
            Ok(chosen) => (chosen, None),
            Err(failure) if failure.exit() == Exit::Unfit => {
                (Chosen::default(), Some(failure.message().to_owned()))
            }
            Err(failure) => return Err(failure),
        };
        let requirements = judge::requirements(profile, chosen.core);
        let backends: Vec<Row> =
            judge::backends(profile, &[], &mut context)?.into_iter().map(Row::new).collect();
        let mut report = Self {
            schema: SCHEMA,
            asked: opened.asked.clone(),
            id: opened.id().to_owned(),
            name: profile.identity.name.clone(),
            status: profile.identity.status,
            digest: opened.digest.clone(),
            fit: pinning.is_none()
                && !requirements.iter().any(RequirementRecord::forbids)
                && !backends.iter().any(|one| one.required && !one.available),
            core: affinity::pick(chosen.core).ok().or(chosen.core),
            pinning,
            plan: None,
            mismatches: profile.rules.fit(&facts).mismatches,
            requirements,
            backends,
        };
        // Only then would a run come as far as its plan.
        if report.fit {
            let refused = run::rehearse(opened, core, given).err();
            report.plan = refused.map(|failure| failure.message().to_owned());
            report.fit = report.plan.is_none();
        }
        Ok(report)
    }

    /// Rules that differ, then conditions, then backends, each with what to do.
    fn render(&self, screen: &Screen) -> String {
        let line = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let mut rows = Vec::new();
        for one in &self.mismatches {
            let found = format!("wants {}, found {}", one.wanted, one.found);
            rows.push(line(["match", "differs", one.rule, &found]));
        }
        if let Some(problem) = &self.pinning {
            rows.push(line(["required", "UNMET", "pinning", problem]));
        }
        if let Some(problem) = &self.plan {
            rows.push(line(["required", "UNMET", "plan", problem]));
        }
        for one in &self.requirements {
            let state = if one.met { "met" } else { "UNMET" };
            let (need, name) = (one.need.to_string(), one.requirement.to_string());
            rows.push(line([&need, state, &name, &one.found]));
            let remedy = one.remedy.as_ref().map(|remedy| format!("-> {remedy}"));
            rows.extend(remedy.map(|remedy| line(["", "", "", &remedy])));
        }
        for one in &self.backends {
            let state = if one.available { "available" } else { "missing" };
            let need = if one.required { "required" } else { "optional" };
            rows.push(line([need, state, one.id, &one.detail]));
        }
        let title = format!("{} ({}): {}", self.id, self.status, self.name);
        let table = columns::table(&["need", "state", "what", "found"], 4, rows);
        let table = table.judging(&["state"]).on(screen);
        prose::fit(&title, screen) + "\n" + &table + "\n\n" + &prose::fit(&self.summary(), screen)
    }

    fn summary(&self) -> String {
        if !self.fit {
            return "not fit: a run under this profile would be refused".to_owned();
        }
        let unmet = self.requirements.iter().filter(|one| !one.met).count();
        let notes = [
            counted(unmet, "wanted condition is not met", "wanted conditions are not met"),
            counted(self.mismatches.len(), "rule differs", "rules differ"),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let but =
            if notes.is_empty() { String::new() } else { format!(", but {}", notes.join(", ")) };
        format!("fit{but}: nanogate run --profile {}", self.asked)
    }
}

/// So many of something. `None` of nothing.
fn counted(count: usize, one: &str, several: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { several }))
}

impl Row {
    fn new(found: Found) -> Self {
        let available = found.probed.is_ok();
        let detail = found.probed.unwrap_or_else(|reason| reason);
        Self { id: found.entry.id, required: found.required, available, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::shipped;

    /// What is noted and forbids nothing is counted, one as one, and the command is there with the
    /// name that was given.
    #[test]
    fn summaries_count_and_name() {
        assert_eq!(counted(0, "rule differs", "rules differ"), None);
        assert_eq!(counted(1, "rule differs", "rules differ").unwrap(), "1 rule differs");
        assert_eq!(counted(2, "rule differs", "rules differ").unwrap(), "2 rules differ");
        let text = shipped::find("ci-shared-2core").unwrap().to_owned();
        let opened = Opened::of("mine.toml", text).unwrap();
        let mut report = Report::new(opened, None, &ProbeContext::default()).unwrap();
        report.fit = true;
        report.requirements.clear();
        report.mismatches.truncate(0);
        assert_eq!(report.summary(), "fit: nanogate run --profile mine.toml");
    }
}
