//! Input that stays on the device, in as many parts as its limits ask for.

use wgpu::{
    BindGroup, Buffer, BufferUsages, CommandEncoder, ComputePassDescriptor,
    ComputePassTimestampWrites, MapMode,
};

use super::{
    device::{Device, Trouble},
    pipeline::{Kernel, Layout},
    slot::{self, whole_words},
};
use crate::op::Op;

/// Largest part of the target of the copying bound, in bytes: it stands for the whole.
const SCRATCH_BYTES_MAX: u64 = 256 << 20;

/// What one launch can take.
pub(super) struct Part {
    pub(super) input: Buffer,
    output: Buffer,
    readback: Buffer,
    bound: BindGroup,
    pub(super) records: usize,
}

/// Input on the device, with room for its output.
pub(super) struct Placed {
    pub(super) op: Op,
    pub(super) parts: Vec<Part>,
    scratch: Buffer,
}

impl Placed {
    /// Room for `records` records in parts of at most `part_records`.
    pub(super) fn new(
        device: &Device,
        layout: &Layout,
        op: Op,
        records: usize,
        part_records: usize,
    ) -> Result<Self, Trouble> {
        let part = |first| {
            let records = part_records.min(records - first);
            let (input, output, bound) = slot::device_buffers(device, layout, op, records)?;
            let readback = slot::readback_buffer(device, op, records)?;
            Ok(Part { input, output, readback, bound, records })
        };
        let parts =
            (0..records).step_by(part_records).map(part).collect::<Result<Vec<_>, Trouble>>()?;
        let largest = parts.iter().map(|part| part.input.size()).max().unwrap_or(4);
        let size = largest.min(SCRATCH_BYTES_MAX);
        let scratch = device.buffer("the target of copies", size, BufferUsages::COPY_DST)?;
        Ok(Self { op, parts, scratch })
    }

    /// Records in all parts.
    pub(super) fn records(&self) -> usize {
        self.parts.iter().map(|part| part.records).sum()
    }

    /// Runs a kernel over all parts, in one pass.
    pub(super) fn launch(
        &self,
        kernel: &Kernel,
        encoder: &mut CommandEncoder,
        timestamp_writes: Option<ComputePassTimestampWrites<'_>>,
    ) {
        let descriptor = ComputePassDescriptor { label: None, timestamp_writes };
        let mut pass = encoder.begin_compute_pass(&descriptor);
        for part in &self.parts {
            kernel.launch(&mut pass, &part.bound, part.records);
        }
    }

    /// Forgets what was worked out before, so that a kernel that writes nothing is found out.
    pub(super) fn clear_output(&self, encoder: &mut CommandEncoder) {
        for part in &self.parts {
            encoder.clear_buffer(&part.output, 0, None);
        }
    }

    /// Brings the output of all parts to the host's side.
    pub(super) fn copy_out(&self, encoder: &mut CommandEncoder) {
        for part in &self.parts {
            let bytes = whole_words(part.records * self.op.output_bytes());
            encoder.copy_buffer_to_buffer(&part.output, 0, &part.readback, 0, bytes);
        }
    }

    /// Copies the input of all parts within the device.
    pub(super) fn copy_within(&self, encoder: &mut CommandEncoder) {
        for part in &self.parts {
            let bytes = (part.records * self.op.input_bytes()) as u64;
            for start in (0..bytes).step_by(self.scratch.size() as usize) {
                let size = self.scratch.size().min(bytes - start);
                encoder.copy_buffer_to_buffer(&part.input, start, &self.scratch, 0, size);
            }
        }
    }

    /// Asks for the output of what was just submitted.
    pub(super) fn ask(&self) {
        for part in &self.parts {
            let bytes = whole_words(part.records * self.op.output_bytes());
            part.readback.map_async(MapMode::Read, ..bytes, |_| {});
        }
    }

    /// Copies the output to where it was asked for, once the submission is done.
    pub(super) fn read(&self, device: &Device, out: &mut [u8]) -> Result<(), Trouble> {
        let mut rest = out;
        for part in &self.parts {
            let (mine, others) = rest.split_at_mut(part.records * self.op.output_bytes());
            slot::read(device, &part.readback, mine)?;
            rest = others;
        }
        Ok(())
    }
}
