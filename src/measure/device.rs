//! A device that several contestants share, and the evidence that its clock agrees with the host's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Bench;
use crate::{
    backend::{Backend, Batch, DeviceBackend, SubmitError, device::DeviceBound},
    clock::{Clock, ClockAgreement, ClocksDisagree, DeviceNanos, HostNanos},
    stats,
};

/// One open device, for several to drive in turns.
///
/// Taking the lock costs about 20 ns; a call to a device takes tens of microseconds.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Box<dyn DeviceBackend>>>);

impl Shared {
    /// Shares a device.
    #[must_use]
    pub fn new(device: Box<dyn DeviceBackend>) -> Self {
        Self(Arc::new(Mutex::new(device)))
    }

    /// The device, until the guard is dropped.
    pub fn lock(&self) -> MutexGuard<'_, Box<dyn DeviceBackend>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drives a device from input in host memory to output in host memory.
#[derive(Clone)]
pub struct EndToEnd(pub Shared);

impl Backend for EndToEnd {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        self.0.lock().submit(batch, out)
    }
}

/// Brings the input to the device, and leaves the output untouched: what bounds any kernel whose
/// input comes from the host, as reading bounds a processor.
#[derive(Clone)]
pub struct UploadOnly(pub Shared);

impl Backend for UploadOnly {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        batch.check_output(out)?;
        self.0.lock().upload(batch)
    }
}

/// Works on what the caller has placed, and does not look at the input. Its rotation has one
/// batch, which is the placed one.
#[derive(Clone)]
pub struct Placed(pub Shared);

impl Backend for Placed {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        batch.check_output(out)?;
        self.0.lock().submit_placed(out)
    }
}

/// Part of the batch that the shorter one has.
const SHORTER_PART: usize = 8;

/// Calls of which a reading is the least.
const CALLS: usize = 8;

/// Rounds of which the median is taken.
const ROUNDS: usize = 15;

/// Why device time cannot be called host time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AgreementError {
    /// The device gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// There is nothing to compare.
    #[error("the device gives no timestamps")]
    NoTimestamps,
    /// The batch has no shorter part.
    #[error("a batch of {len} records is too short to compare the clocks on")]
    TooShort {
        /// Records of the batch.
        len: usize,
    },
    /// The clocks run at different paces.
    #[error(transparent)]
    Disagree(#[from] ClocksDisagree),
}

/// What the device does while both clocks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Kernel,
    Copy,
}

impl Work {
    fn run(self, device: &mut dyn DeviceBackend) -> Result<DeviceNanos, AgreementError> {
        let elapsed = match self {
            Self::Kernel => device.kernel_placed()?,
            Self::Copy => device.bound(DeviceBound::Copy)?,
        };
        elapsed.ok_or(AgreementError::NoTimestamps)
    }

    /// What keeps the device busy for longer, and so shows best on the host's clock.
    fn longer(device: &mut dyn DeviceBackend) -> Result<Self, AgreementError> {
        let (kernel, copy) = (Self::Kernel.run(device)?, Self::Copy.run(device)?);
        Ok(if kernel >= copy { Self::Kernel } else { Self::Copy })
    }
}

/// Compares the clocks: host time around work on a batch and on an eighth of it, over the device
/// time of the same work.
///
/// The ratio is of differences, longer less shorter, so what a call costs whatever its length is
/// in neither. The work is the kernel or a copy within the device, whichever takes longer. The
/// longer the batch, the surer the ratio: its device time should be well above what a call costs.
pub fn agreement(
    bench: Bench<'_>,
    shared: &Shared,
    batch: Batch<'_>,
) -> Result<ClockAgreement, AgreementError> {
    let len = batch.len();
    if len < SHORTER_PART {
        return Err(AgreementError::TooShort { len });
    }
    let shorter = batch.slice(0..len / SHORTER_PART);
    let device = &mut **shared.lock();
    device.place(batch)?;
    let work = Work::longer(device)?;
    let mut ratios = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        // Which comes first alternates, so that a drift cancels.
        let (short, long) = if round.is_multiple_of(2) {
            let short = time(bench, device, shorter, work)?;
            (short, time(bench, device, batch, work)?)
        } else {
            let long = time(bench, device, batch, work)?;
            (time(bench, device, shorter, work)?, long)
        };
        ratios.push(ratio(short, long));
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ClockAgreement::measured(stats::quantile(&ratios, 0.5))?)
}

