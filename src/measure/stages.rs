//! Stages: one batch per reading, taken apart into what the host and the device do.
//!
//! Host time is taken at each [`Mark`], device time comes from timestamps. What the host waits for
//! and the device does not account for is the queue: submitting, the driver, noticing the end. It
//! is a difference of two clocks, so it needs the evidence that they agree.
//!
//! The sum of the stages is held against the host's time around the whole call: the balance. A
//! stage that nobody counts, or device time beyond what the host waited, shows in it.
//!
//! Taking a batch apart costs time of its own. So in each round the same batch is also submitted
//! plainly, in alternating order: the quotient says how far the stages are those of a plain batch.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Bench, Stop, WARM_UP_SHARE, device::Shared, inputs::Rotation};
use crate::{
    backend::{
        Batch, DeviceBackend, SubmitError,
        device::{DeviceElapsed, Mark},
    },
    clock::{Clock, ClockAgreement, DeviceNanos, HostNanos},
    host::timer::Timer,
    stats::{
        Estimate, interval,
        latency::{BEYOND_MIN, Histogram, HistogramError},
    },
};

/// Rounds that bear all percentiles but the last.
const ROUNDS_MAX: usize = 100_000;

/// Rounds that bear a median of the histograms, which are made whatever the budget.
const ROUNDS_FOR_MEDIAN: usize = 2 * BEYOND_MIN as usize;

/// What was measured, per batch.
#[derive(Clone, Debug)]
pub struct Stages {
    /// The host brings the input into staging memory.
    pub write: Histogram<HostNanos>,
    /// What the device does. Absent without timestamps, or if its clock does not agree.
    pub device: Option<DeviceStages>,
    /// The rest of what the host waits for: all of it where `device` is absent.
    pub queue: Histogram<HostNanos>,
    /// The host brings the output to where it was asked for.
    pub decode: Histogram<HostNanos>,
    /// The whole call, stages and what is between them.
    pub end_to_end: Histogram<HostNanos>,
    /// The same batches, submitted plainly.
    pub plain: Histogram<HostNanos>,
    /// Median of the sum of stages over the whole call.
    pub balance: Option<Estimate>,
    /// Median of the whole call over the plain reading of the same round.
    pub over_plain: Option<Estimate>,
    /// What both are medians of.
    pub rounds: Rounds,
    /// Readings in which the device says that it worked for longer than the host waited. Their
    /// queue counts as zero. There are none unless a clock lies.
    pub overruns: u64,
    /// Why measuring ended.
    pub stop: Stop,
}

/// Nanoseconds of each round, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// The stages added up.
    pub sum_ns: Vec<f64>,
    /// The whole call around them.
    pub whole_ns: Vec<f64>,
    /// The same batch, submitted plainly.
    pub plain_ns: Vec<f64>,
}

impl Rounds {
    /// Median of the sum of stages over the whole call, round by round.
    #[must_use]
    pub fn balance(&self) -> Option<Estimate> {
        median_quotient(&self.sum_ns, &self.whole_ns)
    }

    /// Median of the whole call over the plain one, round by round.
    #[must_use]
    pub fn over_plain(&self) -> Option<Estimate> {
        median_quotient(&self.whole_ns, &self.plain_ns)
    }
}

fn median_quotient(over: &[f64], under: &[f64]) -> Option<Estimate> {
    let mut quotients: Vec<f64> =
        over.iter().zip(under).map(|(over, under)| over / under).collect();
    quotients.sort_by(f64::total_cmp);
    interval::median(&quotients)
}

/// Device time, per batch.
#[derive(Clone, Debug)]
pub struct DeviceStages {
    /// From staging memory to device memory.
    pub upload: Histogram<DeviceNanos>,
    /// The kernel.
    pub kernel: Histogram<DeviceNanos>,
    /// From device memory to staging memory.
    pub download: Histogram<DeviceNanos>,
}

/// What went wrong while measuring.
#[derive(Debug, thiserror::Error)]
pub enum StagesError {
    /// The backend gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// No histogram.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
}

