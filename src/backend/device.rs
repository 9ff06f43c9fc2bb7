//! The contract of a backend whose work is done by a device with memory of its own.
//!
//! Its [`Backend::submit`] is end to end: from input in host memory to output in host memory.
//! The rest takes that apart. Host time is still taken by the harness: a backend only says, by a
//! [`Mark`], when a part of its work on the host is over.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Backend, Batch, SubmitError};
use crate::clock::DeviceNanos;

/// Device time of one batch, by timestamps.
#[derive(Clone, Copy, Debug)]
pub struct DeviceElapsed {
    /// From staging memory to device memory.
    pub upload: DeviceNanos,
    /// The kernel.
    pub kernel: DeviceNanos,
    /// From device memory to staging memory.
    pub download: DeviceNanos,
}

/// The end of a part of a staged batch, in the order in which they come. A batch that the device
/// takes in several pieces brings them again for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The input is in staging memory.
    Written,
    /// The device is done, and the host knows it.
    Done,
    /// The output is where it was asked for.
    Decoded,
}

/// What limits a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceBound {
    /// Reading the placed input, and nothing else.
    Read,
    /// Copying the placed input within device memory.
    Copy,
    /// Moving input from staging memory to device memory.
    LinkUp,
    /// Moving output from device memory to staging memory.
    LinkDown,
}

impl DeviceBound {
    /// All bounds.
    pub const ALL: [Self; 4] = [Self::Read, Self::Copy, Self::LinkUp, Self::LinkDown];

    /// The metric that it is stored under, per record.
    #[must_use]
    pub const fn metric(self) -> &'static str {
        match self {
            Self::Read => "device/read/per_record",
            Self::Copy => "device/copy/per_record",
            Self::LinkUp => "device/link_up/per_record",
            Self::LinkDown => "device/link_down/per_record",
        }
    }
}

/// A backend with a device behind it.
pub trait DeviceBackend: Backend<Native = ()> {
    /// What the device is, and what was learned when it was opened.
    fn facts(&self) -> &DeviceFacts;

    /// Like `submit`, but one stage after the other, with timestamps between them. Gives device
    /// time if the device has timestamps.
    fn submit_staged(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        mark: &mut dyn FnMut(Mark),
    ) -> Result<Option<DeviceElapsed>, SubmitError>;

    /// Like `submit` for each batch, but with several in flight: one is uploaded while another
    /// is worked on. Returns when all outputs are visible.
    fn stream(&mut self, batches: &mut Batches<'_, '_>) -> Result<(), SubmitError>;

    /// Brings the input to the device as `submit` does, and nothing else.
    fn upload(&mut self, batch: Batch<'_>) -> Result<(), SubmitError>;

    /// Brings the input to the device, to stay there.
    fn place(&mut self, batch: Batch<'_>) -> Result<(), SubmitError>;

    /// Like `submit` on the placed input.
    fn submit_placed(&mut self, out: &mut [u8]) -> Result<(), SubmitError>;

    /// The kernel alone on the placed input, by timestamps if the device has them.
    fn kernel_placed(&mut self) -> Result<Option<DeviceNanos>, SubmitError>;

    /// What the bound takes for the placed input, by timestamps if the device has them.
    fn bound(&mut self, bound: DeviceBound) -> Result<Option<DeviceNanos>, SubmitError>;
}

/// Batches with their outputs, one after the other.
pub type Batches<'i, 'b> = dyn Iterator<Item = (Batch<'b>, &'b mut [u8])> + 'i;

/// What kind of device it is, as its driver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceType {
    /// A graphics processor with memory of its own.
    Discrete,
    /// A graphics processor that shares the host's memory.
    Integrated,
    /// A graphics processor that a hypervisor hands on.
    Virtual,
    /// A driver that imitates a device on the host's processor: it is no GPU.
    Software,
    /// The driver does not say.
    Other,
}

impl fmt::Display for DeviceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Software => "software",
            Self::Other => "other",
        })
    }
}

/// A device and its driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// Place in the list of adapters.
    pub index: usize,
    /// The driver's name for the device.
    pub name: String,
    /// What kind of device it is.
    pub device_type: DeviceType,
    /// Driver and version.
    pub driver: String,
    /// Programming interface, such as `vulkan`.
    pub api: String,
    /// Largest input that one binding can hold, in bytes.
    pub binding_bytes_max: u64,
    /// Largest buffer, in bytes.
    pub buffer_bytes_max: u64,
    /// Threads of a subgroup, least and most. Zero where the driver does not say.
    pub subgroup_size: [u32; 2],
    /// Whether it has timestamps.
    pub has_timestamps: bool,
}

impl Adapter {
    /// Whether a driver imitates the device.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.device_type == DeviceType::Software
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, device_type, driver, api, .. } = self;
        write!(f, "{name} ({device_type}, {driver}, {api})")
    }
}

/// What is known of an open device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// The device.
    pub adapter: Adapter,
    /// Its clock. Absent where it has none that can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<TimestampFacts>,
    /// Why there is no device time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps_absent: Option<String>,
    /// Ways to write the kernel that were tried on this device.
    pub variants: Vec<VariantFacts>,
    /// The fastest of them, which is the one that runs.
    pub variant: String,
    /// SHA-256 of the source that runs.
    pub shader_sha256: String,
    /// What the kernel takes for a single record, in nanoseconds: the cost of a launch. Absent
    /// without timestamps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch_ns: Option<f64>,
    /// Most records that one submission takes; longer batches are split.
    pub piece_records_max: usize,
    /// Submissions that can be in flight.
    pub pieces_in_flight_max: usize,
}

/// The device's clock, as qualified at opening.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimestampFacts {
    /// Nanoseconds per tick, as the driver says.
    pub period_ns: f64,
    /// Least difference above zero that was seen between timestamps of passes that do nothing, in
    /// nanoseconds: the clock is at least that fine.
    pub least_step_ns: f64,
    /// Median time of a pass that does nothing, in nanoseconds.
    pub empty_pass_ns: f64,
}

/// One way to write the kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantFacts {
    /// How it checks and how it loads.
    pub name: String,
    /// Median time per record by the device's timestamps, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_record_ns: Option<f64>,
    /// Why it was not tried, or not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
