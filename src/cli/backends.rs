//! `nanogate backends`: every registered backend and peer, available or why not.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{Exit, Failure, output};
use crate::{
    backend::{BackendEntry, BackendKind, Capability, ProbeContext, Unavailable},
    registry,
};

/// Arguments of `nanogate backends`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The kind `peer` marks what people would use instead: published CRC crates behind the same parse.
They are never chosen, and run only with --peers or by name.

Examples:
  nanogate backends
  nanogate backends --json | jq -r '.[] | select(.available) | .id'")]
pub(super) struct Arguments {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// One backend as it is printed.
#[derive(Serialize)]
struct Row {
    id: &'static str,
    kind: BackendKind,
    available: bool,
    /// What will do the work, or why it cannot.
    detail: String,
    summary: &'static str,
}

impl Row {
    fn new(entry: &'static BackendEntry, probed: Result<Capability, Unavailable>) -> Self {
        let available = probed.is_ok();
        let detail = probed.map_or_else(|reason| reason.to_string(), |found| found.detail);
        Self { id: entry.id, kind: entry.kind, available, detail, summary: entry.summary }
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let rows: Vec<Row> =
        registry::probe_all(context).map(|(entry, probed)| Row::new(entry, probed)).collect();
    let mut out = io::stdout().lock();
    if arguments.json {
        output::print_json(&rows)?;
    } else {
        for row in rows {
            let state = if row.available { "available" } else { "missing" };
            writeln!(out, "{:<16} {:<5} {state:<10} {}", row.id, row.kind.name(), row.detail)?;
            writeln!(out, "{:<16} {}", "", row.summary)?;
        }
    }
    Ok(Exit::Pass)
}
