//! `nanogate describe`: what a gate asks a program before it compares it with another.

use serde::{Deserialize, Serialize};

use super::{Exit, Failure, output, worker::PROTOCOL};
use crate::{
    backend::{BackendKind, ProbeContext},
    registry,
    report::record::Tool,
};

/// What a program says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    /// Version of what its worker understands.
    pub(super) protocol: u32,
    /// What it was built from.
    pub(super) tool: Tool,
    /// Cargo features that it was built with.
    pub(super) features: Vec<String>,
    /// The backends that can run here.
    pub(super) backends: Vec<Described>,
}

/// A backend that can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Described {
    /// Its id.
    pub(super) id: String,
    /// The name of its kind.
    pub(super) kind: String,
    /// Whether a driver imitates the device.
    pub(super) software: bool,
}

impl Description {
    /// This program. Backends that are bounds of others are left out.
    pub(super) fn current(context: &ProbeContext) -> Self {
        let all =
            registry::probe_all(context).filter(|(entry, _)| entry.kind != BackendKind::Bound);
        let backends = all.filter_map(|(entry, probed)| {
            let software = probed.ok()?.software;
            Some(Described { id: entry.id.into(), kind: entry.kind.name().into(), software })
        });
        Self {
            protocol: PROTOCOL,
            tool: Tool::current(),
            features: features(),
            backends: backends.collect(),
        }
    }
}

fn features() -> Vec<String> {
    let all = [
        ("fpga", cfg!(feature = "fpga")),
        ("gpu", cfg!(feature = "gpu")),
        ("planted-slowdown", cfg!(feature = "planted-slowdown")),
    ];
    all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name.into()).collect()
}

pub(super) fn main(context: &ProbeContext) -> Result<Exit, Failure> {
    output::print_json(&Description::current(context))?;
    Ok(Exit::Pass)
}
