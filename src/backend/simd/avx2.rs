//! The fold in 256-bit vectors: two units, so 32 records at a time.

use std::{
    arch::x86_64::{
        __m256i, _mm_loadu_si128, _mm256_add_epi8, _mm256_and_si256, _mm256_blend_epi16,
        _mm256_blend_epi32, _mm256_blendv_epi8, _mm256_broadcastsi128_si256, _mm256_castps_si256,
        _mm256_castsi256_ps, _mm256_cmpeq_epi16, _mm256_cmpeq_epi32, _mm256_loadu2_m128i,
        _mm256_packs_epi16, _mm256_set1_epi8, _mm256_shuffle_epi8, _mm256_shuffle_ps,
        _mm256_slli_epi16, _mm256_slli_epi32, _mm256_slli_epi64, _mm256_srli_epi16,
        _mm256_srli_epi32, _mm256_srli_epi64, _mm256_storeu2_m128i, _mm256_xor_si256,
    },
    ops::{BitAnd, BitXor},
};

use super::{
    AVX2_NEEDS, Unavailable, fold, proven,
    vector::{Row, Vector},
};

/// Holding one is the proof that this processor has what the kernel needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel(());

impl Kernel {
    /// Checks the processor.
    pub(super) fn new() -> Result<Self, Unavailable> {
        proven(AVX2_NEEDS).map(Self)
    }

    /// One verdict per record. Both lengths were checked.
    pub(super) fn decide_all(self, input: &[u8], out: &mut [u8]) {
        // SAFETY: a kernel is the proof that the processor has AVX2.
        unsafe { decide_all(self, input, out) }
    }
}

/// The only function that is compiled for AVX2: all others are inlined into it.
#[target_feature(enable = "avx2")]
fn decide_all(kernel: Kernel, input: &[u8], out: &mut [u8]) {
    fold::decide_all::<Bytes32>(kernel, input, out);
}

/// 32 bytes. Made from a kernel or another such vector only, so it is a proof as well.
#[derive(Clone, Copy)]
struct Bytes32(__m256i);

/// Calls intrinsics that read and write no memory.
macro_rules! avx2 {
    ($call:expr) => {
        // SAFETY: `self` is the proof that the processor has AVX2, and memory is not touched.
        Self(unsafe { $call })
    };
}

impl BitXor for Bytes32 {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        avx2!(_mm256_xor_si256(self.0, other.0))
    }
}

impl BitAnd for Bytes32 {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        avx2!(_mm256_and_si256(self.0, other.0))
    }
}

impl Vector for Bytes32 {
    type Proof = Kernel;
    const UNITS: usize = 2;

    #[inline(always)]
    fn load(_: Kernel, first: &Row, last: &Row) -> Self {
        let (first, last): (*const Row, *const Row) = (first, last);
        // SAFETY: the kernel is the proof, and each reference is to 16 bytes.
        Self(unsafe { _mm256_loadu2_m128i(last.cast(), first.cast()) })
    }

    #[inline(always)]
    fn splat(_: Kernel, row: Row) -> Self {
        let row: *const Row = &raw const row;
        // SAFETY: the kernel is the proof, and the row has 16 bytes.
        Self(unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(row.cast())) })
    }

    #[inline(always)]
    fn units(self) -> [Row; 2] {
        let mut rows = [[0; 16]; 2];
        let [first, last] = rows.each_mut().map(|row| &raw mut *row);
        // SAFETY: `self` is the proof, and each row has 16 bytes.
        unsafe { _mm256_storeu2_m128i(last.cast(), first.cast(), self.0) };
        rows
    }

    #[inline(always)]
    fn shuffle(self, index: Self) -> Self {
        avx2!(_mm256_shuffle_epi8(self.0, index.0))
    }

    #[inline(always)]
    fn lookup(self, index: Self) -> Self {
        // Puts bit 7 where bit 4 was, and leaves the low bits.
        avx2!(_mm256_shuffle_epi8(self.0, _mm256_add_epi8(index.0, _mm256_set1_epi8(0x70))))
    }

    #[inline(always)]
    fn select(self, yes: Self, no: Self) -> Self {
        avx2!(_mm256_blendv_epi8(no.0, yes.0, self.0))
    }

    #[inline(always)]
    fn even_and_odd64(self, odd: Self) -> Self {
        avx2!(_mm256_blend_epi32::<0b1100_1100>(self.0, odd.0))
    }

    #[inline(always)]
    fn evens32(self, next: Self) -> Self {
        avx2!(_mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(
            _mm256_castsi256_ps(self.0),
            _mm256_castsi256_ps(next.0),
        )))
    }

    #[inline(always)]
    fn odds32(self, next: Self) -> Self {
        avx2!(_mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(
            _mm256_castsi256_ps(self.0),
            _mm256_castsi256_ps(next.0),
        )))
    }

    #[inline(always)]
    fn evens16(self, next: Self) -> Self {
        avx2!(_mm256_blend_epi16::<0b1010_1010>(self.0, _mm256_slli_epi32::<16>(next.0)))
    }

    #[inline(always)]
    fn odds16(self, next: Self) -> Self {
        avx2!(_mm256_blend_epi16::<0b1010_1010>(_mm256_srli_epi32::<16>(self.0), next.0))
    }

    #[inline(always)]
    fn narrow(self, next: Self) -> Self {
        avx2!(_mm256_packs_epi16(self.0, next.0))
    }

    #[inline(always)]
    fn equal32(self, other: Self) -> Self {
        avx2!(_mm256_cmpeq_epi32(self.0, other.0))
    }

    #[inline(always)]
    fn equal16(self, other: Self) -> Self {
        avx2!(_mm256_cmpeq_epi16(self.0, other.0))
    }

    #[inline(always)]
    fn shl64<const BITS: i32>(self) -> Self {
        avx2!(_mm256_slli_epi64::<BITS>(self.0))
    }

    #[inline(always)]
    fn shr64<const BITS: i32>(self) -> Self {
        avx2!(_mm256_srli_epi64::<BITS>(self.0))
    }

    #[inline(always)]
    fn shl32<const BITS: i32>(self) -> Self {
        avx2!(_mm256_slli_epi32::<BITS>(self.0))
    }

    #[inline(always)]
    fn shr32<const BITS: i32>(self) -> Self {
        avx2!(_mm256_srli_epi32::<BITS>(self.0))
    }

    #[inline(always)]
    fn shl16<const BITS: i32>(self) -> Self {
        avx2!(_mm256_slli_epi16::<BITS>(self.0))
    }

    #[inline(always)]
    fn shr16<const BITS: i32>(self) -> Self {
        avx2!(_mm256_srli_epi16::<BITS>(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::simd::{driver, fold::tests::folds_are_right};

    /// The folds, and whole batches of every length and alignment.
    #[test]
    fn avx2_is_golden() {
        let Some(kernel) = driver::available("simd-avx2", Kernel::new()) else { return };
        folds_are_right::<Bytes32>(kernel);
        driver::assert_golden(|input, out| kernel.decide_all(input, out));
    }
}
