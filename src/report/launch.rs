//! Launches in the record: the processes that measured, and what each found by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ratio::{Bound, Speedup},
    record::Entry,
};
use crate::{
    host::layout::Layout,
    measure::{Steady, Stop},
    stats::steady::Onset,
    warning::Warning,
};

/// A process that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchRecord {
    /// From 1 on.
    pub number: u32,
    /// Launches that were planned.
    pub of: u32,
    /// Seed from which all layouts are drawn.
    pub layout_seed: u64,
    /// Where stack, environment and buffers of this one lay.
    pub layout: Layout,
    /// Core that the main thread was on.
    pub core: Option<usize>,
}

/// What one launch measured of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryLaunch {
    /// The launch.
    pub number: u32,
    /// Readings.
    pub sample_count: u64,
    /// Why measuring ended.
    pub stop: Stop,
    /// When its readings became steady.
    pub steady: Option<SteadyRecord>,
    /// Its figures, named as those of the entry.
    pub metrics: BTreeMap<String, f64>,
    /// Its ratio to the baseline backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<Speedup>,
    /// Its ratio to one thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Speedup>,
    /// Its roof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
}

impl EntryLaunch {
    /// What an entry of a single launch holds.
    #[must_use]
    pub fn of(entry: &Entry, number: u32) -> Self {
        Self {
            number,
            sample_count: entry.sample_count,
            stop: entry.stop,
            steady: entry.steady.clone(),
            metrics: entry.metrics.clone(),
            speedup: entry.speedup.clone(),
            scaling: entry.scaling.clone(),
            bound: entry.bound.clone(),
        }
    }
}

/// When the readings of an entry became steady.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct SteadyRecord {
    /// Whether they did.
    pub state: SteadyState,
    /// Milliseconds from the first reading to the steady state; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<f64>,
    /// Readings that came before, and are left out.
    pub discarded_count: u64,
}

/// Whether readings became steady. The later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SteadyState {
    /// From `after_ms` on.
    Reached,
    /// Too few readings to say. None are left out.
    Unknown,
    /// They still changed in the second half. None are left out.
    Never,
}

impl From<Steady> for SteadyRecord {
    fn from(steady: Steady) -> Self {
        let state = match steady.onset {
            Onset::At(_) => SteadyState::Reached,
            Onset::Unknown => SteadyState::Unknown,
            Onset::Never => SteadyState::Never,
        };
        let after_ms = steady.after.as_secs_f64() * 1e3;
        Self {
            state,
            after_ms: (state == SteadyState::Reached).then_some(after_ms),
            discarded_count: steady.onset.discarded() as u64,
        }
    }
}

impl SteadyRecord {
    /// The reason to distrust an entry, where there is one.
    #[must_use]
    pub fn warning(&self) -> Option<Warning> {
        (self.state == SteadyState::Never).then_some(Warning::NotSteady)
    }
}