/// The same work on both clocks.
type BothClocks = (HostNanos, DeviceNanos);

/// Places a batch and works on it several times, after once for the device to get going. What
/// comes between only adds to host time, so the call that took the host least is the one to trust.
fn time(
    bench: Bench<'_>,
    device: &mut dyn DeviceBackend,
    batch: Batch<'_>,
    work: Work,
) -> Result<BothClocks, AgreementError> {
    device.place(batch)?;
    work.run(device)?;
    let mut call = || -> Result<BothClocks, AgreementError> {
        let start = bench.timer.start();
        let on_device = work.run(device)?;
        Ok((bench.timer.between(start, bench.timer.end()), on_device))
    };
    let mut least = call()?;
    for _ in 1..CALLS {
        least = least.min(call()?);
    }
    Ok(least)
}

/// Host time over device time, by the difference of two readings. No number, or an infinite one,
/// where the device's clock stands still.
fn ratio(short: BothClocks, long: BothClocks) -> f64 {
    let host = long.0.in_units() - short.0.in_units();
    let device = long.1.in_units() - short.1.in_units();
    host / device
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::{
            device::DeviceElapsed,
            mock::{Device, device_nanos, host_nanos},
        },
        corpus::Corpus,
        host::timer::Timer,
        measure::{Limits, inputs::Pool},
        op::Op,
    };

    const PER_RECORD: u64 = 250;

    fn device(nanos: u64) -> Device {
        let [upload, kernel, download] = [1, nanos, 3].map(device_nanos);
        Device::golden(Op::Decide, DeviceElapsed { upload, kernel, download })
    }

    fn compared(device: Device, len: usize) -> Result<ClockAgreement, AgreementError> {
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let input = vec![0; len * Op::Decide.input_bytes()];
        let batch = Batch::new(Op::Decide, &input).unwrap();
        agreement(bench, &Shared::new(Box::new(device)), batch)
    }

    /// A device whose clock says what the host waits has an agreement; one that says half of it,
    /// one without a clock, one whose clock stands still, and too short a batch have none.
    #[test]
    fn clocks_are_compared() {
        let waits = |nanos| device(nanos).lasting(Duration::from_nanos(PER_RECORD));
        let ratio = compared(waits(PER_RECORD), 800).unwrap().host_per_device();
        assert!((0.9..=1.1).contains(&ratio), "{ratio}");
        for nanos in [0, PER_RECORD / 2] {
            let refused = compared(waits(nanos), 800);
            assert!(matches!(refused, Err(AgreementError::Disagree(_))), "{refused:?}");
        }
        let untimed = compared(Device::without_timestamps(Op::Decide), 800);
        assert_eq!(untimed, Err(AgreementError::NoTimestamps));
        assert_eq!(compared(waits(1), 7), Err(AgreementError::TooShort { len: 7 }));
    }

    /// What every call costs does not show in the ratio.
    #[test]
    fn ratio_cancels_constant_costs() {
        let at = |host, device| (host_nanos(host), device_nanos(device));
        assert!((ratio(at(1_100, 10), at(1_400, 310)) - 1.0).abs() < 1e-12);
    }
    /// The adapters reach the device as host backends; only those with an output write one.
    #[test]
    fn adapters_are_host_backends() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 64).unwrap();
        let shared = Shared::new(Box::new(device(1)));
        let mut rotation = pool.rotation(64, 1, 0).unwrap();
        rotation.submit(&mut UploadOnly(shared.clone()), 1).unwrap();
        assert!(rotation.verify_measured().is_some(), "no output yet");
        rotation.submit(&mut EndToEnd(shared.clone()), 1).unwrap();
        assert_eq!(rotation.verify_measured(), None);
        let mut rotation = pool.rotation(64, 1, 0).unwrap();
        assert!(rotation.submit(&mut Placed(shared.clone()), 1).is_err(), "nothing is placed");
        let input = pool.rotation(64, 1, 0).unwrap().first();
        shared.lock().place(input).unwrap();
        rotation.submit(&mut Placed(shared), 1).unwrap();
        assert_eq!(rotation.verify_measured(), None);
    }
}
