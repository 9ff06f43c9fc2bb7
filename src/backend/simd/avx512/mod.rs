//! AVX-512 with GFNI: the checksum as 8 x 8 bit matrices, on transposed bytes.
//!
//! The checksum is affine over GF(2): 16 bytes behind a right header go in, 16 bits come out, so
//! each byte position has two 8 x 8 bit matrices, and `vgf2p8affineqb` multiplies 64 bytes by
//! theirs at once, provided that the 8 bytes of a quadword share a position.
//!
//! ```text
//! for each block of 32 records, two units of two groups of 8, the frame shifted by 6 bytes:
//!   gather  3 loads a group; blends sort its 24 quadwords into classes A, B, C, since the 8
//!           quadwords of a class lie in 8 different lanes; vpermt2b transposes both groups of a
//!           unit into 4 vectors, each of 4 positions x 16 records
//!   sum     4 matrix products, added: half of the lanes low checksum bytes, half high ones; 4
//!           more with the halves exchanged, swapped back and added, and the stored checksum
//!           with them: what is left are two parts of each byte that must be equal
//!   finish  the parts of both units against each other, the risk bits looked up in a table, the
//!           verdict masked in
//! ```
//!
//! Class C holds a record's checksum and the header of the record behind it, so that one vector
//! comparison tells whether all headers of a block are right. Where one is not, the block's
//! headers are read again and its verdicts mended, which takes about as long again: time depends
//! on the data only where headers are wrong. `EVIDENCE.md` beside this folder has the counts of
//! instructions, what bounds them, and what was tried.

mod tables;

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_mask_permutexvar_epi8,
    _mm256_mask_set1_epi8, _mm256_mask_storeu_epi8, _mm256_set1_epi8, _mm256_storeu_si256,
    _mm512_castsi512_si128, _mm512_castsi512_si256, _mm512_cmpeq_epi8_mask,
    _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512, _mm512_mask_blend_epi64,
    _mm512_mask2_permutex2var_epi8, _mm512_maskz_loadu_epi8, _mm512_or_si512,
    _mm512_permutex2var_epi8, _mm512_permutex2var_epi64, _mm512_permutexvar_epi64,
    _mm512_set1_epi64, _mm512_setr_epi64, _mm512_shuffle_i64x2, _mm512_ternarylogic_epi64,
    _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::{AVX512_NEEDS, Unavailable, proven};
use crate::{
    backend::record::{self, HEADER_BYTES, HEADER_WORD, VERDICTS},
    descriptor::RECORD_BYTES,
    verdict::{Fault, Verdict},
};
use tables::{
    Bytes, Class, HIGH_LOW, LOW_HIGH, MAGIC_MASK, Matrices, STORED, STORED_LANES, TRANSPOSE,
    VECTOR_BYTES, VERSION_MASK, lanes,
};

/// Records of a group, whose quadwords fill three vectors.
const GROUP: usize = 8;
/// Records of a unit, whose bytes of one position fill a 16-byte lane.
const UNIT: usize = 2 * GROUP;
/// Records of a block, whose verdicts are one store.
const BLOCK: usize = 2 * UNIT;
/// Blocks whose headers are looked at together: as many as there are bits to note them.
const STRETCH: usize = u128::BITS as usize;
/// Up to so many records are decided one by one, which is then faster.
const FEW: usize = 4;
/// Bytes of a group.
const GROUP_BYTES: usize = GROUP * RECORD_BYTES;
/// Bytes of a unit.
const UNIT_BYTES: usize = UNIT * RECORD_BYTES;
/// Bytes of a block.
const BLOCK_BYTES: usize = BLOCK * RECORD_BYTES;

/// Holding one is the proof that this processor has what the kernel needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel(());

impl Kernel {
    /// Checks the processor.
    pub(super) fn new() -> Result<Self, Unavailable> {
        proven(AVX512_NEEDS).map(Self)
    }

    /// One verdict per record. Both lengths were checked.
    #[allow(clippy::unused_self, reason = "it is the proof")]
    pub(super) fn decide_all(self, input: &[u8], out: &mut [u8]) {
        if out.len() <= FEW {
            record::decide_all(input, out);
        } else {
            // SAFETY: `new` has proven every feature that the function is compiled for.
            unsafe { decide_all(input, out) }
        }
    }
}

/// What stays in registers.
struct Constants {
    transpose: [__m512i; 4],
    low_high: [__m512i; 4],
    high_low: [__m512i; 4],
    stored: __m512i,
    header: __m512i,
}

