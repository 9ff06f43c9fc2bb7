//! What moves batches through a device: slots in flight, stages, and input that stays.

use wgpu::{CommandEncoder, ComputePassDescriptor, ComputePassTimestampWrites};

use super::{
    device::{Device, Trouble},
    pipeline::{Kernel, Layout, part_records, round_up},
    placed::Placed,
    shader::{self, Read},
    slot::Slot,
    timestamps::{TIMESTAMPS, Timestamps},
};
use crate::{
    backend::{
        Batch,
        device::{Adapter, Batches, DeviceBound, DeviceElapsed, Mark, TimestampFacts},
    },
    clock::DeviceNanos,
    op::Op,
};

/// Submissions in flight: one is written by the host, one on its way, one worked on, one read.
pub(super) const SLOTS: usize = 4;

/// Most records of one submission, 6 MiB: long enough that what a submission costs is small
/// beside it on a fast link, short enough that a long batch is in flight in several pieces.
const PIECE_RECORDS_MAX: usize = 1 << 18;

/// An open device with its buffers.
pub(super) struct Engine {
    pub(super) device: Device,
    pub(super) layout: Layout,
    pub(super) op: Op,
    /// Most records of one submission.
    pub(super) piece_records: usize,
    /// Most records of one launch on input that stays.
    part_records: usize,
    slots: Vec<Slot>,
    timestamps: Option<Timestamps>,
    /// Ways to read; the first is the roof.
    pub(super) read_kernels: Vec<Kernel>,
}

/// What is known of the device's clock, or why it is not used.
pub(super) type ClockFacts = Result<TimestampFacts, String>;

impl Engine {
    /// Makes all that submitting batches of up to `batch_len_max` records needs.
    pub(super) fn new(
        device: Device,
        adapter: &Adapter,
        op: Op,
        batch_len_max: usize,
    ) -> Result<(Self, ClockFacts), Trouble> {
        let layout = Layout::new(&device)?;
        let bytes_max = adapter.binding_bytes_max.min(adapter.buffer_bytes_max) as usize;
        let part_records = part_records(bytes_max, op.input_bytes());
        let piece_records = PIECE_RECORDS_MAX.min(round_up(batch_len_max.max(1))).min(part_records);
        let slot = |_| Slot::new(&device, &layout, op, piece_records);
        let slots = (0..SLOTS).map(slot).collect::<Result<_, _>>()?;
        let (timestamps, facts) = match clock(&device, adapter)? {
            Ok((timestamps, facts)) => (Some(timestamps), Ok(facts)),
            Err(reason) => (None, Err(reason)),
        };
        let read = |read: Read| layout.compile(&device, &read.source(), shader::READ_GROUP_RECORDS);
        let read_kernels = Read::ALL.map(read).into_iter().collect::<Result<_, _>>()?;
        let engine = Self {
            device,
            layout,
            op,
            piece_records,
            part_records,
            slots,
            timestamps,
            read_kernels,
        };
        Ok((engine, facts))
    }

