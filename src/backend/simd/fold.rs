//! The verdicts of 16 records per 16-byte unit of a vector, by folding. No branch, no table in
//! memory.
//!
//! ```text
//! for 2 records       words H, A, B = bytes 0..8, 8..16, 16..24 of each; h = bytes 6..8
//!     64-bit lanes    F = (h * x^64 + A) * x^64 + B, with x^64 = x^48 + x^20 + 1
//! for 4 records       split F into halves:    F = F.high * x^32 + F.low, x^32 = x^24 + x^10 + 1
//!     32-bit lanes    magic is right    where H.low = the magic
//! for 8 records       split F once more:      F = F.high * x^16 + F.low, x^16 = x^12 + x^5 + 1
//!     16-bit lanes    checksum is right where F = what a right header makes of it
//!                     version is right  where H.high.low = the version
//! for 16 records      verdict = a table in a register, by the five risk bits in A
//!     8-bit lanes     replaced by a fault where the checksum, then version, then magic is wrong
//! ```
//!
//! `record.rs` explains the fold. It suits vectors, because its squares have few terms: 5 shifts
//! and 6 exclusive ors reduce a lane, and the lanes are always full. The stored checksum is the
//! last part of B, so that the whole record folds to a constant if the checksum is right, and no
//! record needs a byte from outside it.
//!
//! Two records are three rows of 16 bytes, and each kind of word lies in an even lane of one row
//! and an odd lane of another, so one blend gathers two words of a kind. Each unit of a vector
//! has its own 16 records, 384 bytes apart, so nothing ever crosses units, and the verdicts come
//! out in order but for one shuffle.
//!
//! With AVX2 that is some 310 vector instructions for 32 records: 1.0 ns a record on an EPYC with
//! AVX-512, where `scalar` takes 4.0, whether none or half of the records have a fault. Counted,
//! but not built: nibble tables by byte shuffles after a transposition (5.5 instructions a record
//! for the lookups, where all folds together take 5.8, and then the transposition); a frame that
//! begins at byte 6, so that h needs no fold of its own (no fewer: the stored checksum then needs
//! one, and the last record is read past its end).

use super::vector::{Row, Vector};
use crate::{
    backend::record::{self, HEADER_CHECKSUM},
    descriptor::{MAGIC, RECORD_BYTES, VERSION},
    flags::RISK_MASK,
    verdict::{Fault, Verdict},
};

/// Records in one unit of a vector.
const UNIT_RECORDS: usize = 16;
/// Up to so many records are decided one by one, which is then faster.
const SINGLE_RECORDS_MAX: usize = 8;

/// Shuffles to a zero byte.
const ZERO: u8 = 0x80;
/// Bytes 6 and 7 of each H, byte-swapped, at both ends of its lane: h * (x^48 + 1).
const HASH_ENDS: Row = [7, 6, ZERO, ZERO, ZERO, ZERO, 7, 6, 15, 14, ZERO, ZERO, ZERO, ZERO, 15, 14];
/// Swaps the bytes of two words, and the words, which the blend has left the wrong way round.
const SWAP_ALL: Row = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
/// Swaps the bytes of each of two words.
const SWAP_EACH: Row = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];
/// Undoes the order in which 16-bit lanes were taken in turns from two vectors.
const IN_ORDER: Row = [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15];

/// Verdicts for risk bits 0..16, with bit 4 of the flags (critical) taken out by an exclusive or.
const RISK_VERDICTS: Row = {
    let mut verdicts = [0; 16];
    let mut flags = 0;
    while flags < 16 {
        verdicts[flags] = record::verdict_of_flags(flags as u8) ^ CRITICAL;
        flags += 1;
    }
    verdicts
};
/// The verdict wherever bit 4 of the flags is set.
const CRITICAL: u8 = record::verdict_of_flags(1 << 4);