/// A unit after `gather`.
#[derive(Clone, Copy)]
struct Gathered {
    /// Bytes by position.
    positions: [__m512i; 4],
    /// Stored checksums, and what a right header adds.
    stored: __m512i,
    /// Not zero in bits 16..64 of a lane where a header is wrong.
    strange: __m512i,
}

/// A unit after `sum`.
#[derive(Clone, Copy)]
struct Summed {
    /// Two parts of the low byte, then two of the high byte; each pair equal in a valid record.
    parts: __m512i,
    /// The bytes with the risk bits, in the lowest 16 bytes.
    flags: __m512i,
}

/// Which records of a block have a wrong magic, and which a wrong version: one bit each.
#[derive(Clone, Copy)]
struct Headers {
    magic: u32,
    version: u32,
}

/// More than a few records.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn decide_all(input: &[u8], out: &mut [u8]) {
    // A block needs the header behind it, so the last record is never in one.
    let whole = (out.len() - 1) / BLOCK;
    let (out, tail_out) = out.split_at_mut(whole * BLOCK);
    for (index, stretch) in out.as_chunks_mut().0.chunks_mut(STRETCH).enumerate() {
        decide_stretch(&input[index * STRETCH * BLOCK_BYTES..], stretch);
    }
    decide_tail(&input[whole * BLOCK_BYTES..], tail_out);
}

/// Whole blocks, at most [`STRETCH`], then their headers where one was strange.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn decide_stretch(input: &[u8], out: &mut [[u8; BLOCK]]) {
    let strange = decide_blocks(input, out);
    let is_first_strange = input[..HEADER_BYTES] != HEADER_WORD.to_le_bytes()[..HEADER_BYTES];
    // A strange header may be the first one of the next block.
    let mut wanting = strange | strange << 1 | u128::from(is_first_strange);
    while let Some(verdicts) = out.get_mut(wanting.trailing_zeros() as usize) {
        let index = wanting.trailing_zeros() as usize;
        mend(&input[index * BLOCK_BYTES..][..BLOCK_BYTES], verdicts);
        wanting &= wanting - 1;
    }
}

/// Verdicts of whole blocks, right if the headers are. Bit `i` of the result is set where block
/// `i` shows a wrong header: one of its own but the first, or that of the record behind it.
///
/// In one turn a block is gathered while the one before it is summed and finished: the processor
/// has too few registers to keep as many instructions waiting for one another.
/// There is no call and no other branch in the loop, for which all vector and mask registers
/// would have to be saved.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn decide_blocks(input: &[u8], out: &mut [[u8; BLOCK]]) -> u128 {
    let constants = constants();
    let count = out.len();
    assert!(count > 0 && count <= STRETCH && input.len() >= count * BLOCK_BYTES + HEADER_BYTES);
    let gather_unit = |index: usize, unit: usize| {
        // SAFETY: all blocks lie within `input`, as was just checked, and `index` is below `count`.
        let block = unsafe { block_at(input, index) };
        gather(&constants, |at| load(block, unit * UNIT_BYTES + at))
    };
    let mut strange = 0;
    let mut note = |first: &Gathered, second: &Gathered| {
        let is_strange = u128::from(is_strange(first, second));
        strange = strange >> 1 | is_strange << (STRETCH - 1);
    };
    let (mut first, mut second) = (gather_unit(0, 0), gather_unit(0, 1));
    note(&first, &second);
    for (index, verdicts) in out[..count - 1].iter_mut().enumerate() {
        let summed = sum(&constants, &first);
        first = gather_unit(index + 1, 0);
        let also = sum(&constants, &second);
        second = gather_unit(index + 1, 1);
        store(verdicts, finish(summed, also));
        note(&first, &second);
    }
    store(&mut out[count - 1], finish(sum(&constants, &first), sum(&constants, &second)));
    strange >> (STRETCH - count)
}

/// A block, and the header of the record behind it.
#[inline]
unsafe fn block_at(input: &[u8], index: usize) -> &[u8] {
    let start = index * BLOCK_BYTES;
    // SAFETY: the caller has checked that this block lies within `input`.
    unsafe { input.get_unchecked(start..start + BLOCK_BYTES + HEADER_BYTES) }
}

