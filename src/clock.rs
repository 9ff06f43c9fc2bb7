//! Time domains as types. Three clocks that share no arithmetic, no comparison and no `From`.
//!
//! ```
//! use nanogate::{backend::mock, clock::HostNanos};
//! let sum: HostNanos = mock::host_nanos(1) + mock::host_nanos(2);
//! assert!(sum > mock::host_nanos(2));
//! ```
//!
//! Host time and simulated cycles cannot be added:
//!
//! ```compile_fail
//! use nanogate::backend::mock;
//! let _ = mock::host_nanos(1) + mock::sim_cycles(2);
//! ```
//!
//! nor compared:
//!
//! ```compile_fail
//! use nanogate::backend::mock;
//! let _ = mock::host_nanos(1) < mock::device_nanos(2);
//! ```
//!
//! nor converted:
//!
//! ```compile_fail
//! use nanogate::{backend::mock, clock::HostNanos};
//! let _ = HostNanos::from(mock::device_nanos(1));
//! ```
//!
//! Device time can be called host time only by who holds the evidence that both clocks run at the
//! same pace, which the harness makes by measuring:
//!
//! ```
//! use nanogate::clock::{ClockAgreement, DeviceNanos, HostNanos};
//! fn relabelled(kernel: DeviceNanos, evidence: &ClockAgreement) -> HostNanos {
//!     kernel.on_host_clock(evidence)
//! }
//! ```
//!
//! and nobody else can make:
//!
//! ```compile_fail
//! use nanogate::{backend::mock, clock::ClockAgreement};
//! let evidence = ClockAgreement { host_per_device: 1.0 };
//! let _ = mock::device_nanos(1).on_host_clock(&evidence);
//! ```
//!
//! A clock cannot be added from outside:
//!
//! ```compile_fail
//! #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
//! struct MyClock(u64);
//! impl nanogate::clock::Clock for MyClock {
//!     const TAG: &'static str = "mine";
//!     const UNIT: &'static str = "ns";
//!     fn in_units(self) -> f64 { 0.0 }
//! }
//! ```
//!
//! Modelled time is no clock, so nothing that summarises or compares takes it:
//!
//! ```compile_fail
//! use nanogate::{clock::ModeledNanos, stats::Samples};
//! let _: Samples<ModeledNanos>;
//! ```
//!
//! and a modelled figure in a record can be shown, but neither compared:
//!
//! ```compile_fail
//! use nanogate::clock::Modeled;
//! fn faster(one: Modeled, other: Modeled) -> bool { one < other }
//! ```
//!
//! nor used as a number:
//!
//! ```compile_fail
//! use nanogate::clock::Modeled;
//! fn metric(figure: Modeled) -> f64 { figure.into() }
//! ```
//!
//! What simulating costs can be a part of a record, but no metric of it:
//!
//! ```
//! use std::collections::BTreeMap;
//! use nanogate::clock::SimulatorCost;
//! fn put(metrics: &mut BTreeMap<String, f64>, cost: SimulatorCost) -> String {
//!     metrics.insert("sim/total/count".into(), 1.0);
//!     cost.to_string()
//! }
//! ```
//!
//! ```compile_fail
//! use std::collections::BTreeMap;
//! use nanogate::clock::SimulatorCost;
//! fn put(metrics: &mut BTreeMap<String, f64>, cost: SimulatorCost) -> String {
//!     metrics.insert("sim/total/count".into(), cost);
//!     cost.to_string()
//! }
//! ```
//!
//! nor can it be summarised:
//!
//! ```compile_fail
//! use nanogate::{clock::SimulatorCost, stats::Samples};
//! let _: Samples<SimulatorCost>;
//! ```
//!
//! or compared:
//!
//! ```compile_fail
//! use nanogate::clock::SimulatorCost;
//! fn cheaper(one: SimulatorCost, other: SimulatorCost) -> bool { one < other }
//! ```

use std::{fmt, num::NonZeroU64, ops, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use thiserror::Error;

mod sealed {
    pub trait Sealed {}
}

/// A domain in which durations are counted. Sealed: there are exactly three.
pub trait Clock: sealed::Sealed + Copy + Ord + fmt::Debug {
    /// First part of every metric id in this domain.
    const TAG: &'static str;
    /// Unit of [`Clock::in_units`].
    const UNIT: &'static str;
    /// The duration in [`Clock::UNIT`].
    fn in_units(self) -> f64;
}

/// A clock that counts time, in picoseconds.
pub trait Time: Clock {
    /// The duration in whole picoseconds.
    fn picos(self) -> u64;
}

/// A duration on the host's monotonic clock. Made only in `host/timer/`.
///
/// Kept in picoseconds, since one tick of a time-stamp counter is a fraction of a nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostNanos {
    picos: u64,
}