impl Stages {
    fn new(has_device_time: bool) -> Result<Self, HistogramError> {
        Ok(Self {
            write: Histogram::new()?,
            device: if has_device_time { Some(DeviceStages::new()?) } else { None },
            queue: Histogram::new()?,
            decode: Histogram::new()?,
            end_to_end: Histogram::new()?,
            plain: Histogram::new()?,
            balance: None,
            over_plain: None,
            rounds: Rounds::default(),
            overruns: 0,
            stop: Stop::Complete,
        })
    }

    /// Whether the stages add up to the whole call, but for this fraction of it. `None` where
    /// the interval lies neither within nor without.
    #[must_use]
    pub fn balance_within(&self, fraction: f64) -> Option<bool> {
        let Estimate { low, high, .. } = self.balance?;
        let (least, most) = (1.0 - fraction, 1.0 + fraction);
        let (is_within, is_without) = (low >= least && high <= most, high < least || low > most);
        (is_within || is_without).then_some(is_within)
    }

    fn record(&mut self, parts: &Parts, whole: HostNanos, plain: HostNanos) {
        self.write.record(parts.write);
        self.queue.record(parts.queue.unwrap_or(HostNanos::ZERO));
        self.decode.record(parts.decode);
        self.end_to_end.record(whole);
        self.plain.record(plain);
        self.overruns += u64::from(parts.queue.is_none());
        self.rounds.sum_ns.push(parts.sum.in_units());
        self.rounds.whole_ns.push(whole.in_units());
        self.rounds.plain_ns.push(plain.in_units());
        if let (Some(stages), Some(elapsed)) = (&mut self.device, parts.device) {
            stages.upload.record(elapsed.upload);
            stages.kernel.record(elapsed.kernel);
            stages.download.record(elapsed.download);
        }
    }
}

impl DeviceStages {
    fn new() -> Result<Self, HistogramError> {
        let (upload, kernel, download) = (Histogram::new()?, Histogram::new()?, Histogram::new()?);
        Ok(Self { upload, kernel, download })
    }
}

/// Measures a device. Without `agreement` there are no device stages.
pub fn measure(
    bench: Bench<'_>,
    shared: &Shared,
    rotation: &mut Rotation<'_>,
    agreement: Option<&ClockAgreement>,
) -> Result<Stages, StagesError> {
    let device = &mut **shared.lock();
    let has_device_time = agreement.is_some() && device.facts().timestamps.is_some();
    let mut measured = Stages::new(has_device_time)?;
    warm_up(bench, device, rotation)?;
    let (mut rounds, clock) = (0usize, Instant::now());
    measured.stop = loop {
        for (batch, out) in rotation.stretch(1).into_iter() {
            let staged_first = rounds.is_multiple_of(2);
            let (staged, plain) = read(bench.timer, device, batch, out, staged_first)?;
            measured.record(&staged.split(agreement), staged.whole, plain);
            rounds += 1;
        }
        if rounds >= ROUNDS_MAX {
            break Stop::Complete;
        }
        match bench.decide_stop(rounds, clock, bench.limits.budget, || false) {
            // A batch of seconds has its median all the same.
            Some(Stop::Budget) if rounds < ROUNDS_FOR_MEDIAN => {}
            Some(stop) => break stop,
            None => {}
        }
    };
    measured.balance = measured.rounds.balance();
    measured.over_plain = measured.rounds.over_plain();
    Ok(measured)
}

fn warm_up(
    bench: Bench<'_>,
    device: &mut dyn DeviceBackend,
    rotation: &mut Rotation<'_>,
) -> Result<(), SubmitError> {
    let wanted = bench.limits.budget.mul_f64(WARM_UP_SHARE);
    let clock = Instant::now();
    loop {
        for (batch, out) in rotation.stretch(1).into_iter() {
            read(bench.timer, device, batch, out, true)?;
        }
        if clock.elapsed() >= wanted || bench.is_interrupted() {
            return Ok(());
        }
    }
}

