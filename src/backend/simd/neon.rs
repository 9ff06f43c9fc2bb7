//! The fold in 128-bit vectors: one unit, so 16 records at a time.

use std::{
    arch::aarch64::{
        uint8x16_t, vandq_u8, vbslq_u8, vceqq_u16, vceqq_u32, vcombine_u8, veorq_u8, vget_high_u8,
        vget_low_u8, vld1q_u8, vqtbl1q_u8, vreinterpretq_u8_u16, vreinterpretq_u8_u32,
        vreinterpretq_u8_u64, vreinterpretq_u16_u8, vreinterpretq_u32_u8, vreinterpretq_u64_u8,
        vshlq_n_u16, vshlq_n_u32, vshlq_n_u64, vshrq_n_u16, vshrq_n_u32, vshrq_n_u64, vst1q_u8,
        vtrn1q_u16, vtrn2q_u16, vuzp1q_u8, vuzp1q_u32, vuzp2q_u32,
    },
    ops::{BitAnd, BitXor},
};

use super::{
    NEON_NEEDS, Unavailable, fold, proven,
    vector::{Row, Vector},
};

/// Holding one is the proof that this processor has what the kernel needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel(());

impl Kernel {
    /// Checks the processor.
    pub(super) fn new() -> Result<Self, Unavailable> {
        proven(NEON_NEEDS).map(Self)
    }

    /// One verdict per record. Both lengths were checked.
    pub(super) fn decide_all(self, input: &[u8], out: &mut [u8]) {
        // SAFETY: a kernel is the proof that the processor has NEON.
        unsafe { decide_all(self, input, out) }
    }
}

/// The only function that is compiled for NEON: all others are inlined into it.
#[target_feature(enable = "neon")]
fn decide_all(kernel: Kernel, input: &[u8], out: &mut [u8]) {
    fold::decide_all::<Bytes16>(kernel, input, out);
}

/// 16 bytes. Made from a kernel or another such vector only, so it is a proof as well.
#[derive(Clone, Copy)]
struct Bytes16(uint8x16_t);

/// Calls intrinsics that read and write no memory.
macro_rules! neon {
    ($call:expr) => {
        // SAFETY: `self` is the proof that the processor has NEON, and memory is not touched.
        Self(unsafe { $call })
    };
}

impl BitXor for Bytes16 {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        neon!(veorq_u8(self.0, other.0))
    }
}

impl BitAnd for Bytes16 {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        neon!(vandq_u8(self.0, other.0))
    }
}

impl Vector for Bytes16 {
    type Proof = Kernel;
    const UNITS: usize = 1;

    #[inline(always)]
    fn load(_: Kernel, first: &Row, _: &Row) -> Self {
        // SAFETY: the kernel is the proof, and the reference is to 16 bytes.
        Self(unsafe { vld1q_u8(first.as_ptr()) })
    }

    #[inline(always)]
    fn splat(_: Kernel, row: Row) -> Self {
        // SAFETY: the kernel is the proof, and the row has 16 bytes.
        Self(unsafe { vld1q_u8(row.as_ptr()) })
    }

    #[inline(always)]
    fn units(self) -> [Row; 2] {
        let mut row = [0; 16];
        // SAFETY: `self` is the proof, and the row has 16 bytes.
        unsafe { vst1q_u8(row.as_mut_ptr(), self.0) };
        [row; 2]
    }

    #[inline(always)]
    fn shuffle(self, index: Self) -> Self {
        neon!(vqtbl1q_u8(self.0, index.0))
    }

    #[inline(always)]
    fn lookup(self, index: Self) -> Self {
        neon!(vqtbl1q_u8(self.0, index.0))
    }

    #[inline(always)]
    fn select(self, yes: Self, no: Self) -> Self {
        neon!(vbslq_u8(self.0, yes.0, no.0))
    }

    #[inline(always)]
    fn even_and_odd64(self, odd: Self) -> Self {
        neon!(vcombine_u8(vget_low_u8(self.0), vget_high_u8(odd.0)))
    }

    #[inline(always)]
    fn evens32(self, next: Self) -> Self {
        neon!(vreinterpretq_u8_u32(vuzp1q_u32(
            vreinterpretq_u32_u8(self.0),
            vreinterpretq_u32_u8(next.0)
        )))
    }

    #[inline(always)]
    fn odds32(self, next: Self) -> Self {
        neon!(vreinterpretq_u8_u32(vuzp2q_u32(
            vreinterpretq_u32_u8(self.0),
            vreinterpretq_u32_u8(next.0)
        )))
    }

    #[inline(always)]
    fn evens16(self, next: Self) -> Self {
        neon!(vreinterpretq_u8_u16(vtrn1q_u16(
            vreinterpretq_u16_u8(self.0),
            vreinterpretq_u16_u8(next.0)
        )))
    }

    #[inline(always)]
    fn odds16(self, next: Self) -> Self {
        neon!(vreinterpretq_u8_u16(vtrn2q_u16(
            vreinterpretq_u16_u8(self.0),
            vreinterpretq_u16_u8(next.0)
        )))
    }

    #[inline(always)]
    fn narrow(self, next: Self) -> Self {
        neon!(vuzp1q_u8(self.0, next.0))
    }

    #[inline(always)]
    fn equal32(self, other: Self) -> Self {
        neon!(vreinterpretq_u8_u32(vceqq_u32(
            vreinterpretq_u32_u8(self.0),
            vreinterpretq_u32_u8(other.0)
        )))
    }

    #[inline(always)]
    fn equal16(self, other: Self) -> Self {
        neon!(vreinterpretq_u8_u16(vceqq_u16(
            vreinterpretq_u16_u8(self.0),
            vreinterpretq_u16_u8(other.0)
        )))
    }

    #[inline(always)]
    fn shl64<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u64(vshlq_n_u64::<BITS>(vreinterpretq_u64_u8(self.0))))
    }

    #[inline(always)]
    fn shr64<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u64(vshrq_n_u64::<BITS>(vreinterpretq_u64_u8(self.0))))
    }

    #[inline(always)]
    fn shl32<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u32(vshlq_n_u32::<BITS>(vreinterpretq_u32_u8(self.0))))
    }

    #[inline(always)]
    fn shr32<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u32(vshrq_n_u32::<BITS>(vreinterpretq_u32_u8(self.0))))
    }

    #[inline(always)]
    fn shl16<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u16(vshlq_n_u16::<BITS>(vreinterpretq_u16_u8(self.0))))
    }

    #[inline(always)]
    fn shr16<const BITS: i32>(self) -> Self {
        neon!(vreinterpretq_u8_u16(vshrq_n_u16::<BITS>(vreinterpretq_u16_u8(self.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::simd::{driver, fold::tests::folds_are_right};

    /// The folds, and whole batches of every length and alignment.
    #[test]
    fn neon_is_golden() {
        let Some(kernel) = driver::available("simd-neon", Kernel::new()) else { return };
        folds_are_right::<Bytes16>(kernel);
        driver::assert_golden(|input, out| kernel.decide_all(input, out));
    }
}