/// A duration between two device timestamps. Made only by a device backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNanos {
    picos: u64,
}

/// Counted clock edges of simulated hardware: a count, not a time. Made only by a simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimCycles {
    cycles: u64,
}

impl HostNanos {
    /// No time at all.
    pub const ZERO: Self = Self { picos: 0 };

    pub(crate) const fn from_picos(picos: u64) -> Self {
        Self { picos }
    }

    /// The duration in whole picoseconds.
    #[must_use]
    pub const fn picos(self) -> u64 {
        self.picos
    }

    /// What is left after `other`. `None` where `other` is longer.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.picos.checked_sub(other.picos).map(|picos| Self { picos })
    }
}

impl DeviceNanos {
    pub(crate) const fn from_picos(picos: u64) -> Self {
        Self { picos }
    }

    /// The duration in whole picoseconds.
    #[must_use]
    pub const fn picos(self) -> u64 {
        self.picos
    }

    /// The same duration, called host time. It is not rescaled: the evidence only says that the
    /// clocks agree well enough for the name.
    #[must_use]
    pub const fn on_host_clock(self, _evidence: &ClockAgreement) -> HostNanos {
        HostNanos { picos: self.picos }
    }
}

/// Host time over device time that still passes for the same pace.
const AGREEING: RangeInclusive<f64> = 0.9..=1.1;

/// The evidence that a device's clock runs at the pace of the host's. Made only in `measure/`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockAgreement {
    host_per_device: f64,
}

/// A device's clock that runs at another pace than the host's.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error(
    "the clocks disagree: the host counts {host_per_device:.3} ns while the device counts 1 ns"
)]
pub struct ClocksDisagree {
    /// Host time over device time, as measured.
    pub host_per_device: f64,
}

impl ClockAgreement {
    /// Takes the measured ratio of host time to device time, if it is near 1.
    pub(crate) fn measured(host_per_device: f64) -> Result<Self, ClocksDisagree> {
        if AGREEING.contains(&host_per_device) {
            Ok(Self { host_per_device })
        } else {
            Err(ClocksDisagree { host_per_device })
        }
    }

    /// Host time over device time, as measured.
    #[must_use]
    pub const fn host_per_device(&self) -> f64 {
        self.host_per_device
    }
}

impl SimCycles {
    pub(crate) const fn counted(cycles: u64) -> Self {
        Self { cycles }
    }

    /// The count.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.cycles
    }

    /// What is left after `other`. `None` where `other` is more.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.cycles.checked_sub(other.cycles).map(|cycles| Self { cycles })
    }

    /// What the count would last at `fmax`: the only way from cycles to time, and only modelled.
    #[must_use]
    pub fn at(self, fmax: &Fmax) -> ModeledNanos<'_> {
        ModeledNanos { nanos: self.cycles as f64 * 1e9 / fmax.hz.get() as f64, fmax }
    }
}

macro_rules! clock {
    ($name:ident, $field:ident, $tag:literal, $unit:literal, $per_unit:literal) => {
        impl sealed::Sealed for $name {}

        impl Clock for $name {
            const TAG: &'static str = $tag;
            const UNIT: &'static str = $unit;
            fn in_units(self) -> f64 {
                self.$field as f64 / $per_unit
            }
        }

        impl ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                // A file may hold any number, and no clock goes on for so long.
                Self { $field: self.$field.saturating_add(other.$field) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", self.in_units(), $unit)
            }
        }
    };
}
clock!(HostNanos, picos, "host", "ns", 1e3);
clock!(DeviceNanos, picos, "device", "ns", 1e3);
clock!(SimCycles, cycles, "sim", "cycles", 1.0);

impl Time for HostNanos {
    fn picos(self) -> u64 {
        self.picos
    }
}

impl Time for DeviceNanos {
    fn picos(self) -> u64 {
        self.picos
    }
}

/// Where a clock frequency comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FmaxSource {
    /// A place-and-route report, named with part, grade and seeds.
    TimingReport(String),
    /// A profile that assumes it.
    Assumed(String),
}

/// The highest clock of a design, always with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fmax {
    /// Frequency in hertz.
    pub hz: NonZeroU64,
    /// Who says so.
    pub source: FmaxSource,
}

/// Cycles times a stated period. No clock: it is printed, and never summarised or compared.
#[derive(Clone, Copy, Debug)]
pub struct ModeledNanos<'a> {
    nanos: f64,
    fmax: &'a Fmax,
}

