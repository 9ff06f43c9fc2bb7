//! Ratios between entries of the same rounds, and the bounds beside them.

use serde::{Deserialize, Serialize};

use crate::{
    clock::HostNanos,
    stats::{Estimate, Samples},
};

/// A ratio to the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speedup {
    /// Id of the baseline backend.
    pub baseline: String,
    /// Median of the quotients, with its interval.
    #[serde(flatten)]
    pub ratio: Estimate,
}

impl Speedup {
    /// Times as fast as the baseline. `None` where that was not measured, or with too few rounds.
    #[must_use]
    pub fn over(
        baseline: &str,
        readings: Option<&Samples<HostNanos>>,
        measured: &Samples<HostNanos>,
    ) -> Option<Self> {
        let ratio = readings?.speedup_of(measured)?;
        Some(Self { baseline: baseline.into(), ratio })
    }
}

/// The roof above an entry: the time to read its input, or to bring it to the device, and nothing
/// else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// [`ROOF_PER_RECORD`](super::record::ROOF_PER_RECORD) or
    /// [`UPLOAD_ONLY`](super::record::UPLOAD_ONLY).
    pub metric: String,
    /// Nanoseconds per record for the same batches on the same cores.
    pub value: f64,
    /// Share of the roof that the backend reaches, with its interval: 1 is the roof itself.
    pub fraction: Estimate,
    /// What holds the backend back most. Absent where its time in the first cache is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// What holds a backend back most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// It takes notably longer than in the first cache: it waits for its input.
    Memory,
    /// It takes about as long as in the first cache: its instructions, and what a call costs.
    Instructions,
}

/// Times as long as in the first cache, from which on a backend counts as bound by memory.
const WAITING: f64 = 1.2;

impl Limit {
    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Instructions => "instructions",
        }
    }
}

impl Bound {
    /// The roof over a backend. `ceiling_ns` is what it takes per record in the first cache.
    #[must_use]
    pub fn of(
        metric: &str,
        roof: &Samples<HostNanos>,
        measured: &Samples<HostNanos>,
        ceiling_ns: Option<f64>,
    ) -> Option<Self> {
        let value = roof.median().filter(|median| median.value > 0.0)?.value;
        let median = measured.median()?;
        // It must be so for certain: an interval that reaches across says nothing.
        let limit = |ceiling_ns| {
            if median.low > WAITING * ceiling_ns { Limit::Memory } else { Limit::Instructions }
        };
        Some(Self {
            metric: metric.into(),
            value,
            fraction: roof.speedup_of(measured)?,
            limit: ceiling_ns.map(limit),
        })
    }
}

/// Unique inputs against repeated ones: a backend that is faster on what it has seen before
/// remembers, or something under it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepeatsRecord {
    /// Id of the backend.
    pub backend: String,
    /// Records per batch, in the first cache.
    pub batch_len: usize,
    /// Records that were repeated.
    pub repeated_records: usize,
    /// Times as fast on repeated inputs as on unique ones, by readings of the same rounds.
    pub speedup: Estimate,
}