    /// Carries out batches, with as many pieces in flight as there are slots.
    pub(super) fn stream<'b>(
        &mut self,
        kernel: &Kernel,
        batches: &mut Batches<'_, 'b>,
    ) -> Result<(), Trouble> {
        self.device.check()?;
        let mut outputs: [Option<&'b mut [u8]>; SLOTS] = [const { None }; SLOTS];
        let mut next = 0;
        let (piece_records, op) = (self.piece_records, self.op);
        for (batch, out) in batches {
            for (bytes, out) in pieces(op, piece_records, batch.bytes(), out) {
                self.land(next, outputs[next].take())?;
                let slot = &mut self.slots[next];
                slot.write(&self.device, bytes)?;
                let mut encoder = self.device.encoder();
                decide(op, slot, kernel, &mut encoder, bytes, out, None);
                slot.launch(self.device.submit(encoder)?, out.len());
                outputs[next] = Some(out);
                next = (next + 1) % SLOTS;
            }
        }
        for index in (next..SLOTS).chain(0..next) {
            self.land(index, outputs[index].take())?;
        }
        Ok(())
    }

    /// Waits for a slot, and copies its output to where it was asked for.
    fn land(&mut self, index: usize, out: Option<&mut [u8]>) -> Result<(), Trouble> {
        let slot = &mut self.slots[index];
        slot.wait(&self.device)?;
        out.map_or(Ok(()), |out| slot.read(&self.device, out))
    }

    /// Carries out a batch piece by piece, stage by stage.
    pub(super) fn staged(
        &mut self,
        kernel: &Kernel,
        batch: Batch<'_>,
        out: &mut [u8],
        mark: &mut dyn FnMut(Mark),
    ) -> Result<Option<DeviceElapsed>, Trouble> {
        self.device.check()?;
        let (slot, device) = (&mut self.slots[0], &self.device);
        let (mut elapsed, op) = (None, self.op);
        for (bytes, out) in pieces(op, self.piece_records, batch.bytes(), out) {
            slot.write(device, bytes)?;
            mark(Mark::Written);
            let mut encoder = device.encoder();
            if let Some(timestamps) = &self.timestamps {
                timestamps.write(&mut encoder, None, Some(0));
                decide(
                    op,
                    slot,
                    kernel,
                    &mut encoder,
                    bytes,
                    out,
                    Some(timestamps.of_pass(Some(1), Some(2))),
                );
                timestamps.write(&mut encoder, Some(3), None);
                timestamps.fetch(&mut encoder, TIMESTAMPS);
            } else {
                decide(op, slot, kernel, &mut encoder, bytes, out, None);
            }
            slot.launch(device.submit(encoder)?, out.len());
            self.timestamps.as_ref().inspect(|timestamps| timestamps.ask());
            slot.wait(device)?;
            // Reading the timestamps is part of knowing that the device is done.
            if let Some(timestamps) = &self.timestamps {
                let ticks = timestamps.read(device)?;
                elapsed = Some(added(elapsed, timestamps, ticks)?);
            }
            mark(Mark::Done);
            slot.read(device, out)?;
            mark(Mark::Decoded);
        }
        Ok(elapsed)
    }

    /// Brings input to the device, with several pieces in flight: to where kernels of a stream
    /// find it, or to where it stays.
    pub(super) fn upload(&mut self, bytes: &[u8], placed: Option<&Placed>) -> Result<(), Trouble> {
        self.device.check()?;
        let record_bytes = self.op.input_bytes();
        let part_bytes = placed.map_or(bytes.len().max(1), |placed| {
            placed.parts.first().map_or(1, |part| part.records * record_bytes)
        });
        let mut next = 0;
        for (part, bytes) in bytes.chunks(part_bytes).enumerate() {
            let piece_bytes = self.piece_records * record_bytes;
            for (piece, bytes) in bytes.chunks(piece_bytes).enumerate() {
                let slot = &mut self.slots[next];
                slot.wait(&self.device)?;
                slot.write(&self.device, bytes)?;
                let mut encoder = self.device.encoder();
                let (input, place) = match placed {
                    Some(placed) => (&placed.parts[part].input, (piece * piece_bytes) as u64),
                    None => (&slot.input, 0),
                };
                slot.copy_in(&mut encoder, input, place, bytes.len());
                slot.launch(self.device.submit(encoder)?, 0);
                next = (next + 1) % SLOTS;
            }
        }
        self.slots.iter_mut().try_for_each(|slot| slot.wait(&self.device))
    }

    /// Room for input that stays.
    pub(super) fn room(&self, records: usize) -> Result<Placed, Trouble> {
        Placed::new(&self.device, &self.layout, self.op, records, self.part_records)
    }

    /// Carries out the kernel on input that stays, and brings the output back.
    pub(super) fn submit_placed(
        &self,
        kernel: &Kernel,
        placed: &Placed,
        out: &mut [u8],
    ) -> Result<(), Trouble> {
        self.device.check()?;
        let mut encoder = self.device.encoder();
        placed.launch(kernel, &mut encoder, None);
        placed.copy_out(&mut encoder);
        let index = self.device.submit(encoder)?;
        placed.ask();
        self.device.wait(index)?;
        placed.read(&self.device, out)
    }

    /// Forgets what was worked out on input that stays.
    pub(super) fn forget(&self, placed: &Placed) -> Result<(), Trouble> {
        let mut encoder = self.device.encoder();
        placed.clear_output(&mut encoder);
        let index = self.device.submit(encoder)?;
        self.device.wait(index)
    }

    /// Device time of a kernel on input that stays.
    pub(super) fn kernel_placed(
        &self,
        kernel: &Kernel,
        placed: &Placed,
    ) -> Result<Option<DeviceNanos>, Trouble> {
        self.timed(|encoder, timestamps| {
            placed.launch(kernel, encoder, Some(timestamps.of_pass(Some(0), Some(1))));
        })
    }

    /// Device time of a bound on input that stays.
    pub(super) fn bound(
        &mut self,
        bound: DeviceBound,
        placed: &Placed,
    ) -> Result<Option<DeviceNanos>, Trouble> {
        match bound {
            DeviceBound::Read => self.kernel_placed(&self.read_kernels[0], placed),
            DeviceBound::Copy => self.timed(between(|encoder| placed.copy_within(encoder))),
            DeviceBound::LinkDown => self.timed(between(|encoder| placed.copy_out(encoder))),
            DeviceBound::LinkUp => {
                let slot = &self.slots[0];
                slot.staging.unmap();
                let elapsed = self.timed(between(|encoder| {
                    let piece_bytes = self.piece_records * self.op.input_bytes();
                    let bytes = placed.records() * self.op.input_bytes();
                    for start in (0..bytes).step_by(piece_bytes) {
                        slot.copy_in(encoder, &slot.input, 0, piece_bytes.min(bytes - start));
                    }
                }));
                // Staging memory must be mapped again, whatever came of it.
                let index = self.device.submit(self.device.encoder())?;
                self.slots[0].launch(index, 0);
                self.slots[0].wait(&self.device)?;
                elapsed
            }
        }
    }

    /// Device time between the first two timestamps that commands write.
    fn timed(
        &self,
        commands: impl FnOnce(&mut CommandEncoder, &Timestamps),
    ) -> Result<Option<DeviceNanos>, Trouble> {
        self.device.check()?;
        let Some(timestamps) = &self.timestamps else { return Ok(None) };
        let mut encoder = self.device.encoder();
        commands(&mut encoder, timestamps);
        timestamps.fetch(&mut encoder, 2);
        let [begin, end, ..] = timestamps.round(&self.device, encoder)?;
        timestamps.between(begin, end).map(Some)
    }
}