impl ModeledNanos<'_> {
    /// What each of `count` takes of it.
    #[must_use]
    pub fn each_of(self, count: usize) -> Self {
        Self { nanos: self.nanos / count as f64, ..self }
    }

    /// The nanoseconds, to be stored beside their clock and its source.
    #[must_use]
    pub const fn figure(&self) -> Modeled {
        Modeled(self.nanos)
    }

    /// How often it fits in a second, to be stored likewise.
    #[must_use]
    pub fn per_second(&self) -> Modeled {
        Modeled(1e9 / self.nanos)
    }
}

impl fmt::Display for ModeledNanos<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mhz = self.fmax.hz.get() as f64 / 1e6;
        let source = match &self.fmax.source {
            FmaxSource::TimingReport(report) => format!("report {report}"),
            FmaxSource::Assumed(profile) => format!("assumed by {profile}"),
        };
        write!(f, "{:.3} ns (modeled @ {mhz} MHz, {source})", self.nanos)
    }
}

/// A modelled figure as it is stored. It can be shown, and nothing else.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modeled(f64);

impl Modeled {
    /// The same figure, in units of so many.
    #[must_use]
    pub fn in_units_of(self, unit: f64) -> Self {
        Self(self.0 / unit)
    }
}

impl fmt::Display for Modeled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Wall time that a simulator took. Never a result, so no clock: it can only be stored under this
/// name, and printed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SimulatorCost {
    ns_per_record: f64,
    records_per_s: f64,
    label: CostLabel,
}

/// What stands beside the cost of simulating wherever it is stored.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum CostLabel {
    #[serde(rename = "cost of simulating, not a result")]
    NotAResult,
}

impl SimulatorCost {
    /// Labels a host duration as the cost of simulating so many records.
    #[must_use]
    pub fn of(elapsed: HostNanos, records: usize) -> Self {
        let ns_per_record = elapsed.in_units() / records as f64;
        Self { ns_per_record, records_per_s: 1e9 / ns_per_record, label: CostLabel::NotAResult }
    }
}

impl fmt::Display for SimulatorCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ns_per_record, records_per_s, .. } = self;
        write!(f, "{ns_per_record:.0} ns per record, {records_per_s:.0} records/s")?;
        write!(f, " (cost of simulating, not a result)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nanoseconds that come from cycles always say at which clock, and who says so.
    #[test]
    fn modelled_time_names_its_source() {
        let fmax = Fmax {
            hz: NonZeroU64::new(250_000_000).unwrap(),
            source: FmaxSource::TimingReport("ecp5-85f-6".into()),
        };
        assert_eq!(
            SimCycles::counted(5).at(&fmax).to_string(),
            "20.000 ns (modeled @ 250 MHz, report ecp5-85f-6)"
        );
    }

    /// A modelled figure is stored as a bare number, beside which the record has its source.
    #[test]
    fn modelled_time_is_stored_and_shown() {
        let hz = NonZeroU64::new(250_000_000).unwrap();
        let fmax = Fmax { hz, source: FmaxSource::TimingReport("x".into()) };
        let each = SimCycles::counted(10).at(&fmax).each_of(4);
        assert_eq!(format!("{:.1}", each.figure()), "10.0");
        assert_eq!(format!("{:.1}", each.per_second().in_units_of(1e6)), "100.0");
        assert_eq!(serde_json::to_string(&each.figure()).unwrap(), "10.0");
    }

    /// What simulating costs says so, wherever it is stored or shown.
    #[test]
    fn simulator_cost_is_labelled() {
        let cost = SimulatorCost::of(HostNanos::from_picos(8_000_000), 4);
        let stored = serde_json::to_value(cost).unwrap();
        assert_eq!(stored["ns_per_record"], 2_000.0);
        assert_eq!(stored["label"], "cost of simulating, not a result");
        let shown = "2000 ns per record, 500000 records/s (cost of simulating, not a result)";
        assert_eq!(cost.to_string(), shown);
    }

    /// Device time is called host time, unchanged, only where the measured ratio is near 1.
    #[test]
    fn device_time_needs_evidence() {
        let evidence = ClockAgreement::measured(1.05).unwrap();
        let device = DeviceNanos::from_picos(7);
        assert_eq!(device.on_host_clock(&evidence), HostNanos::from_picos(7));
        for ratio in [0.89, 1.11, f64::NAN, f64::INFINITY] {
            assert!(ClockAgreement::measured(ratio).is_err(), "{ratio}");
        }
        let refused = ClockAgreement::measured(2.0).unwrap_err();
        assert!(refused.to_string().contains("2.000 ns"), "{refused}");
    }

    /// A tick of less than a nanosecond is kept.
    #[test]
    fn host_time_keeps_picoseconds() {
        assert!((HostNanos::from_picos(409).in_units() - 0.409).abs() < 1e-12);
    }
}
