//! Buffers for one submission in flight, made once and used again and again.

use wgpu::{BindGroup, Buffer, BufferUsages, CommandEncoder, MapMode, SubmissionIndex};

use super::{
    device::{Device, Trouble},
    pipeline::{Layout, round_up},
};
use crate::op::Op;

/// Input and output on the device, each with its staging memory on the host's side.
pub(super) struct Slot {
    pub(super) staging: Buffer,
    pub(super) input: Buffer,
    pub(super) output: Buffer,
    pub(super) readback: Buffer,
    pub(super) bound: BindGroup,
    pub(super) flight: Option<SubmissionIndex>,
}

/// Bytes of a copy must be whole words.
pub(super) const fn whole_words(bytes: usize) -> u64 {
    bytes.next_multiple_of(4) as u64
}

/// Input and output of at least `records` records, where kernels reach them, with their binding.
pub(super) fn device_buffers(
    device: &Device,
    layout: &Layout,
    op: Op,
    records: usize,
) -> Result<(Buffer, Buffer, BindGroup), Trouble> {
    let records = round_up(records);
    let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let input = device.buffer("input", (records * op.input_bytes()) as u64, storage)?;
    let output = device.buffer("output", (records * op.output_bytes()) as u64, storage)?;
    let bound = layout.bind(device, &input, &output)?;
    Ok((input, output, bound))
}

/// Memory that the host reads after the device has written it.
pub(super) fn readback_buffer(device: &Device, op: Op, records: usize) -> Result<Buffer, Trouble> {
    let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
    device.buffer("readback", (round_up(records) * op.output_bytes()) as u64, usage)
}

impl Slot {
    pub(super) fn new(
        device: &Device,
        layout: &Layout,
        op: Op,
        records: usize,
    ) -> Result<Self, Trouble> {
        let (input, output, bound) = device_buffers(device, layout, op, records)?;
        let staging_usage = BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC;
        Ok(Self {
            staging: device.buffer("staging", input.size(), staging_usage)?,
            readback: readback_buffer(device, op, records)?,
            input,
            output,
            bound,
            flight: None,
        })
    }

    /// Copies the input to staging memory, which is mapped whenever the slot is free, and hands
    /// it to the device's side.
    pub(super) fn write(&self, device: &Device, bytes: &[u8]) -> Result<(), Trouble> {
        let range = 0..bytes.len() as u64;
        let mut view =
            self.staging.get_mapped_range_mut(range).map_err(|error| device.unmapped(&error))?;
        view.copy_from_slice(bytes);
        drop(view);
        self.staging.unmap();
        Ok(())
    }

    /// From staging memory to `input`, at a place of it.
    pub(super) fn copy_in(
        &self,
        encoder: &mut CommandEncoder,
        input: &Buffer,
        place: u64,
        bytes: usize,
    ) {
        encoder.copy_buffer_to_buffer(&self.staging, 0, input, place, bytes as u64);
    }

    /// From `output` to staging memory.
    pub(super) fn copy_out(&self, encoder: &mut CommandEncoder, bytes: usize) {
        let bytes = whole_words(bytes);
        encoder.copy_buffer_to_buffer(&self.output, 0, &self.readback, 0, bytes);
    }

    /// Notes what was submitted, and asks for staging memory back when it is done, and for
    /// `output_bytes` of output.
    pub(super) fn launch(&mut self, flight: SubmissionIndex, output_bytes: usize) {
        self.flight = Some(flight);
        self.staging.map_async(MapMode::Write, .., |_| {});
        if output_bytes > 0 {
            self.readback.map_async(MapMode::Read, ..whole_words(output_bytes), |_| {});
        }
    }

    /// Waits for what is in flight.
    pub(super) fn wait(&mut self, device: &Device) -> Result<(), Trouble> {
        self.flight.take().map_or(Ok(()), |index| device.wait(index))
    }

    /// Copies the output to where it was asked for.
    pub(super) fn read(&self, device: &Device, out: &mut [u8]) -> Result<(), Trouble> {
        read(device, &self.readback, out)
    }
}

/// Copies what a buffer holds that is mapped for reading, and gives it back to the device's side.
pub(super) fn read(device: &Device, buffer: &Buffer, out: &mut [u8]) -> Result<(), Trouble> {
    let range = ..whole_words(out.len());
    let view = buffer.get_mapped_range(range).map_err(|error| device.unmapped(&error))?;
    out.copy_from_slice(&view[..out.len()]);
    drop(view);
    buffer.unmap();
    Ok(())
}