/// One verdict per record. Both lengths were checked.
#[inline(always)]
pub(super) fn decide_all<V: Vector>(proof: V::Proof, input: &[u8], out: &mut [u8]) {
    let (count, block) = (out.len(), V::UNITS * UNIT_RECORDS);
    let mut done = 0;
    while count - done >= block {
        decide_units::<V>(proof, input, out, [done, done + block - UNIT_RECORDS]);
        done += block;
    }
    if count - done <= SINGLE_RECORDS_MAX {
        record::decide_all(&input[done * RECORD_BYTES..], &mut out[done..]);
    } else if count >= UNIT_RECORDS {
        // Units may overlap each other, and what is done: they write the same verdicts twice.
        let last = count - UNIT_RECORDS;
        decide_units::<V>(proof, input, out, [done.min(last), last]);
    } else {
        let mut padded = [0; UNIT_RECORDS * RECORD_BYTES];
        padded[..input.len()].copy_from_slice(input);
        let mut verdicts = [0; UNIT_RECORDS];
        decide_units::<V>(proof, &padded, &mut verdicts, [0, 0]);
        out.copy_from_slice(&verdicts[..count]);
    }
}

/// The units that begin at two records.
#[inline(always)]
fn decide_units<V: Vector>(proof: V::Proof, input: &[u8], out: &mut [u8], starts: [usize; 2]) {
    let rows = |start: usize| {
        input[start * RECORD_BYTES..][..UNIT_RECORDS * RECORD_BYTES].as_chunks::<16>().0
    };
    let verdicts = Rows::<V> { proof, first: rows(starts[0]), last: rows(starts[1]) }.verdicts();
    for (start, verdicts) in starts.into_iter().zip(verdicts.units()) {
        out[start..][..UNIT_RECORDS].copy_from_slice(&verdicts);
    }
}

/// The 24 rows of each unit.
#[derive(Clone, Copy)]
struct Rows<'a, V: Vector> {
    proof: V::Proof,
    first: &'a [Row],
    last: &'a [Row],
}

/// What is known of two records per unit, in lanes of 64 bits.
struct Pair<V> {
    header: V,
    risks: V,
    folded: V,
}

/// What is known of four records per unit, in lanes of 32 bits.
struct Quad<V> {
    magic_right: V,
    version: V,
    risks: V,
    folded: V,
}

/// What is known of eight records per unit, in lanes of 16 bits.
struct Octet<V> {
    magic_right: V,
    version_right: V,
    checksum_right: V,
    risks: V,
}

impl<V: Vector> Rows<'_, V> {
    #[inline(always)]
    fn splat(self, row: Row) -> V {
        V::splat(self.proof, row)
    }

    #[inline(always)]
    fn row(self, index: usize) -> V {
        V::load(self.proof, &self.first[index], &self.last[index])
    }

    #[inline(always)]
    fn pair(self, index: usize) -> Pair<V> {
        let rows = [self.row(3 * index), self.row(3 * index + 1), self.row(3 * index + 2)];
        let header = rows[0].even_and_odd64(rows[1]);
        let high = rows[2].even_and_odd64(rows[0]).shuffle(self.splat(SWAP_ALL));
        let low = rows[1].even_and_odd64(rows[2]).shuffle(self.splat(SWAP_EACH));
        let hash = header.shuffle(self.splat(HASH_ENDS));
        let folded = fold_64(high ^ hash ^ hash.shl64::<20>(), low);
        Pair { header, risks: high, folded }
    }

    #[inline(always)]
    fn quad(self, index: usize) -> Quad<V> {
        let (a, b) = (self.pair(2 * index), self.pair(2 * index + 1));
        let magic = self.splat(repeat_32(MAGIC));
        Quad {
            magic_right: a.header.evens32(b.header).equal32(magic),
            version: a.header.odds32(b.header),
            risks: a.risks.evens32(b.risks),
            folded: fold_32(a.folded.odds32(b.folded), a.folded.evens32(b.folded)),
        }
    }

    #[inline(always)]
    fn octet(self, index: usize) -> Octet<V> {
        let (a, b) = (self.quad(2 * index), self.quad(2 * index + 1));
        let folded = fold_16(a.folded.odds16(b.folded), a.folded.evens16(b.folded));
        let version = self.splat(repeat_16(VERSION.to_be_bytes()));
        let checksum = self.splat(repeat_16(HEADER_CHECKSUM.to_be_bytes()));
        let risk_mask = self.splat(repeat_16((RISK_MASK as u16).to_le_bytes()));
        Octet {
            magic_right: a.magic_right.evens16(b.magic_right),
            version_right: a.version.evens16(b.version).equal16(version),
            checksum_right: folded.equal16(checksum),
            risks: a.risks.odds16(b.risks) & risk_mask,
        }
    }

    /// The verdicts of all 16 records of each unit.
    #[inline(always)]
    fn verdicts(self) -> V {
        let (a, b) = (self.octet(0), self.octet(1));
        let risks = self.splat(RISK_VERDICTS).lookup(a.risks.narrow(b.risks));
        let verdict = risks ^ self.splat([CRITICAL; 16]);
        let or = |right: V, verdict, fault| {
            right.select(verdict, self.splat([Verdict::of_fault(fault).byte(); 16]))
        };
        let verdict = or(a.checksum_right.narrow(b.checksum_right), verdict, Fault::Checksum);
        let verdict = or(a.version_right.narrow(b.version_right), verdict, Fault::Version);
        let verdict = or(a.magic_right.narrow(b.magic_right), verdict, Fault::Magic);
        verdict.shuffle(self.splat(IN_ORDER))
    }
}

