//! A scripted device: golden outputs, and device times that nobody measured.

use std::{
    hint::spin_loop,
    time::{Duration, Instant},
};

use super::{Host, device_nanos};
use crate::{
    backend::{
        Backend, Batch, SubmitError,
        device::{
            Adapter, Batches, DeviceBackend, DeviceBound, DeviceElapsed, DeviceFacts, DeviceType,
            Mark, TimestampFacts,
        },
    },
    clock::DeviceNanos,
    op::Op,
};

/// A mock with scripted device time, in proportion to the records.
#[derive(Clone, Debug)]
pub struct Device {
    host: Host,
    op: Op,
    per_record: Option<DeviceElapsed>,
    wait_per_record: Duration,
    facts: DeviceFacts,
    placed: Vec<u8>,
}

impl Device {
    /// A mock that gives the golden output, and this device time for each record.
    #[must_use]
    pub fn golden(op: Op, per_record: DeviceElapsed) -> Self {
        Self::new(op, Some(per_record))
    }

    /// A mock that gives the golden output and has no timestamps.
    #[must_use]
    pub fn without_timestamps(op: Op) -> Self {
        Self::new(op, None)
    }

    fn new(op: Op, per_record: Option<DeviceElapsed>) -> Self {
        let facts = facts(per_record.is_some());
        let (host, wait_per_record) = (Host::golden(op), Duration::ZERO);
        Self { host, op, per_record, wait_per_record, facts, placed: Vec::new() }
    }

    /// Says that it is a device of this type.
    #[must_use]
    pub fn of_type(mut self, device_type: DeviceType) -> Self {
        self.facts.adapter.device_type = device_type;
        self
    }

    /// Takes longer batches in pieces of `len` records.
    #[must_use]
    pub fn in_pieces_of(mut self, len: usize) -> Self {
        self.facts.piece_records_max = len;
        self
    }

    /// Lets the host wait this long for each record, whatever the device time says.
    #[must_use]
    pub fn lasting(mut self, per_record: Duration) -> Self {
        self.wait_per_record = per_record;
        self
    }

    /// Flips a bit of the output record `index` of every piece that has one.
    #[must_use]
    pub fn wrong_at(mut self, index: usize) -> Self {
        self.host = self.host.wrong_at(index);
        self
    }

    /// Fails on every piece of at least `len` records.
    #[must_use]
    pub fn fails_from(mut self, len: usize) -> Self {
        self.host = self.host.fails_from(len);
        self
    }

    fn wait(&self, len: usize) {
        let wanted = self.wait_per_record * u32::try_from(len).unwrap_or(u32::MAX);
        let clock = Instant::now();
        while clock.elapsed() < wanted {
            spin_loop();
        }
    }

    fn placed_len(&self) -> usize {
        self.placed.len() / self.op.input_bytes()
    }

    fn elapsed(&self, len: usize) -> Option<DeviceElapsed> {
        let DeviceElapsed { upload, kernel, download } = self.per_record?;
        let all = |per_record| times(per_record, len);
        Some(DeviceElapsed { upload: all(upload), kernel: all(kernel), download: all(download) })
    }
}

fn times(per_record: DeviceNanos, len: usize) -> DeviceNanos {
    device_nanos(per_record.picos() * len as u64 / 1000)
}

impl Backend for Device {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        self.submit_staged(batch, out, &mut |_| ()).map(|_| ())
    }
}

