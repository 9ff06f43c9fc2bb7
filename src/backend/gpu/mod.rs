//! The decide kernel as a compute shader, through wgpu: Vulkan, Metal and DX12.
//!
//! `shaders/` holds the source; `shader` puts it together, and the variants that it knows are timed
//! on the device when it is opened. Buffers, pipelines and bindings are made then too, so that
//! submitting only copies, launches and waits.

#[cfg(feature = "gpu")]
mod adapter;
#[cfg(feature = "gpu")]
mod decide;
#[cfg(feature = "gpu")]
mod device;
#[cfg(feature = "gpu")]
mod display;
#[cfg(feature = "gpu")]
mod engine;
#[cfg(feature = "gpu")]
mod pick;
#[cfg(feature = "gpu")]
mod pipeline;
#[cfg(feature = "gpu")]
mod placed;
#[cfg(feature = "gpu")]
pub mod shader;
#[cfg(feature = "gpu")]
mod slot;
#[cfg(feature = "gpu")]
mod timestamps;

#[cfg(feature = "gpu")]
pub use display::hush_layers;

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};

/// The registry entry.
pub static ENTRY: BackendEntry = BackendEntry {
    id: "gpu-wgpu",
    kind: BackendKind::Gpu,
    summary: "compute shader through wgpu, the fastest variant for the device",
    probe,
    open,
};

#[cfg(feature = "gpu")]
fn probe(context: &ProbeContext) -> Result<Capability, Unavailable> {
    let all = adapter::list();
    let adapters = all.iter().map(|found| found.facts.clone()).collect();
    let chosen = adapter::choose(all, context.gpu.adapter.as_deref())?;
    device::require(&chosen)?;
    let software = chosen.facts.is_software();
    Ok(Capability { software, adapters, ..Capability::new(chosen.facts.to_string()) })
}

#[cfg(feature = "gpu")]
fn open(context: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    let chosen = adapter::choose(adapter::list(), context.gpu.adapter.as_deref())?;
    device::require(&chosen)?;
    let gpu = decide::Gpu::open(&chosen, &context.gpu, options)?;
    Ok(Opened::Device(Box::new(gpu)))
}

#[cfg(not(feature = "gpu"))]
fn probe(_: &ProbeContext) -> Result<Capability, Unavailable> {
    Err(Unavailable::NotCompiled { feature: "gpu" })
}

#[cfg(not(feature = "gpu"))]
fn open(_: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    Err(Unavailable::NotCompiled { feature: "gpu" }.into())
}
