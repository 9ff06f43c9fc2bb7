//! Operations as data. Each maps N input records of fixed size to N output records.

use serde::{Deserialize, Serialize};

use crate::descriptor::RECORD_BYTES;

/// A record map that every backend may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// 24-byte descriptor to 1-byte verdict.
    Decide,
}

impl Op {
    /// Every operation.
    pub const ALL: [Self; 1] = [Self::Decide];

    /// The name used in JSON, tables and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
        }
    }

    /// Bytes of one input record.
    #[must_use]
    pub const fn input_bytes(self) -> usize {
        match self {
            Self::Decide => RECORD_BYTES,
        }
    }

    /// Bytes of one output record.
    #[must_use]
    pub const fn output_bytes(self) -> usize {
        match self {
            Self::Decide => 1,
        }
    }
}
