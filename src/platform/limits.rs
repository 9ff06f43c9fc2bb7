//! The limits of a gate, as a profile holds them: the same keys as in a file of limits.
//!
//! What stands in `limit` and `mute` is read by the gate itself, which is of a higher layer.

use serde::{Deserialize, Serialize};

/// The table `limits`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsTable {
    /// Version of the format of limits.
    pub version: u32,
    /// Bound on the probability that any row claims a difference where there is none, percent.
    pub family_error_percent: f64,
    /// What is noise, what is allowed, and for which rows.
    pub limit: Vec<toml::Table>,
    /// What does not count, why, and until when.
    pub mute: Vec<toml::Table>,
}
