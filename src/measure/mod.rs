//! Measuring: one file per method. Host time is taken here, never by a backend.

pub mod footprint;
pub mod inputs;
pub mod latency;
pub mod team;
pub mod throughput;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    backend::{Backend, Batch, SubmitError},
    host::timer::Timer,
};

/// How to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Back-to-back batches: time per record.
    Throughput,
    /// One batch per reading: a distribution.
    Latency,
}

impl Method {
    /// Every method, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Throughput, Self::Latency];

    /// The name used in JSON, tables and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
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

impl Bench<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Share of the budget that is spent on warming up before the first reading.
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
