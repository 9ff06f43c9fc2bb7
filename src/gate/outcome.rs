//! What came of a comparison: the JSON that `compare` and `gate` write, and exporters read.
//!
//! A row is one metric of one combination of backend, operation, method, batch length, threads and
//! place of the input. A comparison has one baseline and any number of candidates.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Rule, Verdict};
use crate::{
    host::fingerprint::Fingerprint, op::Op, platform::record::ProfileRecord, stats::Estimate,
};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.comparison/1";

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// [`SCHEMA`].
    pub schema: String,
    /// How the figures were got.
    pub kind: Kind,
    /// Seconds since 1970 when the comparison began.
    pub started_unix_s: u64,
    /// The machine.
    pub host: Fingerprint,
    /// When a difference is one.
    pub rule: Rule,
    /// Bound on the probability that any row at all claims a difference where there is none.
    pub family_error: f64,
    /// What the candidates are compared with.
    pub baseline: Side,
    /// What is compared with it.
    pub candidates: Vec<Candidate>,
    /// Why the verdicts may count on this host. Absent of stored records, which never gate alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arming: Option<Arming>,
    /// The profile that it was measured under. Absent where flags alone said what to measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileRecord>,
    /// What the profile names and nobody measured, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Flags that every process was started with, such as `--lanes 4`. Empty of stored records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Whether it ended early: what is here was measured until then, and decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// How the figures of a comparison were got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// From records of runs at different times.
    Stored,
    /// By two programs in lock step.
    Interleaved,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// As it was asked for: a name, a path or a revision.
    pub name: String,
    /// Version of the package.
    pub version: String,
    /// Source revision.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
    /// SHA-256 of the program's file. Absent of stored records, which do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Seconds since 1970 when it was measured.
    pub measured_unix_s: u64,
}

/// A candidate, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it is.
    #[serde(flatten)]
    pub side: Side,
    /// Its program is the baseline's, byte for byte, and was therefore not measured.
    #[serde(default)]
    pub identical: bool,
    /// One per metric.
    pub rows: Vec<Row>,
}

/// Why verdicts may count on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arming {
    /// Whether the user had the gate arm although the host's self-test does not say that it may.
    pub forced: bool,
    /// Bound on the share of comparisons of identical programs that raise an alarm, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub false_alarms_at_most: Option<f64>,
    /// Days since the self-test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_test_age_days: Option<u64>,
    /// Why the gate may not arm, where it was forced to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Id of the backend, labelled where the device is imitated ([`Key::name_of_backend`]).
    pub backend: String,
    /// Operation.
    pub op: Op,
    /// Name of the method.
    pub method: String,
    /// Records per batch. 0 of what is no batch, such as the size of a program.
    pub batch_len: usize,
    /// Threads that work. 0 of what does not run.
    pub threads: usize,
    /// Smallest cache that holds the input, or `memory`.
    pub home: String,
    /// `<clock>/<metric>/<stat>`; `rtl` and `size` in place of a clock of what takes no time.
    pub metric: String,
}

/// What follows the id of a backend whose device a driver imitates.
const SOFTWARE: &str = " (software)";

impl Key {
    /// A backend's id, with the label of an imitated device, which is never taken for a real one.
    #[must_use]
    pub fn name_of_backend(id: &str, is_software: bool) -> String {
        format!("{id}{}", if is_software { SOFTWARE } else { "" })
    }

    /// The id of the backend alone.
    #[must_use]
    pub fn backend_id(&self) -> &str {
        self.backend.trim_end_matches(SOFTWARE)
    }
}

impl fmt::Display for Key {
    /// All parts, between slashes: unique, and the same in every version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, op, method, batch_len, threads, home, metric } = self;
        write!(f, "{backend}/{}/{method}/{batch_len}/{threads}/{home}/{metric}", op.name())
    }
}

