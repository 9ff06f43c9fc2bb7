//! What is known of this host that rules of profiles may ask for.

use crate::{
    backend::{BackendEntry, BackendKind, GpuChoice, ProbeContext},
    host::{affinity, doctor::root::Root},
    platform::facts::{Facts, Gpu},
    registry,
};

/// Whether graphics processors are looked for. A driver takes its time to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Devices {
    Probed,
    LeftOut,
}

/// The host.
pub(super) fn facts(context: &ProbeContext, devices: Devices) -> Facts {
    let usable = affinity::usable().unwrap_or_default();
    let features = (context.present - context.hidden).names().collect();
    // Whichever was chosen by a flag: rules are about all that there are.
    let all = ProbeContext { gpu: GpuChoice::default(), ..context.clone() };
    Facts {
        cpu_features: features,
        gpus: if devices == Devices::Probed { gpus(&all) } else { Vec::new() },
        verilator: verilator(&all),
        ..Facts::read(&Root::detect(), &usable)
    }
}

/// The first backend of a kind.
fn entry(kind: BackendKind) -> Option<&'static BackendEntry> {
    registry::all().find(|entry| entry.kind == kind)
}

fn gpus(context: &ProbeContext) -> Vec<Gpu> {
    let found = entry(BackendKind::Gpu).and_then(|entry| (entry.probe)(context).ok());
    let adapters = found.map(|found| found.adapters).unwrap_or_default();
    let gpu = |adapter: &crate::backend::device::Adapter| Gpu {
        name: adapter.name.clone(),
        software: adapter.is_software(),
    };
    adapters.iter().map(gpu).collect()
}

fn verilator(context: &ProbeContext) -> Option<String> {
    (entry(BackendKind::Fpga)?.probe)(context).ok()?.version
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Devices and tools are those that the backends would use, and hidden features are not there.
    #[test]
    fn the_host_is_known() {
        let context = ProbeContext::detect().unwrap();
        let known = facts(&context, Devices::LeftOut);
        assert!(known.gpus.is_empty());
        assert_eq!(known.cpu_features.is_empty(), (context.present - context.hidden).is_empty());
        let can_simulate = entry(BackendKind::Fpga).is_some_and(|e| (e.probe)(&context).is_ok());
        assert_eq!(known.verilator.is_some(), can_simulate, "{known:?}");
        let hidden = context.clone().hiding(context.present);
        assert!(facts(&hidden, Devices::LeftOut).cpu_features.is_empty());
    }
}
