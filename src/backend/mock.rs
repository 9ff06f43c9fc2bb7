//! Scripted backends and clock readings, for tests of everything above the contract.
//!
//! Not in the registry: nothing that a mock does can become a published number.

mod device;
mod simulated;
mod sleeper;

pub use device::Device;
pub use simulated::Simulated;
pub use sleeper::Sleeper;

use super::{Backend, Batch, HostBackend, SubmitError};
use crate::{
    clock::{DeviceNanos, HostNanos, SimCycles},
    kernel,
    op::Op,
};

/// A host duration that nobody measured.
#[must_use]
pub const fn host_nanos(nanos: u64) -> HostNanos {
    HostNanos::from_picos(nanos * 1000)
}

/// A device duration that nobody measured.
#[must_use]
pub const fn device_nanos(nanos: u64) -> DeviceNanos {
    DeviceNanos::from_picos(nanos * 1000)
}

/// A count of cycles that nobody counted.
#[must_use]
pub const fn sim_cycles(cycles: u64) -> SimCycles {
    SimCycles::counted(cycles)
}

/// Computes the golden output and has no clock of its own.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    op: Op,
    faults: Misbehaviour,
}

/// What a mock does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misbehaviour {
    None,
    WrongAt(usize),
    FailsFrom(usize),
}

impl Host {
    /// A mock that gives the golden output.
    #[must_use]
    pub const fn golden(op: Op) -> Self {
        Self { op, faults: Misbehaviour::None }
    }

    /// Flips a bit of the output record `index` of every batch that has one.
    #[must_use]
    pub fn wrong_at(mut self, index: usize) -> Self {
        self.faults = Misbehaviour::WrongAt(index);
        self
    }

    /// Fails on every batch of at least `len` records.
    #[must_use]
    pub fn fails_from(mut self, len: usize) -> Self {
        self.faults = Misbehaviour::FailsFrom(len);
        self
    }
}

impl Backend for Host {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        batch.check_output(out)?;
        let golden = kernel::run(self.op, batch.bytes())
            .map_err(|ragged| SubmitError::Device(ragged.to_string()))?;
        out.copy_from_slice(&golden);
        match self.faults {
            Misbehaviour::WrongAt(index) if index < out.len() => out[index] ^= 1,
            Misbehaviour::FailsFrom(len) if batch.len() >= len => {
                return Err(SubmitError::Device("scripted".into()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Hands batches to a real backend and flips a bit of one output record.
///
/// `nanogate verify --plant-error` uses it to show that verification can fail.
pub struct Saboteur {
    inner: Box<HostBackend>,
    index: usize,
}

impl Saboteur {
    /// Spoils the output record `index` of every batch that has one.
    #[must_use]
    pub fn new(inner: Box<HostBackend>, index: usize) -> Self {
        Self { inner, index }
    }
}

impl Backend for Saboteur {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        self.inner.submit(batch, out)?;
        if let Some(byte) = out.get_mut(self.index) {
            *byte ^= 1;
        }
        Ok(())
    }
}
