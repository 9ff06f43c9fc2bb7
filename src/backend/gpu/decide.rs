//! The backend itself: an open device that keeps the contract.

use super::{
    adapter::Found,
    device::{Device, Trouble},
    engine::{Engine, SLOTS},
    pick::{self, Picked},
    pipeline::Kernel,
    placed::Placed,
};
use crate::{
    backend::{
        Backend, Batch, GpuChoice, OpenError, OpenOptions, SubmitError,
        device::{Batches, DeviceBackend, DeviceBound, DeviceElapsed, DeviceFacts, Mark},
    },
    clock::DeviceNanos,
};

/// An open device, the kernel that was picked for it, and input that stays on it.
pub(super) struct Gpu {
    engine: Engine,
    kernel: Kernel,
    placed: Option<Placed>,
    facts: DeviceFacts,
}

impl Gpu {
    /// Opens a device, picks the kernel and makes all buffers.
    pub(super) fn open(
        found: &Found,
        choice: &GpuChoice,
        options: OpenOptions,
    ) -> Result<Self, OpenError> {
        let device = Device::open(found)?;
        let (mut engine, clock) =
            Engine::new(device, &found.facts, options.op, options.batch_len_max)?;
        let Picked { variant, kernel, launch_ns, all } =
            pick::pick(&mut engine, &found.facts, choice.variant.as_deref())?;
        engine.device.lose_after(choice.lose_after);
        let (timestamps, timestamps_absent) = match clock {
            Ok(facts) => (Some(facts), None),
            Err(reason) => (None, Some(reason)),
        };
        let facts = DeviceFacts {
            adapter: found.facts.clone(),
            timestamps,
            timestamps_absent,
            variants: all,
            variant: variant.to_string(),
            shader_sha256: kernel.digest.clone(),
            launch_ns,
            piece_records_max: engine.piece_records,
            pieces_in_flight_max: SLOTS,
        };
        Ok(Self { engine, kernel, placed: None, facts })
    }

    fn placed(&self) -> Result<&Placed, SubmitError> {
        self.placed.as_ref().ok_or_else(nothing_placed)
    }
}

fn nothing_placed() -> SubmitError {
    SubmitError::Device("no input was placed".into())
}

impl Backend for Gpu {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        batch.check_output(out)?;
        Ok(self.engine.stream(&self.kernel, &mut std::iter::once((batch, out)))?)
    }
}

impl DeviceBackend for Gpu {
    fn facts(&self) -> &DeviceFacts {
        &self.facts
    }

    fn submit_staged(
        &mut self,
        batch: Batch<'_>,
        out: &mut [u8],
        mark: &mut dyn FnMut(Mark),
    ) -> Result<Option<DeviceElapsed>, SubmitError> {
        batch.check_output(out)?;
        Ok(self.engine.staged(&self.kernel, batch, out, mark)?)
    }

    fn stream(&mut self, batches: &mut Batches<'_, '_>) -> Result<(), SubmitError> {
        let mut misfit = Ok(());
        let mut fitting = batches.map_while(|(batch, out)| {
            misfit = batch.check_output(out);
            misfit.is_ok().then_some((batch, out))
        });
        self.engine.stream(&self.kernel, &mut fitting)?;
        misfit
    }

    fn upload(&mut self, batch: Batch<'_>) -> Result<(), SubmitError> {
        Ok(self.engine.upload(batch.bytes(), None)?)
    }

    fn place(&mut self, batch: Batch<'_>) -> Result<(), SubmitError> {
        let placed = match self.placed.take() {
            Some(placed) if placed.records() == batch.len() => placed,
            // What was there is given back first: there may not be room for both.
            other => {
                drop(other);
                self.engine.room(batch.len())?
            }
        };
        self.engine.upload(batch.bytes(), Some(&placed))?;
        self.engine.forget(&placed)?;
        self.placed = Some(placed);
        Ok(())
    }

    fn submit_placed(&mut self, out: &mut [u8]) -> Result<(), SubmitError> {
        let placed = self.placed()?;
        let expected = placed.records() * placed.op.output_bytes();
        if out.len() != expected {
            return Err(SubmitError::OutputSize { expected, got: out.len() });
        }
        Ok(self.engine.submit_placed(&self.kernel, placed, out)?)
    }

    fn kernel_placed(&mut self) -> Result<Option<DeviceNanos>, SubmitError> {
        Ok(self.engine.kernel_placed(&self.kernel, self.placed()?)?)
    }

    fn bound(&mut self, bound: DeviceBound) -> Result<Option<DeviceNanos>, SubmitError> {
        let placed = self.placed.take();
        let elapsed = match &placed {
            Some(placed) => self.engine.bound(bound, placed).map_err(Trouble::into),
            None => Err(nothing_placed()),
        };
        self.placed = placed;
        elapsed
    }
}
