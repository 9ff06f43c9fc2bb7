//! Measuring: one file per method. Host time is taken here, never by a backend.

pub mod break_even;
pub mod counts;
pub mod cycles;
pub mod device;
pub mod empty;
pub mod footprint;
pub mod inputs;
pub mod latency;
pub mod load;
pub mod placed;
pub mod repeats;
pub mod samples;
pub mod stages;
pub mod stream;
pub mod team;
pub mod throughput;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    backend::{Backend, BackendKind, Batch, SubmitError},
    clock::Clock,
    host::timer::Timer,
    stats::{Samples, steady::Onset},
};

/// How to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Back-to-back batches: time per record.
    Throughput,
    /// One batch per reading: a distribution.
    Latency,
    /// Requests of many clients on a schedule of their own: service and response time.
    Load,
    /// One batch per reading, taken apart into what the host and the device do.
    Stages,
    /// Several batches in flight: time per record.
    Stream,
    /// Input that stays on the device: time per record, and what bounds it.
    Resident,
    /// The batch length from which a device beats the best processor backend.
    BreakEven,
    /// Counted cycles of simulated hardware, without and with what holds it up.
    Cycles,
}

/// What a method measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What takes host time: backends of the host, and devices end to end.
    HostTime,
    /// Backends of the host only.
    Host,
    /// Devices only.
    Device,
    /// Simulated hardware only.
    Simulated,
}

impl Method {
    /// Every method, in the order in which they run.
    pub const ALL: [Self; 8] = [
        Self::Throughput,
        Self::Latency,
        Self::Load,
        Self::Stages,
        Self::Stream,
        Self::Resident,
        Self::BreakEven,
        Self::Cycles,
    ];

    /// The name used in JSON, tables and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Load => "load",
            Self::Stages => "stages",
            Self::Stream => "stream",
            Self::Resident => "resident",
            Self::BreakEven => "break-even",
            Self::Cycles => "cycles",
        }
    }

    /// Whether it runs without being named. Load does not: its figures mean nothing without the
    /// rate, the clients and the workers that somebody has in mind.
    #[must_use]
    pub const fn is_default(self) -> bool {
        !matches!(self, Self::Load)
    }

    /// Whether it measures backends of this kind.
    #[must_use]
    pub const fn measures(self, kind: BackendKind) -> bool {
        match self.subject() {
            Subject::HostTime => !matches!(kind, BackendKind::Fpga),
            Subject::Host => !matches!(kind, BackendKind::Gpu | BackendKind::Fpga),
            Subject::Device => matches!(kind, BackendKind::Gpu),
            Subject::Simulated => matches!(kind, BackendKind::Fpga),
        }
    }

    /// What it measures.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::Throughput | Self::Latency => Subject::HostTime,
            Self::Load => Subject::Host,
            Self::Stages | Self::Stream | Self::Resident | Self::BreakEven => Subject::Device,
            Self::Cycles => Subject::Simulated,
        }
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most time that one entry may take, warm-up not counted.
    pub budget: Duration,
    /// Half width of the median's interval at which throughput is precise enough, as a fraction.
    pub precision: f64,
}

/// Why measuring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The interval was narrow enough.
    Precise,
    /// All samples that were wanted are there.
    Complete,
    /// The time was spent.
    Budget,
    /// The user asked to stop.
    Interrupted,
}

/// When readings became steady: what came before is left out. No warm-up is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steady {
    /// The first reading of the steady state.
    pub onset: Onset,
    /// From the first reading to that one; zero where there is none.
    pub after: Duration,
}

/// What every method needs: a clock, limits, and a way to be stopped.
#[derive(Clone, Copy, Debug)]
pub struct Bench<'a> {
    /// The qualified clock.
    pub timer: &'a Timer,
    /// When to stop.
    pub limits: Limits,
    /// Set by Ctrl-C.
    pub interrupted: &'a AtomicBool,
}

/// Rounds before the intervals are first looked at.
const ROUNDS_MIN: usize = 20;

/// Rounds without which there is no interval that one disturbed reading on each side leaves as it
/// is, whatever the budget.
const ROUNDS_LEAST: usize = 9;

impl Bench<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether the last round was enough, and why.
    ///
    /// The intervals are looked at whenever the number of rounds has grown by an eighth, since
    /// sorting after each would cost more than measuring.
    fn decide_stop(
        &self,
        rounds: usize,
        clock: Instant,
        budget: Duration,
        is_precise: impl FnOnce() -> bool,
    ) -> Option<Stop> {
        if self.is_interrupted() {
            return Some(Stop::Interrupted);
        }
        if rounds >= ROUNDS_LEAST && clock.elapsed() >= budget {
            return Some(Stop::Budget);
        }
        let stride = (rounds / 8).next_power_of_two();
        let is_due = rounds >= ROUNDS_MIN && rounds.is_multiple_of(stride);
        (is_due && is_precise()).then_some(Stop::Precise)
    }

    /// Whether the median is known as well as is asked for.
    fn is_precise<C: Clock>(&self, samples: &Samples<C>) -> bool {
        let median = samples.median();
        median.is_some_and(|median| median.relative_half_width() <= self.limits.precision)
    }
}

/// Share of the budget that devices are warmed up for before the first reading.
const WARM_UP_SHARE: f64 = 0.1;

/// A backend that does nothing: what is left is the harness.
#[derive(Debug)]
pub struct Empty;

impl Backend for Empty {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        std::hint::black_box(batch.bytes());
        std::hint::black_box(out);
        Ok(())
    }
}
