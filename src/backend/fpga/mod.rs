//! The RTL in `fpga/`, simulated cycle by cycle by what Verilator made of it.
//!
//! `build/fpga.rs` builds a model for each number of lanes, fast and checked; `model` is the only
//! place that calls them. Time appears nowhere here but in `timing`, as the frequencies that place
//! and route reports for exactly this source.

#[cfg(nanogate_verilator)]
mod model;
#[cfg(feature = "fpga")]
pub mod timing;
#[cfg(nanogate_verilator)]
mod verilated;

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable, simulated::TimingFacts,
};

/// The registry entry.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "fpga-verilator",
    kind: BackendKind::Fpga,
    summary: "RTL simulated by Verilator: counts cycles, and has no time",
    probe,
    open,
};

/// What this program holds of place and route for a source, by its SHA-256, and a number of lanes.
#[must_use]
pub fn reports_of(rtl_sha256: &str, lanes: usize) -> Vec<TimingFacts> {
    #[cfg(feature = "fpga")]
    if rtl_sha256 == timing::RTL_SHA256 {
        return timing::reports(lanes);
    }
    let _ = (rtl_sha256, lanes);
    Vec::new()
}

/// Descriptors a beat, where none is asked for.
#[cfg(nanogate_verilator)]
const LANES: u8 = 4;

#[cfg(nanogate_verilator)]
fn probe(context: &ProbeContext) -> Result<Capability, Unavailable> {
    // build/fpga.rs compiles the models for it.
    #[cfg(target_arch = "x86_64")]
    if !std::arch::is_x86_feature_detected!("popcnt") {
        return Err(Unavailable::CpuFeatureMissing { feature: "POPCNT".into() });
    }
    let model = model::find(context.fpga.lanes.unwrap_or(LANES), context.fpga.build)?;
    let (lanes, build) = (model.lanes(), context.fpga.build.name());
    let simulator = verilated::SIMULATOR;
    let detail = format!("{simulator}, {} x{lanes}, {build} build", verilated::DESIGN);
    let version = simulator.split_whitespace().nth(1).map(str::to_owned);
    Ok(Capability { version, ..Capability::new(detail) })
}

#[cfg(nanogate_verilator)]
fn open(context: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    let lanes = context.fpga.lanes.unwrap_or(LANES);
    Ok(Opened::Simulated(Box::new(verilated::Fpga::open(lanes, context.fpga.build)?)))
}

#[cfg(not(nanogate_verilator))]
fn probe(_: &ProbeContext) -> Result<Capability, Unavailable> {
    if cfg!(feature = "fpga") {
        Err(Unavailable::ToolMissing { tool: "verilator" })
    } else {
        Err(Unavailable::NotCompiled { feature: "fpga" })
    }
}

#[cfg(not(nanogate_verilator))]
fn open(context: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    Err(probe(context).err().unwrap_or(Unavailable::NotCompiled { feature: "fpga" }).into())
}
