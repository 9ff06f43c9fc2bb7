//! Resident: the input stays on the device. What it does without the link, and what bounds it.
//!
//! In each round the batch is worked on end to end, on the host's clock, and then the kernel and
//! each bound run alone, on the device's clock. A reading is one call as a whole, no difference of
//! two: one takes tens of microseconds, and what a call costs is part of what is asked.

use std::{collections::BTreeMap, time::Instant};

use super::{Bench, Stop, WARM_UP_SHARE, device::Shared, inputs::Rotation};
use crate::{
    backend::{DeviceBackend, SubmitError, device::DeviceBound},
    clock::{DeviceNanos, HostNanos},
    stats::Samples,
};

/// What was measured, per record.
#[derive(Clone, Debug)]
pub struct Resident {
    /// From the placed input to output in host memory.
    pub end_to_end: Samples<HostNanos>,
    /// The kernel alone. Absent without timestamps.
    pub kernel: Option<Samples<DeviceNanos>>,
    /// What bounds the device. Empty without timestamps.
    pub bounds: BTreeMap<DeviceBound, Samples<DeviceNanos>>,
    /// Why measuring ended.
    pub stop: Stop,
}

impl Resident {
    /// Leaves host time only: there is no evidence that the device's clock can be believed.
    pub fn forget_device_time(&mut self) {
        self.kernel = None;
        self.bounds.clear();
    }

    /// One reading of each.
    fn read(
        &mut self,
        bench: Bench<'_>,
        device: &mut dyn DeviceBackend,
        out: &mut [u8],
        batch_len: usize,
    ) -> Result<(), SubmitError> {
        let records = batch_len as f64;
        let start = bench.timer.start();
        device.submit_placed(out)?;
        self.end_to_end.push_mean(bench.timer.between(start, bench.timer.end()), records);
        if let Some(elapsed) = device.kernel_placed()? {
            self.kernel.get_or_insert_default().push_mean(elapsed, records);
        }
        for bound in DeviceBound::ALL {
            if let Some(elapsed) = device.bound(bound)? {
                self.bounds.entry(bound).or_default().push_mean(elapsed, records);
            }
        }
        Ok(())
    }

    fn is_precise(&self, bench: Bench<'_>) -> bool {
        let kernel = self.kernel.as_ref();
        bench.is_precise(&self.end_to_end) && kernel.is_none_or(|kernel| bench.is_precise(kernel))
    }
}

/// Places the first batch of the rotation and measures on it.
///
/// The last output is left in the rotation as that of its first batch, so that
/// [`Rotation::verify_measured`] compares what was measured.
pub fn measure(
    bench: Bench<'_>,
    shared: &Shared,
    rotation: &mut Rotation<'_>,
) -> Result<Resident, SubmitError> {
    let (end_to_end, bounds) = (Samples::default(), BTreeMap::new());
    let mut resident = Resident { end_to_end, kernel: None, bounds, stop: Stop::Complete };
    let device = &mut **shared.lock();
    rotation.seek(0);
    for (batch, out) in rotation.stretch(1).into_iter() {
        device.place(batch)?;
        warm_up(bench, device, out)?;
        let clock = Instant::now();
        let mut rounds = 0;
        resident.stop = loop {
            resident.read(bench, device, out, batch.len())?;
            rounds += 1;
            let is_precise = || resident.is_precise(bench);
            if let Some(stop) = bench.decide_stop(rounds, clock, bench.limits.budget, is_precise) {
                break stop;
            }
        };
    }
    Ok(resident)
}

fn warm_up(
    bench: Bench<'_>,
    device: &mut dyn DeviceBackend,
    out: &mut [u8],
) -> Result<(), SubmitError> {
    let wanted = bench.limits.budget.mul_f64(WARM_UP_SHARE);
    let clock = Instant::now();
    loop {
        device.submit_placed(out)?;
        if clock.elapsed() >= wanted || bench.is_interrupted() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{
            device::DeviceElapsed,
            mock::{self, device_nanos},
        },
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, ROUNDS_LEAST, inputs::Pool},
        op::Op,
        verify::Divergence,
    };

    fn measured(device: mock::Device) -> (Resident, Option<Divergence>) {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 256).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut rotation = pool.rotation(64, 4, 0).unwrap();
        let shared = Shared::new(Box::new(device));
        let resident = measure(bench, &shared, &mut rotation).unwrap();
        (resident, rotation.verify_measured())
    }

    fn timed() -> mock::Device {
        let [upload, kernel, download] = [1, 2, 3].map(device_nanos);
        mock::Device::golden(Op::Decide, DeviceElapsed { upload, kernel, download })
    }

    /// Each round reads the host, the kernel and every bound once, per record.
    #[test]
    fn rounds_read_all() {
        let (resident, divergence) = measured(timed());
        let all = |nanos| Samples::from_units([nanos; ROUNDS_LEAST]);
        assert_eq!((resident.end_to_end.len(), resident.stop), (ROUNDS_LEAST, Stop::Budget));
        assert_eq!(resident.kernel, Some(all(2.0)));
        let bounds = DeviceBound::ALL.into_iter().zip([2.0, 2.0, 1.0, 3.0].map(all));
        assert_eq!((resident.bounds, divergence), (bounds.collect(), None));
    }

    /// Without timestamps there is host time alone.
    #[test]
    fn no_timestamps_no_device_time() {
        let (resident, _) = measured(mock::Device::without_timestamps(Op::Decide));
        assert!(resident.kernel.is_none() && resident.bounds.is_empty());
        assert!(resident.end_to_end.median().is_some());
    }

    /// A wrong output that was measured is found afterwards.
    #[test]
    fn wrong_outputs_are_found() {
        let (_, divergence) = measured(timed().wrong_at(3));
        assert_eq!(divergence.unwrap().index, 3);
    }
}