/// The batch in stages, and the same batch plainly.
fn read(
    timer: &Timer,
    device: &mut dyn DeviceBackend,
    batch: Batch<'_>,
    out: &mut [u8],
    staged_first: bool,
) -> Result<(Staged, HostNanos), SubmitError> {
    if staged_first {
        let staged = Staged::read(timer, device, batch, out)?;
        Ok((staged, read_plain(timer, device, batch, out)?))
    } else {
        let plain = read_plain(timer, device, batch, out)?;
        Ok((Staged::read(timer, device, batch, out)?, plain))
    }
}

/// Submits in the pieces that the device takes, one after the other as in stages: several at once
/// would be in flight together.
fn read_plain(
    timer: &Timer,
    device: &mut dyn DeviceBackend,
    batch: Batch<'_>,
    out: &mut [u8],
) -> Result<HostNanos, SubmitError> {
    let len = device.facts().piece_records_max.max(1);
    let start = timer.start();
    for (piece, out) in batch.pieces(len).zip(out.chunks_mut(len * batch.op().output_bytes())) {
        device.submit(piece, out)?;
    }
    Ok(timer.between(start, timer.end()))
}

/// Host time between the marks of one batch, all its pieces together, and its device time.
#[derive(Clone, Copy, Debug)]
struct Staged {
    write: HostNanos,
    wait: HostNanos,
    decode: HostNanos,
    whole: HostNanos,
    device: Option<DeviceElapsed>,
}

/// A batch taken apart.
#[derive(Clone, Copy, Debug)]
struct Parts {
    write: HostNanos,
    /// `None` where the device says that it worked for longer than the host waited.
    queue: Option<HostNanos>,
    decode: HostNanos,
    device: Option<DeviceElapsed>,
    sum: HostNanos,
}

impl Staged {
    fn read(
        timer: &Timer,
        device: &mut dyn DeviceBackend,
        batch: Batch<'_>,
        out: &mut [u8],
    ) -> Result<Self, SubmitError> {
        let [mut write, mut wait, mut decode] = [HostNanos::ZERO; 3];
        let start = timer.start();
        let mut last = start;
        let device = device.submit_staged(batch, out, &mut |mark| {
            let now = timer.end();
            let part = match mark {
                Mark::Written => &mut write,
                Mark::Done => &mut wait,
                Mark::Decoded => &mut decode,
            };
            *part = *part + timer.between(last, now);
            last = now;
        })?;
        let whole = timer.between(start, timer.end());
        Ok(Self { write, wait, decode, whole, device })
    }

    /// Parts what the host waited for into the device's work and the queue.
    fn split(self, agreement: Option<&ClockAgreement>) -> Parts {
        let Self { write, wait, decode, device, .. } = self;
        let on_host_clock = |(elapsed, agreement): (DeviceElapsed, &ClockAgreement)| {
            (elapsed.upload + elapsed.kernel + elapsed.download).on_host_clock(agreement)
        };
        let work = device.zip(agreement).map_or(HostNanos::ZERO, on_host_clock);
        let queue = wait.checked_sub(work);
        Parts { write, queue, decode, device, sum: write + wait.max(work) + decode }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, time::Duration};

    use super::*;
    use crate::{
        backend::mock::{self, device_nanos, host_nanos},
        corpus::Corpus,
        measure::{Limits, inputs::Pool},
        op::Op,
    };

    const SHORT: Duration = Duration::from_nanos(1);

    /// A device whose stages take 1, 2 and 3 times `nanos` for each record.
    fn device(nanos: u64) -> mock::Device {
        let [upload, kernel, download] = [1, 2, 3].map(|times| device_nanos(times * nanos));
        mock::Device::golden(Op::Decide, DeviceElapsed { upload, kernel, download })
    }

