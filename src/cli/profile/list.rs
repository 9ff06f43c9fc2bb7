//! `nanogate profile list`.

use serde::Serialize;

use crate::{
    cli::{Exit, Failure, output, terminal},
    platform::{
        Profile, digest,
        identity::{Scope, Status},
        shipped,
    },
    report::columns,
};

/// Arguments of `nanogate profile list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`machine` describes a whole machine, and one of these is what `detect` names; `part` describes one
backend, on whatever machine has it. `experimental`: not yet tried on such a machine.

Examples:
  nanogate profile list
  nanogate profile list --json | jq -r '.[].id'")]
pub(super) struct Arguments {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// A profile, in short.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    status: Status,
    scope: Scope,
    description: String,
    /// SHA-256 of its text.
    digest: String,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let rows = rows()?;
    if arguments.json {
        output::print_json(&rows)?;
        return Ok(Exit::Pass);
    }
    let cells = rows.into_iter().map(|Row { id, name, status, scope, .. }| {
        vec![id, scope.to_string(), status.to_string(), name]
    });
    let table = columns::table(&["profile", "scope", "status", "name"], 4, cells);
    output::print(&table.on(&terminal::screen()))?;
    Ok(Exit::Pass)
}

fn rows() -> Result<Vec<Row>, Failure> {
    let row = |(_, text): (_, &str)| {
        let identity = Profile::parse(text)?.identity;
        Ok(Row {
            id: identity.id,
            name: identity.name,
            status: identity.status,
            scope: identity.scope,
            description: identity.description,
            digest: digest(text),
        })
    };
    shipped::ALL.into_iter().map(row).collect()
}
