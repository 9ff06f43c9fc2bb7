//! Which vector instructions this processor has, and which of them are to be seen.
//!
//! Hiding a feature makes detection blind to it while the code for it stays compiled in, so that
//! every tier can be tested on any machine that has it.

use std::fmt;

use thiserror::Error;

use crate::nearest;

/// Environment variable with features to hide, comma-separated, such as `avx512f,gfni`.
pub const HIDE_VARIABLE: &str = "NANOGATE_HIDE_CPU";

bitflags::bitflags! {
    /// A set of processor features that kernels ask for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Features: u16 {
        /// 256-bit integer vectors.
        const AVX2 = 1;
        /// 512-bit vectors and masks.
        const AVX512F = 1 << 1;
        /// 512-bit vectors of bytes and words.
        const AVX512BW = 1 << 2;
        /// AVX-512 on shorter vectors.
        const AVX512VL = 1 << 3;
        /// Permutations of bytes over whole vectors.
        const AVX512VBMI = 1 << 4;
        /// 8 x 8 bit matrices times bytes.
        const GFNI = 1 << 5;
        /// 128-bit vectors of 64-bit Arm.
        const NEON = 1 << 6;
    }
}

/// A name that no feature has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no processor feature `{name}`; known: {known}{}", nearest::hint(.name, .known.split(',')))]
pub struct UnknownFeature {
    /// The name.
    pub name: String,
    /// The names there are.
    pub known: String,
}

impl Features {
    /// The features of this processor that the operating system lets us use.
    #[must_use]
    pub fn detect() -> Self {
        detect()
    }

    /// Reads a list of names. Empty parts are left out.
    pub fn parse(list: &str) -> Result<Self, UnknownFeature> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(Self::named).collect()
    }

    fn named(name: &str) -> Result<Self, UnknownFeature> {
        Self::from_name(&name.to_ascii_uppercase())
            .ok_or_else(|| UnknownFeature { name: name.to_owned(), known: Self::all().to_string() })
    }

    /// The names, in lower case.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter_names().map(|(name, _)| name.to_ascii_lowercase())
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Features {
    macro_rules! detected {
        ($($name:tt => $feature:ident),* $(,)?) => {
            [$((std::arch::is_x86_feature_detected!($name), Features::$feature)),*]
        };
    }
    let all = detected!(
        "avx2" => AVX2,
        "avx512f" => AVX512F,
        "avx512bw" => AVX512BW,
        "avx512vl" => AVX512VL,
        "avx512vbmi" => AVX512VBMI,
        "gfni" => GFNI,
    );
    all.into_iter().filter(|(has, _)| *has).map(|(_, feature)| feature).collect()
}

/// Every 64-bit Arm processor that Rust targets has NEON.
#[cfg(target_arch = "aarch64")]
fn detect() -> Features {
    Features::NEON
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect() -> Features {
    Features::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists are read as they are printed; what is no feature is named.
    #[test]
    fn lists_are_read() {
        assert_eq!(Features::parse(&Features::all().to_string()), Ok(Features::all()));
        assert_eq!(Features::parse(" gfni, avx2,"), Ok(Features::GFNI | Features::AVX2));
        assert_eq!(Features::parse(""), Ok(Features::empty()));
        let error = Features::parse("avx2,avx9").unwrap_err();
        assert!(error.to_string().contains("`avx9`; known: avx2,avx512f"), "{error}");
    }
}
