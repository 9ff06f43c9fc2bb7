//! Devices and tools that backends need. Probed by a higher layer, which knows the backends.

use serde::Serialize;

/// Whether a device or tool is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// It is there.
    Present,
    /// A driver imitates it on the processor.
    Software,
    /// It is not there.
    Missing,
    /// This program was built without it.
    NotCompiled,
}

/// One device or tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Whether it is there.
    pub presence: Presence,
    /// What it is, or why it is missing.
    pub detail: String,
    /// Devices to choose from, where there is a choice.
    pub adapters: Vec<String>,
}

/// All devices and tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Devices {
    /// Graphics processors, by Vulkan or what stands for it on this system.
    pub vulkan: Device,
    /// The simulator of hardware.
    pub verilator: Device,
}
