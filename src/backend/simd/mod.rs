//! Vector instructions of one core: the registry lines of each tier, and what each needs.
//!
//! A tier is a set of processor features and a kernel compiled for them. Probing compares two
//! sets and does nothing else, so that which tier is chosen is a pure function of the features.

// Vector loads and stores, and functions compiled for features that must be checked first.
#![allow(unsafe_code)]
// What is not inlined into the function that is compiled for those features is not fast.
#![allow(clippy::inline_always)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod driver;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod fold;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod read;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;

use super::{
    BackendEntry, BackendKind, Capability, OpenError, OpenOptions, Opened, ProbeContext,
    Unavailable,
};
use crate::{host::cpu::Features, op::Op};

/// What `simd-avx512` needs.
const AVX512_NEEDS: Features = Features::AVX512F
    .union(Features::AVX512BW)
    .union(Features::AVX512VL)
    .union(Features::AVX512VBMI)
    .union(Features::GFNI);

/// What `simd-avx2` needs.
const AVX2_NEEDS: Features = Features::AVX2;

/// What `simd-neon` needs.
const NEON_NEEDS: Features = Features::NEON;

/// The registry line of 512-bit vectors with bit matrices.
pub static AVX512: BackendEntry = BackendEntry {
    id: "simd-avx512",
    kind: BackendKind::Simd,
    summary: "AVX-512: the checksum as 8 x 8 bit matrices (GFNI), 16 records at a time",
    probe: |context| probe(context, "x86-64", cfg!(target_arch = "x86_64"), AVX512_NEEDS),
    open: open_avx512,
};

/// The registry line of 256-bit vectors.
pub static AVX2: BackendEntry = BackendEntry {
    id: "simd-avx2",
    kind: BackendKind::Simd,
    summary: "AVX2: the checksum by folding, 32 records at a time",
    probe: |context| probe(context, "x86-64", cfg!(target_arch = "x86_64"), AVX2_NEEDS),
    open: open_avx2,
};

/// The registry line of 128-bit vectors of 64-bit Arm.
pub static NEON: BackendEntry = BackendEntry {
    id: "simd-neon",
    kind: BackendKind::Simd,
    summary: "NEON: the checksum by folding, 16 records at a time",
    probe: |context| probe(context, "64-bit Arm", cfg!(target_arch = "aarch64"), NEON_NEEDS),
    open: open_neon,
};

fn probe(
    context: &ProbeContext,
    arch: &'static str,
    is_arch: bool,
    needs: Features,
) -> Result<Capability, Unavailable> {
    if !is_arch {
        return Err(Unavailable::WrongArch { needs: arch });
    }
    context.require(needs)?;
    Ok(Capability::new(needs.to_string()))
}

/// Whether this very processor has the features, whatever a context says: what the safety of
/// every kernel here rests on.
fn proven(needs: Features) -> Result<(), Unavailable> {
    ProbeContext::with(Features::detect()).require(needs)
}

#[cfg(target_arch = "x86_64")]
fn open_avx512(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    let kernel = avx512::Kernel::new()?;
    match options.op {
        Op::Decide => Ok(Opened::host_map(move |input, out| kernel.decide_all(input, out))),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn open_avx512(_: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    Err(Unavailable::WrongArch { needs: "x86-64" }.into())
}

#[cfg(target_arch = "x86_64")]
fn open_avx2(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    let kernel = avx2::Kernel::new()?;
    match options.op {
        Op::Decide => Ok(Opened::host_map(move |input, out| kernel.decide_all(input, out))),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn open_avx2(_: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    Err(Unavailable::WrongArch { needs: "x86-64" }.into())
}

#[cfg(target_arch = "aarch64")]
fn open_neon(_: &ProbeContext, options: OpenOptions) -> Result<Opened, OpenError> {
    let kernel = neon::Kernel::new()?;
    match options.op {
        Op::Decide => Ok(Opened::host_map(move |input, out| kernel.decide_all(input, out))),
    }
}

#[cfg(not(target_arch = "aarch64"))]
fn open_neon(_: &ProbeContext, _: OpenOptions) -> Result<Opened, OpenError> {
    Err(Unavailable::WrongArch { needs: "64-bit Arm" }.into())
}
