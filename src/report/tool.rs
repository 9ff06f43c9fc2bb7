//! The program that measured, as records name it.

use serde::{Deserialize, Serialize};

/// The program that measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Package version.
    pub version: String,
    /// Source revision; `-dirty` when there were changes; `unknown` outside a checkout.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
    /// Compiler version.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// Extra compiler flags.
    pub rustflags: String,
}

impl Tool {
    /// This program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("NANOGATE_COMMIT").into(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
            rustc: env!("NANOGATE_RUSTC").into(),
            target: env!("NANOGATE_TARGET").into(),
            rustflags: env!("NANOGATE_RUSTFLAGS").trim().into(),
        }
    }
}
