//! `nanogate backends`: every registered backend and peer, available or why not.

use serde::Serialize;

use super::{Exit, Failure, output, terminal};
use crate::{
    backend::{BackendEntry, BackendKind, Capability, ProbeContext, Unavailable, device::Adapter},
    registry,
    report::{columns, screen::Screen},
};

/// Arguments of `nanogate backends`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The kind `peer` marks what people would use instead: published CRC crates behind the same parse.
They are never chosen, and run only with --peers or by name. `software` marks a driver that
imitates a graphics processor: good for checking, and never compared as one. Below an available
GPU backend stands every adapter there is; --gpu chooses another than the one that is named.

Examples:
  nanogate backends
  nanogate backends --gpu 1
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
    /// Whether a driver imitates the device.
    software: bool,
    /// What will do the work, or why it cannot.
    detail: String,
    summary: &'static str,
    /// Devices to choose from, where there is a choice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adapters: Vec<Adapter>,
}

impl Row {
    fn new(entry: &'static BackendEntry, probed: Result<Capability, Unavailable>) -> Self {
        let available = probed.is_ok();
        let Capability { detail, software, adapters, version: _ } =
            probed.unwrap_or_else(|reason| Capability::new(reason.to_string()));
        let (id, kind, summary) = (entry.id, entry.kind, entry.summary);
        Self { id, kind, available, software, detail, summary, adapters }
    }

    const fn state(&self) -> &'static str {
        match (self.available, self.software) {
            (false, _) => "missing",
            (true, true) => "software",
            (true, false) => "available",
        }
    }
}

/// What an adapter can take, in words.
fn limits(adapter: &Adapter) -> String {
    let mib = |bytes: u64| bytes >> 20;
    let [least, most] = adapter.subgroup_size;
    let clock = if adapter.has_timestamps { "timestamps" } else { "no timestamps" };
    format!(
        "{} MiB a binding, {} MiB a buffer, subgroups of {least} to {most}, {clock}",
        mib(adapter.binding_bytes_max),
        mib(adapter.buffer_bytes_max)
    )
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let rows: Vec<Row> =
        registry::probe_all(context).map(|(entry, probed)| Row::new(entry, probed)).collect();
    if arguments.json {
        output::print_json(&rows)?;
    } else {
        output::print(&render(&rows, &terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

/// What each is follows below it, and the adapters that it can choose from.
fn render(rows: &[Row], screen: &Screen) -> String {
    let lines = rows.iter().flat_map(|row| {
        let own = [row.id, row.kind.name(), row.state(), &row.detail].map(str::to_owned);
        let adapters = row
            .adapters
            .iter()
            .flat_map(|adapter| [format!("--gpu {}: {adapter}", adapter.index), limits(adapter)]);
        let below = std::iter::once(row.summary.to_owned()).chain(adapters);
        let below = below.map(|text| vec![String::new(), String::new(), String::new(), text]);
        std::iter::once(own.to_vec()).chain(below).collect::<Vec<_>>()
    });
    columns::table(&["backend", "kind", "state", "what it is, or lacks"], 4, lines).on(screen)
}