/// Up to a block, which may end where memory ends: what is not there is not read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn decide_tail(input: &[u8], out: &mut [u8]) {
    let constants = constants();
    let first = sum(&constants, &gather(&constants, |at| load_part(input, at)));
    let second = if out.len() > UNIT {
        sum(&constants, &gather(&constants, |at| load_part(input, UNIT_BYTES + at)))
    } else {
        first
    };
    let verdicts = headers(input).mend(finish(first, second));
    // SAFETY: the mask has one bit for each byte of `out`, at most 32.
    unsafe {
        _mm256_mask_storeu_epi8(out.as_mut_ptr().cast(), low_bits(out.len()) as u32, verdicts);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn constants() -> Constants {
    let bytes = |bytes: &Bytes| load(&bytes.0, 0);
    let matrices = |matrices: &Matrices| load(bytemuck::bytes_of(&matrices.0), 0);
    Constants {
        transpose: TRANSPOSE.each_ref().map(bytes),
        low_high: LOW_HIGH.each_ref().map(matrices),
        high_low: HIGH_LOW.each_ref().map(matrices),
        stored: bytes(&STORED),
        header: _mm512_set1_epi64((HEADER_WORD << 16) as i64),
    }
}

/// A unit, given how to load the vector at a byte offset from its first record.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn gather(constants: &Constants, load: impl Fn(usize) -> __m512i) -> Gathered {
    let group = |start: usize| {
        let vectors = [0, 1, 2].map(|index| load(start + HEADER_BYTES + index * VECTOR_BYTES));
        (
            sorted::<{ Class::A as usize }>(vectors),
            sorted::<{ Class::B as usize }>(vectors),
            sorted::<{ Class::C as usize }>(vectors),
        )
    };
    let (a, b, c) = group(0);
    let (a2, b2, c2) = group(GROUP_BYTES);
    let [first, second, third, fourth] = constants.transpose;
    Gathered {
        positions: [
            _mm512_permutex2var_epi8(a, first, a2),
            _mm512_permutex2var_epi8(a, second, a2),
            _mm512_permutex2var_epi8(b, third, b2),
            _mm512_permutex2var_epi8(b, fourth, b2),
        ],
        stored: _mm512_mask2_permutex2var_epi8(c, constants.stored, STORED_LANES, c2),
        // Not all equal: 0 only where c, c2 and the header agree.
        strange: _mm512_ternarylogic_epi64(c, c2, constants.header, 0x7e),
    }
}

/// Whether one of the headers that two units show is wrong.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn is_strange(first: &Gathered, second: &Gathered) -> bool {
    let strange = _mm512_or_si512(first.strange, second.strange);
    _mm512_test_epi64_mask(strange, _mm512_set1_epi64(!0xffff)) != 0
}

/// The 8 quadwords of a class, one in each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn sorted<const CLASS: usize>(vectors: [__m512i; 3]) -> __m512i {
    let [second, third] = const { lanes(CLASS) };
    let two = _mm512_mask_blend_epi64(second, vectors[0], vectors[1]);
    _mm512_mask_blend_epi64(third, two, vectors[2])
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn sum(constants: &Constants, unit: &Gathered) -> Summed {
    let low_high = products(unit.positions, constants.low_high);
    let high_low = products(unit.positions, constants.high_low);
    let exchanged = _mm512_shuffle_i64x2(high_low, high_low, 0b01_00_11_10);
    Summed { parts: xor3(low_high, exchanged, unit.stored), flags: unit.positions[1] }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn products(positions: [__m512i; 4], matrices: [__m512i; 4]) -> __m512i {
    let product = |at: usize| _mm512_gf2p8affine_epi64_epi8(positions[at], matrices[at], 0);
    _mm512_xor_si512(xor3(product(0), product(1), product(2)), product(3))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64(a, b, c, 0x96)
}

/// Verdicts of a block whose headers are right.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn finish(first: Summed, second: Summed) -> __m256i {
    // One part of each pair against the other: lanes 0 2 of the first unit and 1 3 of the second
    // against lanes 1 3 of the first and 0 2 of the second.
    let parts = _mm512_mask_blend_epi64(0b1100_1100, first.parts, second.parts);
    let others = _mm512_setr_epi64(2, 3, 8, 9, 6, 7, 12, 13);
    let others = _mm512_permutex2var_epi64(first.parts, others, second.parts);
    let equal = _mm512_cmpeq_epi8_mask(parts, others);
    let valid = (equal & equal >> 32) as u32;
    let flags = _mm256_inserti128_si256(
        _mm512_castsi512_si256(first.flags),
        _mm512_castsi512_si128(second.flags),
        1,
    );
    let invalid = _mm256_set1_epi8(fault(Fault::Checksum));
    // Of the table by flag bits 0..8, the part by the five risk bits.
    let (by_risk, _) = const { VERDICTS.split_first_chunk().unwrap() };
    _mm256_mask_permutexvar_epi8(invalid, valid, flags, load_verdicts(by_risk))
}

/// Mends the verdicts of a block in which a header is wrong. Out of line: that is rare.
#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn mend(block: &[u8], out: &mut [u8; BLOCK]) {
    store(out, headers(block).mend(load_verdicts(out)));
}