/// The clock, if the device has one that can be used, or why not.
type Clock = Result<(Timestamps, TimestampFacts), String>;

fn clock(device: &Device, adapter: &Adapter) -> Result<Clock, Trouble> {
    if !adapter.has_timestamps {
        return Ok(Err("the driver has no timestamps".into()));
    }
    let timestamps = Timestamps::new(device)?;
    let facts = timestamps.qualify(device);
    device.check()?;
    Ok(facts.map(|facts| (timestamps, facts)))
}

/// Commands between two passes that do nothing but write timestamps.
fn between(
    commands: impl FnOnce(&mut CommandEncoder),
) -> impl FnOnce(&mut CommandEncoder, &Timestamps) {
    |encoder, timestamps| {
        timestamps.write(encoder, None, Some(0));
        commands(encoder);
        timestamps.write(encoder, Some(1), None);
    }
}

/// Input in, kernel, output out: the commands for one piece.
fn decide(
    op: Op,
    slot: &Slot,
    kernel: &Kernel,
    encoder: &mut CommandEncoder,
    bytes: &[u8],
    out: &[u8],
    timestamp_writes: Option<ComputePassTimestampWrites<'_>>,
) {
    slot.copy_in(encoder, &slot.input, 0, bytes.len());
    let descriptor = ComputePassDescriptor { label: None, timestamp_writes };
    let records = bytes.len() / op.input_bytes();
    kernel.launch(&mut encoder.begin_compute_pass(&descriptor), &slot.bound, records);
    slot.copy_out(encoder, out.len());
}

/// Inputs with their outputs, in pieces that one submission takes.
fn pieces<'b>(
    op: Op,
    piece_records: usize,
    bytes: &'b [u8],
    out: &'b mut [u8],
) -> impl Iterator<Item = (&'b [u8], &'b mut [u8])> {
    let inputs = bytes.chunks(piece_records * op.input_bytes());
    inputs.zip(out.chunks_mut(piece_records * op.output_bytes()))
}

/// What one more piece adds to the device time of a batch.
fn added(
    before: Option<DeviceElapsed>,
    timestamps: &Timestamps,
    [start, begin, end, finish]: [u64; TIMESTAMPS as usize],
) -> Result<DeviceElapsed, Trouble> {
    let piece = DeviceElapsed {
        upload: timestamps.between(start, begin)?,
        kernel: timestamps.between(begin, end)?,
        download: timestamps.between(end, finish)?,
    };
    Ok(before.map_or(piece, |before| DeviceElapsed {
        upload: before.upload + piece.upload,
        kernel: before.kernel + piece.kernel,
        download: before.download + piece.download,
    }))
}
