//! The baselines that there are.

use serde::Serialize;

use super::{Exit, Failure, display, failure, now_unix_s, output, terminal};
use crate::report::{
    baseline::{Baseline, BaselineName, Folder},
    columns, prose,
    screen::Screen,
};

/// A baseline, or why it is none.
#[derive(Debug, Serialize)]
struct Listed {
    name: BaselineName,
    #[serde(flatten)]
    found: Found,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Found {
    Good {
        saved_unix_s: u64,
        measured_unix_s: u64,
        version: String,
        commit: String,
        profile: String,
        entries: usize,
        record_sha256: String,
    },
    Bad {
        refused: String,
    },
}

impl From<Baseline> for Found {
    fn from(baseline: Baseline) -> Self {
        let Baseline { saved_unix_s, record_sha256, record, .. } = baseline;
        Self::Good {
            saved_unix_s,
            measured_unix_s: record.started_unix_s,
            version: record.tool.version,
            commit: record.tool.commit,
            profile: record.tool.profile,
            entries: record.entries.len(),
            record_sha256,
        }
    }
}

/// Shows the baselines of a folder, those that are no longer what was saved too.
pub(super) fn show(folder: &Folder, json: bool) -> Result<Exit, Failure> {
    let names = folder.names().map_err(|error| failure(&error))?;
    let listed: Vec<Listed> = names
        .into_iter()
        .map(|name| {
            let found = folder
                .load(&name)
                .map_or_else(|error| Found::Bad { refused: error.to_string() }, Found::from);
            Listed { name, found }
        })
        .collect();
    if json {
        output::print_json(&listed)?;
    } else {
        output::print(render(&listed, folder, &terminal::screen()).trim_end())?;
    }
    Ok(Exit::Pass)
}

fn render(listed: &[Listed], folder: &Folder, screen: &Screen) -> String {
    if listed.is_empty() {
        let text = format!(
            "no baselines in {}; `nanogate run --save-baseline NAME` saves one",
            folder.path().display()
        );
        return prose::fit(&text, screen);
    }
    let header = ["baseline", "measured", "version", "commit", "build", "entries"];
    let now = now_unix_s();
    let row = |one: &Listed| match &one.found {
        Found::Good { measured_unix_s, version, commit, profile, entries, .. } => {
            let ago = format!("{} ago", display::duration(now.saturating_sub(*measured_unix_s)));
            let name = one.name.to_string();
            let [version, commit, profile] = [version, commit, profile].map(Clone::clone);
            Some(vec![name, ago, version, commit, profile, entries.to_string()])
        }
        Found::Bad { .. } => None,
    };
    let rows = columns::table(&header, 1, listed.iter().filter_map(row));
    let mut text = rows.sparing(&["build", "entries", "version"]).on(screen);
    for one in listed {
        if let Found::Bad { refused } = &one.found {
            let line = format!("\nrefused   {}: {refused}", one.name);
            text += &prose::fit(&line, screen);
        }
    }
    text
}
