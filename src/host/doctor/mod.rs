//! Whether this machine is fit to measure on: facts, measured effects, findings, and remedies.
//!
//! Facts are read from files below a root, effects are measured, and pure functions judge both.
//! What the system does not say is unknown, and never taken for fine.

pub mod devices;
pub mod facts;
pub mod finding;
pub mod journal;
pub mod judge;
pub mod mask;
pub mod measure;
pub mod requirement;
pub mod root;
pub mod tuning;

use serde::Serialize;

use crate::host::{counters::EventStatus, timer::Quality};
use devices::Devices;
use facts::Facts;
use measure::Measured;

/// All that is known of a machine as a place to measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examination {
    /// The measuring core.
    pub core: usize,
    /// Whether what takes over a second was left out.
    pub quick: bool,
    /// What the system says.
    pub facts: Facts,
    /// What is known of the timer.
    pub timer: Quality,
    /// The performance counters, and why there are not more. Empty where that was not tried.
    pub counters: Vec<EventStatus>,
    /// What was measured.
    pub measured: Measured,
    /// Devices and tools.
    pub devices: Devices,
}