/// Reads the headers of up to a block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn headers(input: &[u8]) -> Headers {
    let mut headers = Headers { magic: 0, version: 0 };
    // Record `r` of a group has its first quadword in lane `3 r % 8`.
    let in_order = _mm512_setr_epi64(0, 3, 6, 1, 4, 7, 2, 5);
    for group in 0..input.len().div_ceil(GROUP_BYTES) {
        let start = group * GROUP_BYTES;
        let vectors = [0, 1, 2].map(|index| load_part(input, start + index * VECTOR_BYTES));
        // Unshifted, the first quadwords lie where class A lies in the shifted frame.
        let quadwords = sorted::<{ Class::A as usize }>(vectors);
        let wrong = _mm512_xor_si512(quadwords, _mm512_set1_epi64(HEADER_WORD as i64));
        let wrong = _mm512_permutexvar_epi64(in_order, wrong);
        let mask = |bits: u64| _mm512_test_epi64_mask(wrong, _mm512_set1_epi64(bits as i64));
        headers.magic |= u32::from(mask(MAGIC_MASK)) << (group * GROUP);
        headers.version |= u32::from(mask(VERSION_MASK)) << (group * GROUP);
    }
    headers
}

impl Headers {
    /// A wrong magic before a wrong version before whatever else the verdicts say.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
    fn mend(self, verdicts: __m256i) -> __m256i {
        let verdicts = _mm256_mask_set1_epi8(verdicts, self.version, fault(Fault::Version));
        _mm256_mask_set1_epi8(verdicts, self.magic, fault(Fault::Magic))
    }
}

#[inline]
fn fault(fault: Fault) -> i8 {
    Verdict::of_fault(fault).byte().cast_signed()
}

/// The vector at `at`, which must lie within `bytes`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn load(bytes: &[u8], at: usize) -> __m512i {
    let vector = &bytes[at..at + VECTOR_BYTES];
    // SAFETY: the slice is one vector long.
    unsafe { _mm512_loadu_si512(vector.as_ptr().cast()) }
}

/// The vector at `at`, with zeros for what lies beyond `bytes`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn load_part(bytes: &[u8], at: usize) -> __m512i {
    // Where nothing is left, the address must still be a mapped one: to look for a fault that is
    // then suppressed takes the processor hundreds of cycles.
    let (at, left) = if at < bytes.len() { (at, bytes.len() - at) } else { (0, 0) };
    // SAFETY: the mask has one bit for each byte that is left; others are not accessed.
    unsafe { _mm512_maskz_loadu_epi8(low_bits(left), bytes.as_ptr().add(at).cast()) }
}

/// A mask of the lowest `count` bits, of all if there are fewer.
#[inline]
fn low_bits(count: usize) -> u64 {
    if count < 64 { (1 << count) - 1 } else { u64::MAX }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn load_verdicts(verdicts: &[u8; BLOCK]) -> __m256i {
    // SAFETY: the array is as long as the vector.
    unsafe { _mm256_loadu_si256(verdicts.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,gfni")]
fn store(out: &mut [u8; BLOCK], verdicts: __m256i) {
    // SAFETY: the array is as long as the vector.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), verdicts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::simd::driver,
        descriptor::{Descriptor, Record},
        kernel,
        op::Op,
        verdict::Risk,
    };

    /// Whole batches of every length and alignment.
    #[test]
    fn avx512_is_golden() {
        let Some(kernel) = driver::available("simd-avx512", Kernel::new()) else { return };
        driver::assert_golden(|input, out| kernel.decide_all(input, out));
    }

    /// A single wrong header is found at every place of a stretch, its ends and the tail too.
    #[test]
    fn every_header_is_looked_at() {
        let Some(kernel) = driver::available("simd-avx512", Kernel::new()) else { return };
        let good = Descriptor::build("header", Risk::High).finish().record();
        let mut records = vec![good; STRETCH * BLOCK + 2 * BLOCK + 3];
        for index in 0..records.len() {
            for byte in [0, 5] {
                let mut bad = *good.as_bytes();
                bad[byte] ^= 1;
                records[index] = Record::from_bytes(bad);
                // The neighbourhood is enough: what lies further off has the same verdicts.
                let (start, end) = (index.saturating_sub(40), records.len().min(index + 40));
                let mut out = vec![0; records.len()];
                kernel.decide_all(Record::bytes_of(&records), &mut out);
                let golden = kernel::run(Op::Decide, Record::bytes_of(&records[start..end]));
                assert_eq!(out[start..end], golden.unwrap(), "record {index}, byte {byte}");
            }
            records[index] = good;
        }
    }
}
