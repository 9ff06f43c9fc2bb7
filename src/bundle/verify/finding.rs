//! What may be wrong with a bundle.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::bundle::MANIFEST;

/// What is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finding {
    /// There is no list of files, or not the one that was written.
    Manifest {
        /// Why.
        reason: String,
    },
    /// A file that every such bundle has is not there.
    Missing {
        /// Its name.
        file: String,
    },
    /// A file that no such bundle has is there.
    Additional {
        /// Its name.
        file: String,
    },
    /// A file is not what was written.
    Changed {
        /// Its name.
        file: String,
        /// What it is, and what it was.
        how: String,
    },
    /// A file cannot be read, or not as what it ought to be.
    Unreadable {
        /// Its name; `.` is the folder.
        file: String,
        /// Why.
        reason: String,
    },
    /// No figure was made again.
    NotRecomputed {
        /// Why.
        reason: String,
    },
    /// Figures for which there are no readings.
    Unfounded {
        /// The part of the record.
        part: String,
        /// Why.
        reason: String,
    },
    /// A figure that does not follow from the readings.
    Differs {
        /// The part of the record.
        part: String,
        /// The figure.
        statistic: String,
        /// As it is in the record.
        recorded: Value,
        /// As it follows.
        recomputed: Value,
    },
    /// Readings that the record says nothing of.
    Unclaimed {
        /// What was measured.
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { reason } => write!(f, "{MANIFEST}: {reason}"),
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Additional { file } => {
                write!(f, "{file} is additional: it is no part of this bundle")
            }
            Self::Changed { file, how } => write!(f, "{file} was changed: {how}"),
            Self::Unreadable { file, reason } => write!(f, "{file} cannot be read: {reason}"),
            Self::NotRecomputed { reason } => write!(f, "no figure was recomputed: {reason}"),
            Self::Unfounded { part, reason } => write!(f, "{part}: {reason}"),
            Self::Differs { part, statistic, recorded, recomputed } => {
                let figure = if statistic.is_empty() { "" } else { ": " };
                write!(
                    f,
                    "{part}{figure}{statistic} is recorded as {recorded}, and follows as \
                     {recomputed}"
                )
            }
            Self::Unclaimed { what } => write!(f, "the record lacks what was measured: {what}"),
        }
    }
}