impl DeviceBackend for Device {
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
        let len = self.facts.piece_records_max;
        for (piece, out) in batch.pieces(len).zip(out.chunks_mut(len * self.op.output_bytes())) {
            mark(Mark::Written);
            self.wait(piece.len());
            mark(Mark::Done);
            self.host.submit(piece, out)?;
            mark(Mark::Decoded);
        }
        Ok(self.elapsed(batch.len()))
    }

    fn stream(&mut self, batches: &mut Batches<'_, '_>) -> Result<(), SubmitError> {
        for (batch, out) in batches {
            self.submit(batch, out)?;
        }
        Ok(())
    }

    fn upload(&mut self, batch: Batch<'_>) -> Result<(), SubmitError> {
        self.wait(batch.len());
        Ok(())
    }

    fn place(&mut self, batch: Batch<'_>) -> Result<(), SubmitError> {
        self.placed = batch.bytes().to_vec();
        Ok(())
    }

    fn submit_placed(&mut self, out: &mut [u8]) -> Result<(), SubmitError> {
        let placed = std::mem::take(&mut self.placed);
        let batch = Batch::new(self.op, &placed)
            .map_err(|ragged| SubmitError::Device(ragged.to_string()))?;
        let outcome = self.submit(batch, out);
        self.placed = placed;
        outcome
    }

    fn kernel_placed(&mut self) -> Result<Option<DeviceNanos>, SubmitError> {
        self.wait(self.placed_len());
        Ok(self.elapsed(self.placed_len()).map(|elapsed| elapsed.kernel))
    }

    fn bound(&mut self, bound: DeviceBound) -> Result<Option<DeviceNanos>, SubmitError> {
        self.wait(self.placed_len());
        Ok(self.elapsed(self.placed_len()).map(|elapsed| match bound {
            DeviceBound::Read | DeviceBound::Copy => elapsed.kernel,
            DeviceBound::LinkUp => elapsed.upload,
            DeviceBound::LinkDown => elapsed.download,
        }))
    }
}

/// A device that nobody built.
fn facts(has_timestamps: bool) -> DeviceFacts {
    let clock = TimestampFacts { period_ns: 1.0, least_step_ns: 1.0, empty_pass_ns: 0.0 };
    DeviceFacts {
        adapter: Adapter {
            index: 0,
            name: "mock".into(),
            device_type: DeviceType::Discrete,
            driver: "scripted".into(),
            api: "none".into(),
            binding_bytes_max: 1 << 27,
            buffer_bytes_max: 1 << 28,
            subgroup_size: [32, 32],
            has_timestamps,
        },
        timestamps: has_timestamps.then_some(clock),
        timestamps_absent: (!has_timestamps).then(|| "scripted".into()),
        variants: Vec::new(),
        variant: "golden".into(),
        shader_sha256: String::new(),
        launch_ns: None,
        piece_records_max: 1 << 20,
        pieces_in_flight_max: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel;

    const INPUT: [u8; 72] = [0; 72];

    fn device() -> Device {
        let nanos = device_nanos;
        let per_record = DeviceElapsed { upload: nanos(1), kernel: nanos(2), download: nanos(3) };
        Device::golden(Op::Decide, per_record).in_pieces_of(2).of_type(DeviceType::Software)
    }

    /// Each piece brings its marks in order; outputs are golden, and times grow with the batch.
    #[test]
    fn pieces_bring_their_marks() {
        let (mut marks, mut out) = (Vec::new(), [9; 3]);
        let batch = Batch::new(Op::Decide, &INPUT).unwrap();
        let elapsed = device().submit_staged(batch, &mut out, &mut |mark| marks.push(mark));
        let piece = [Mark::Written, Mark::Done, Mark::Decoded];
        assert_eq!(marks, [piece, piece].concat());
        assert_eq!(out.as_slice(), kernel::run(Op::Decide, &INPUT).unwrap());
        assert_eq!(elapsed.unwrap().unwrap().download, device_nanos(9));
        assert_eq!(device().facts().adapter.device_type, DeviceType::Software);
    }

    /// The placed input stays, and faults show on it too.
    #[test]
    fn placed_input_stays() {
        let batch = Batch::new(Op::Decide, &INPUT).unwrap();
        let golden = kernel::run(Op::Decide, &INPUT).unwrap();
        let mut device = device().wrong_at(1);
        device.place(batch).unwrap();
        for _ in 0..2 {
            let mut out = [9; 3];
            device.submit_placed(&mut out).unwrap();
            assert_ne!(out.as_slice(), golden);
            assert_eq!(device.kernel_placed().unwrap(), Some(device_nanos(6)));
        }
        assert!(device.fails_from(2).submit_placed(&mut [0; 3]).is_err());
        let untimed = Device::without_timestamps(Op::Decide).bound(DeviceBound::Copy);
        assert_eq!(untimed.unwrap(), None);
    }
}