/// One metric of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    #[serde(flatten)]
    pub key: Key,
    /// Unit of both values: `ns`, `cycles`, `count`, `bytes`.
    pub unit: String,
    /// The baseline's value. Absent where it has none.
    pub baseline: Option<f64>,
    /// The candidate's value. Absent where it has none.
    pub candidate: Option<f64>,
    /// Candidate over baseline, with its 95 % interval: above 1 is slower, or more of what there
    /// should be less of. Exact values have an interval of no width.
    pub ratio: Option<Estimate>,
    /// Probability of such a difference where there is none, for this row alone.
    pub p_value: Option<f64>,
    /// The same, held over all rows (Holm).
    pub p_adjusted: Option<f64>,
    /// Differences up to this fraction are noise.
    pub noise: f64,
    /// Within this fraction both are the same.
    pub margin: f64,
    /// What can be said of the difference.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// What it means for whoever asked.
    pub effect: Effect,
    /// The limits that hold for this row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<RowLimit>,
    /// The second, independent comparison after a first that said `slower`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Why and until when it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// Launches of each side that the ratio comes from.
    pub launches: u32,
    /// Log ratio of each launch, for who wants to follow the verdict. Empty of exact values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_ratios: Vec<f64>,
    /// Seconds of budget that would settle what cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_budget_s: Option<f64>,
}

/// Why a verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The programs are the same, byte for byte: `same`.
    IdenticalCode,
    /// Exact values are equal: `same`.
    ExactlyEqual,
    /// Exact values differ: `faster` or `slower`.
    ExactlyDifferent,
    /// The whole interval lies beyond noise, and what is slower was confirmed.
    BeyondNoise,
    /// The whole 95 % interval lies within the margin: `same`.
    WithinMargin,
    /// The interval reaches beyond the margin and does not exclude noise: `cannot-tell`.
    TooWide,
    /// A second comparison did not find what the first found: `cannot-tell`.
    NotConfirmed,
    /// There are too few launches for a verdict: `cannot-tell`.
    TooFewLaunches,
    /// Only the candidate has it: `cannot-tell`, and no fault.
    NewInCandidate,
    /// Only the baseline has it: `cannot-tell`, and a fault.
    MissingInCandidate,
    /// The candidate is above a hard limit.
    AboveHardLimit,
    /// Whether the candidate is above a hard limit cannot be told.
    HardLimitUnclear,
}

impl Reason {
    /// The code used in JSON and tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::IdenticalCode => "identical-code",
            Self::ExactlyEqual => "exactly-equal",
            Self::ExactlyDifferent => "exactly-different",
            Self::BeyondNoise => "beyond-noise",
            Self::WithinMargin => "within-margin",
            Self::TooWide => "too-wide",
            Self::NotConfirmed => "not-confirmed",
            Self::TooFewLaunches => "too-few-launches",
            Self::NewInCandidate => "new-in-candidate",
            Self::MissingInCandidate => "missing-in-candidate",
            Self::AboveHardLimit => "above-hard-limit",
            Self::HardLimitUnclear => "hard-limit-unclear",
        }
    }
}

/// What a row means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing is wrong.
    Passes,
    /// It is slower, and a limit allows it.
    Allowed,
    /// It would fail, and is muted.
    Muted,
    /// Nothing can be said.
    Undecided,
    /// A regression.
    Fails,
}

impl Effect {
    /// The name used in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Allowed => "allowed",
            Self::Muted => "muted",
            Self::Undecided => "undecided",
            Self::Fails => "fails",
        }
    }
}

/// The limits that hold for a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowLimit {
    /// A slowdown up to this is allowed, percent of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_percent: Option<f64>,
    /// Values above this fail whatever the baseline says, in the row's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard: Option<f64>,
}

/// A second, independent comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Candidate over baseline, with its 95 % interval.
    pub ratio: Estimate,
    /// Probability of such a difference where there is none.
    pub p_value: f64,
    /// What it says by itself.
    pub verdict: Verdict,
}

/// Why a row does not count for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// What whoever muted it said.
    pub reason: String,
    /// The last day on which it holds, such as 2026-12-31, in UTC.
    pub until: String,
}

impl Outcome {
    /// The worst of all rows. An outcome without rows cannot tell, nor can one that ended early.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let worst = self.candidates.iter().map(Candidate::effect).max();
        let worst = worst.unwrap_or(Effect::Undecided);
        if self.interrupted { worst.max(Effect::Undecided) } else { worst }
    }
}

impl Candidate {
    /// The worst of its rows. Without any, nothing can be said.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.rows.iter().map(|row| row.effect).max().unwrap_or(Effect::Undecided)
    }
}
