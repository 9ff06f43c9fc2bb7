//! Why limits are refused.

use thiserror::Error;

use super::{MUTE, VERSION};

/// Why a file of limits is refused.
#[derive(Debug, Error)]
pub enum LimitsError {
    /// No TOML, or keys that there are not. The message names line and column.
    #[error("{}", .0.to_string().trim_end())]
    Syntax(#[from] toml::de::Error),
    /// Another version.
    #[error("version = {0}: this nanogate reads version {VERSION}")]
    Version(u32),
    /// A number out of its range.
    #[error("{name} = {value}: must be a number of percent {range}")]
    Percent {
        /// The key.
        name: &'static str,
        /// What it says.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A hard limit that cannot be read.
    #[error("hard = \"{0}\": write it as `p99 <= 900 ns`, in ns, us, ms, cycles, count or bytes")]
    Hard(String),
    /// A mute without a reason.
    #[error("[[mute]] for {0}: `reason` is empty; say why, for whoever reads it next")]
    NoReason(String),
    /// A name that no row of any gate has.
    #[error("{table} for {rows}: no gate has the {what} `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// `[[limit]]` or `[[mute]]`.
        table: &'static str,
        /// What it selects.
        rows: String,
        /// `backend`, `method` or `metric`.
        what: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

impl LimitsError {
    /// The key of a profile below which it lies.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Version(_) => "limits.version",
            Self::Percent { name: "family_error_percent", .. } => "limits.family_error_percent",
            Self::NoReason(_) | Self::Unknown { table: MUTE, .. } => "limits.mute",
            Self::Unknown { .. } | Self::Hard(_) | Self::Percent { .. } => "limits.limit",
            Self::Syntax(_) => "limits",
        }
    }
}