    fn measured(
        device: mock::Device,
        agreement: Option<&ClockAgreement>,
        budget: Duration,
    ) -> Stages {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 256).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget, precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut rotation = pool.rotation(64, 4, 0).unwrap();
        let shared = Shared::new(Box::new(device));
        let stages = measure(bench, &shared, &mut rotation, agreement).unwrap();
        assert_eq!(rotation.verify_measured(), None);
        assert!(stages.end_to_end.len() >= ROUNDS_FOR_MEDIAN as u64);
        stages
    }

    /// The stages of a device that waits for longer than it works add up to the whole call, which
    /// is about a plain one, also in several pieces.
    #[test]
    fn stages_add_up() {
        let agreement = ClockAgreement::measured(1.0).unwrap();
        let waiting = device(100).lasting(Duration::from_micros(1)).in_pieces_of(20);
        // Enough rounds for a median that a busy machine does not move.
        let stages = measured(waiting, Some(&agreement), Duration::from_millis(30));
        let on_device = stages.device.as_ref().unwrap();
        assert!((on_device.download.min_ns() / (3.0 * 6_400.0) - 1.0).abs() < 0.01);
        assert!(stages.queue.min_ns() > 0.99 * 64.0 * 400.0, "{}", stages.queue.min_ns());
        assert_eq!(stages.overruns, 0);
        let balance = stages.balance.unwrap().value;
        assert!((0.98..=1.0).contains(&balance), "{balance}");
        let over_plain = stages.over_plain.unwrap().value;
        assert!((over_plain - 1.0).abs() < 0.1, "{over_plain}");
    }

    /// A device that says it worked for longer than the host waited is found out.
    #[test]
    fn overruns_are_counted() {
        let agreement = ClockAgreement::measured(1.0).unwrap();
        let stages = measured(device(1_000_000), Some(&agreement), SHORT);
        assert_eq!(stages.overruns, stages.end_to_end.len());
        assert!(stages.queue.max_ns() == 0.0);
        assert_eq!(stages.balance_within(0.02), Some(false));
    }

    /// Without timestamps, or without an agreement, all that the host waits for is the queue.
    #[test]
    fn no_device_time_is_all_queue() {
        let agreement = ClockAgreement::measured(1.0).unwrap();
        let untimed = mock::Device::without_timestamps(Op::Decide);
        for (device, agreement) in [(untimed, Some(&agreement)), (device(1), None)] {
            let stages = measured(device.lasting(Duration::from_micros(10)), agreement, SHORT);
            assert!(stages.device.is_none());
            assert!(stages.queue.min_ns() > 0.99 * 640_000.0);
        }
    }

    /// What the host waits for is parted into work and queue; nothing is lost.
    #[test]
    fn waiting_is_parted() {
        let [upload, kernel, download] = [1, 2, 3].map(device_nanos);
        let device = Some(DeviceElapsed { upload, kernel, download });
        let [write, wait, decode] = [5, 10, 20].map(host_nanos);
        let agreement = ClockAgreement::measured(1.0).unwrap();
        let staged = Staged { write, wait, decode, whole: host_nanos(36), device };
        let parts = staged.split(Some(&agreement));
        assert_eq!((parts.queue, parts.sum), (Some(host_nanos(4)), host_nanos(35)));
        let parts = staged.split(None);
        assert_eq!((parts.queue, parts.sum), (Some(host_nanos(10)), host_nanos(35)));
        let parts = Staged { wait: host_nanos(4), ..staged }.split(Some(&agreement));
        assert_eq!((parts.queue, parts.sum), (None, host_nanos(31)));
    }

    /// An interval within the bounds balances, one without does not, one across cannot tell.
    #[test]
    fn balance_is_judged_by_its_interval() {
        let judged = |low, high| {
            let balance = Some(Estimate { value: f64::midpoint(low, high), low, high });
            Stages { balance, ..Stages::new(false).unwrap() }.balance_within(0.02)
        };
        assert_eq!(judged(0.99, 1.01), Some(true));
        assert_eq!(judged(1.03, 1.05), Some(false));
        assert_eq!(
            (judged(0.99, 1.03), Stages::new(true).unwrap().balance_within(1.0)),
            (None, None)
        );
    }
}
