//! The device's clock: timestamps at the edges of compute passes.
//!
//! A timestamp is written when all that was asked for before it is done. So a pass that does
//! nothing, between two copies, gives the time at which the first is over. Its cost is measured
//! when the device is opened.

use wgpu::{
    Buffer, BufferUsages, CommandEncoder, ComputePassDescriptor, ComputePassTimestampWrites,
    MapMode, QuerySet, QuerySetDescriptor, QueryType,
};

use super::device::{Device, Trouble};
use crate::{backend::device::TimestampFacts, clock::DeviceNanos};

/// Timestamps of one submission.
pub(super) const TIMESTAMPS: u32 = 4;
const BYTES: u64 = TIMESTAMPS as u64 * size_of::<u64>() as u64;

/// Submissions that qualify the clock.
const ROUNDS: usize = 32;

/// Room for the timestamps of one submission at a time.
pub(super) struct Timestamps {
    set: QuerySet,
    resolved: Buffer,
    readback: Buffer,
    period_ns: f64,
}

impl Timestamps {
    pub(super) fn new(device: &Device) -> Result<Self, Trouble> {
        let descriptor =
            QuerySetDescriptor { label: None, ty: QueryType::Timestamp, count: TIMESTAMPS };
        let set = device.make("timestamps", |device| device.create_query_set(&descriptor))?;
        let resolve = BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC;
        let read = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        Ok(Self {
            set,
            resolved: device.buffer("timestamps", BYTES, resolve)?,
            readback: device.buffer("timestamps", BYTES, read)?,
            period_ns: f64::from(device.queue.get_timestamp_period()),
        })
    }

    /// Has a pass write these timestamps when it begins and when it ends.
    pub(super) fn of_pass(
        &self,
        begin: Option<u32>,
        end: Option<u32>,
    ) -> ComputePassTimestampWrites<'_> {
        ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: begin,
            end_of_pass_write_index: end,
        }
    }

    /// A pass that does nothing but write these timestamps.
    pub(super) fn write(&self, encoder: &mut CommandEncoder, begin: Option<u32>, end: Option<u32>) {
        let timestamp_writes = Some(self.of_pass(begin, end));
        drop(encoder.begin_compute_pass(&ComputePassDescriptor { label: None, timestamp_writes }));
    }

    /// Brings the first `count` timestamps to the host. The last commands of a submission.
    pub(super) fn fetch(&self, encoder: &mut CommandEncoder, count: u32) {
        encoder.resolve_query_set(&self.set, 0..count, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readback, 0, BYTES);
    }

    /// Asks for the timestamps of what was just submitted.
    pub(super) fn ask(&self) {
        self.readback.map_async(MapMode::Read, .., |_| {});
    }

    /// The timestamps, in ticks, once the submission is done.
    pub(super) fn read(&self, device: &Device) -> Result<[u64; TIMESTAMPS as usize], Trouble> {
        let mut ticks = [0; TIMESTAMPS as usize];
        let view = self.readback.get_mapped_range(..).map_err(|error| device.unmapped(&error))?;
        for (tick, bytes) in ticks.iter_mut().zip(view.as_chunks::<8>().0) {
            *tick = u64::from_le_bytes(*bytes);
        }
        drop(view);
        self.readback.unmap();
        Ok(ticks)
    }

    /// The duration between two timestamps. A clock that runs backwards is no clock.
    pub(super) fn between(&self, start: u64, end: u64) -> Result<DeviceNanos, Trouble> {
        let ticks = end.checked_sub(start).ok_or_else(|| Trouble::Refused {
            what: "timestamps",
            message: format!("they run backwards, from {start} to {end} ticks"),
        })?;
        let picos = ticks as f64 * self.period_ns * 1e3;
        Ok(DeviceNanos::from_picos(picos.round() as u64))
    }

    /// Submits commands that end with [`Timestamps::fetch`], and gives their timestamps.
    pub(super) fn round(
        &self,
        device: &Device,
        encoder: CommandEncoder,
    ) -> Result<[u64; TIMESTAMPS as usize], Trouble> {
        let index = device.submit(encoder)?;
        self.ask();
        device.wait(index)?;
        self.read(device)
    }

    /// Whether the clock can be used: it moves, never backwards, and costs what is told here.
    pub(super) fn qualify(&self, device: &Device) -> Result<TimestampFacts, String> {
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            let mut encoder = device.encoder();
            self.write(&mut encoder, Some(0), Some(1));
            self.write(&mut encoder, Some(2), Some(3));
            self.fetch(&mut encoder, TIMESTAMPS);
            all.push(self.round(device, encoder).map_err(|trouble| trouble.to_string())?);
        }
        facts(&all, self.period_ns)
    }
}

/// What the timestamps of passes that do nothing say of the clock.
fn facts(rounds: &[[u64; 4]], period_ns: f64) -> Result<TimestampFacts, String> {
    if !(period_ns.is_finite() && period_ns > 0.0) {
        return Err(format!("the driver gives a period of {period_ns} ns"));
    }
    let ticks = rounds.as_flattened();
    if let Some(&[before, after, ..]) = ticks.windows(2).find(|pair| pair[1] < pair[0]) {
        return Err(format!("timestamps run backwards, from {before} to {after} ticks"));
    }
    let steps = ticks.windows(2).map(|pair| pair[1] - pair[0]).filter(|&step| step > 0);
    let Some(least_step) = steps.min() else {
        return Err("timestamps do not move".into());
    };
    let mut empty: Vec<u64> = rounds.iter().map(|[begin, end, ..]| end - begin).collect();
    empty.sort_unstable();
    Ok(TimestampFacts {
        period_ns,
        least_step_ns: least_step as f64 * period_ns,
        empty_pass_ns: empty[empty.len() / 2] as f64 * period_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that moves is described; one that stands, runs backwards or has no period is
    /// refused with the reason.
    #[test]
    fn clocks_are_judged() {
        let good = facts(&[[10, 12, 20, 22], [40, 44, 50, 54]], 2.0).unwrap();
        assert!((good.least_step_ns - 4.0).abs() < 1e-9, "{good:?}");
        assert!((good.empty_pass_ns - 8.0).abs() < 1e-9, "{good:?}");
        assert!(facts(&[[5; 4]; 3], 1.0).unwrap_err().contains("do not move"));
        assert!(facts(&[[5, 6, 7, 8], [7, 8, 9, 9]], 1.0).unwrap_err().contains("backwards"));
        assert!(facts(&[[1, 2, 3, 4]], 0.0).unwrap_err().contains("period"));
    }
}