const fn repeat_32([a, b, c, d]: [u8; 4]) -> Row {
    [a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d]
}

const fn repeat_16([a, b]: [u8; 2]) -> Row {
    repeat_32([a, b, a, b])
}

/// high * x^64 + low modulo P, in each lane of 64 bits: x^64 = x^48 + x^20 + 1. What is shifted
/// out at the top must be folded again, and again: `all` is `high` with all of that.
#[inline(always)]
fn fold_64<V: Vector>(high: V, low: V) -> V {
    let twice = high ^ high.shr64::<16>();
    let all = twice ^ twice.shr64::<32>() ^ high.shr64::<44>();
    low ^ all ^ all.shl64::<20>() ^ all.shl64::<48>()
}

/// high * x^32 + low modulo P, in each lane of 32 bits: x^32 = x^24 + x^10 + 1.
#[inline(always)]
fn fold_32<V: Vector>(high: V, low: V) -> V {
    let twice = high ^ high.shr32::<8>();
    let all = twice ^ twice.shr32::<16>() ^ high.shr32::<22>();
    low ^ all ^ all.shl32::<10>() ^ all.shl32::<24>()
}

/// high * x^16 + low modulo P, in each lane of 16 bits: x^16 = x^12 + x^5 + 1.
#[inline(always)]
fn fold_16<V: Vector>(high: V, low: V) -> V {
    let twice = high ^ high.shr16::<4>();
    let all = twice ^ twice.shr16::<8>() ^ high.shr16::<11>();
    low ^ all ^ all.shl16::<5>() ^ all.shl16::<12>()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checksum::step;

    /// Each fold of a lane against the definition: 16 bits exhaustively, the wider ones by bit,
    /// which is enough for a function that is linear.
    pub(in super::super) fn folds_are_right<V: Vector>(proof: V::Proof) {
        let load = |row: Row| V::load(proof, &row, &row);
        let low = load(repeat_16(0x1234_u16.to_le_bytes()));
        for high in 0..=u16::MAX {
            let folded = fold_16(load(repeat_16(high.to_le_bytes())), low);
            let expected = step(step(high, 0), 0) ^ 0x1234;
            assert_eq!(folded.units(), [repeat_16(expected.to_le_bytes()); 2], "{high:#x}");
        }
        let zero = load([0; 16]);
        for bit in 0..64 {
            let high = 1_u64 << bit;
            let row: Row = bytemuck::must_cast([high.to_le_bytes(); 2]);
            let [folded, _] = fold_64(load(row), zero).units().map(u128::from_le_bytes);
            assert_eq!(remainder(folded as u64), times_x(remainder(high), 64), "bit {bit}");
        }
        for bit in 0..32 {
            let high = 1_u32 << bit;
            let [folded, _] = fold_32(load(repeat_32(high.to_le_bytes())), zero).units();
            let folded = u128::from_le_bytes(folded) as u32;
            let expected = times_x(remainder(high.into()), 32);
            assert_eq!(remainder(folded.into()), expected, "bit {bit}");
        }
    }

    /// A polynomial of 64 terms modulo P.
    fn remainder(value: u64) -> u16 {
        value
            .to_be_bytes()
            .into_iter()
            .fold(0, |register, byte| step(register, 0) ^ u16::from(byte))
    }

    fn times_x(value: u16, bits: usize) -> u16 {
        (0..bits / 8).fold(value, |register, _| step(register, 0))
    }
}
