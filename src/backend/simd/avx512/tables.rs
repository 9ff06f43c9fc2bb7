//! The constants of the AVX-512 kernel: where each byte goes, and the bit matrix it meets there.
//!
//! All are computed from the definitions in `checksum`, `descriptor` and `verdict`.

use crate::{
    backend::record::{HEADER_CHECKSUM, advance},
    checksum::step,
};

/// Bytes of one vector.
pub(super) const VECTOR_BYTES: usize = 64;
/// Bytes that the checksum covers.
const COVERED_BYTES: usize = 22;

/// One vector of bytes.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Bytes(pub(super) [u8; VECTOR_BYTES]);

/// One vector of bit matrices, one for each quadword.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Matrices(pub(super) [u64; 8]);

/// A class of quadwords: those at the same place in their records.
#[derive(Clone, Copy)]
pub(super) enum Class {
    /// Bytes 6..14: command hash and flags.
    A,
    /// Bytes 14..22: times and sizes.
    B,
    /// Bytes 22..24, the checksum, then the header of the next record.
    C,
}

/// Which lanes of the second and of the third vector of a group belong to a class. A group is 8
/// records, that is 24 quadwords in 3 vectors; quadword `3 * record + class` lies in lane
/// `(3 * record + class) % 8`, and the 8 lanes of a class are all different.
pub(super) const fn lanes(class: usize) -> [u8; 2] {
    let mut masks = [0; 2];
    let mut record = 0;
    while record < 8 {
        let quadword = 3 * record + class;
        if quadword >= 8 {
            masks[quadword / 8 - 1] |= 1 << (quadword % 8);
        }
        record += 1;
    }
    masks
}

/// Byte positions in the four vectors of transposed bytes, each position twice 8 records wide.
/// The flags (13) come first in their vector, so that they are its lowest 16 bytes.
const POSITIONS: [[usize; 4]; 4] =
    [[6, 7, 8, 9], [13, 12, 11, 10], [14, 15, 16, 17], [18, 19, 20, 21]];

/// Index of a byte in a vector where a class lies sorted.
const fn sorted_index(class: Class, record: usize, byte: usize) -> u8 {
    ((3 * record + class as usize) % 8 * 8 + byte) as u8
}

/// Index of byte `byte` of a class for lane byte `at`: records 0..8 of the first group, then
/// records 0..8 of the second.
const fn pair_index(class: Class, byte: usize, at: usize) -> u8 {
    let group = at / 8;
    (group * VECTOR_BYTES) as u8 + sorted_index(class, at % 8, byte)
}

/// What `vpermi2b` needs to transpose two groups into the positions of [`POSITIONS`].
pub(super) static TRANSPOSE: [Bytes; 4] = [transpose(0), transpose(1), transpose(2), transpose(3)];

const fn transpose(vector: usize) -> Bytes {
    let mut index = [0; VECTOR_BYTES];
    let mut at = 0;
    while at < VECTOR_BYTES {
        let position = POSITIONS[vector][at / 16];
        let (class, first) = if position < 14 { (Class::A, 6) } else { (Class::B, 14) };
        index[at] = pair_index(class, position - first, at % 16);
        at += 1;
    }
    Bytes(index)
}

/// Takes the stored checksums of two groups out of class C: low bytes to the first 16-byte lane,
/// high bytes to the third. The other two lanes are what a right header contributes to the
/// checksum: masked off, they stay as they are.
pub(super) static STORED: Bytes = {
    let header = HEADER_CHECKSUM.to_le_bytes();
    let mut index = [0; VECTOR_BYTES];
    let mut at = 0;
    while at < VECTOR_BYTES {
        let low_or_high = if at < 32 { 1 } else { 0 };
        index[at] = match at / 16 % 2 {
            0 => pair_index(Class::C, low_or_high, at % 16),
            _ => header[low_or_high],
        };
        at += 1;
    }
    Bytes(index)
};
/// The lanes that [`STORED`] fills with stored checksums.
pub(super) const STORED_LANES: u64 = 0x0000_ffff_0000_ffff;

/// Matrices that give the low byte of a position's part of the checksum in the first two 16-byte
/// lanes, and its high byte in the last two.
pub(super) static LOW_HIGH: [Matrices; 4] = [mixed(0, 0), mixed(1, 0), mixed(2, 0), mixed(3, 0)];
/// The same with low and high exchanged.
pub(super) static HIGH_LOW: [Matrices; 4] = [mixed(0, 1), mixed(1, 1), mixed(2, 1), mixed(3, 1)];

const fn mixed(vector: usize, first: usize) -> Matrices {
    let mut matrices = [0; 8];
    let mut lane = 0;
    while lane < 8 {
        let byte = (first + lane / 4) % 2;
        matrices[lane] = matrix(POSITIONS[vector][lane / 2], byte);
        lane += 1;
    }
    Matrices(matrices)
}

/// The 8 x 8 bit matrix from a record's byte to byte `byte` (0 low, 1 high) of the checksum, as
/// `vgf2p8affineqb` wants it: the row for output bit `i` in byte `7 - i`.
const fn matrix(position: usize, byte: usize) -> u64 {
    let mut rows = [0u8; 8];
    let mut bit = 0;
    while bit < 8 {
        let part = (contribution(position, 1 << bit) >> (8 * byte)) as u8;
        let mut row = 0;
        while row < 8 {
            rows[7 - row] |= (part >> row & 1) << bit;
            row += 1;
        }
        bit += 1;
    }
    u64::from_le_bytes(rows)
}

/// What a byte at a position adds to the checksum.
const fn contribution(position: usize, byte: u8) -> u16 {
    advance(step(0, byte), COVERED_BYTES - 1 - position)
}

/// The bytes of a record's first word that hold the magic.
pub(super) const MAGIC_MASK: u64 = 0xffff_ffff;
/// The bytes of a record's first word that hold the version.
pub(super) const VERSION_MASK: u64 = 0xffff << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::record::{HEADER_BYTES, HEADER_WORD},
        checksum::checksum,
    };

    /// The parts of the bytes and of the header add up to the checksum.
    #[test]
    fn contributions_add_up() {
        let mut record = [0; COVERED_BYTES];
        record[..HEADER_BYTES].copy_from_slice(&HEADER_WORD.to_le_bytes()[..HEADER_BYTES]);
        for (index, byte) in record.iter_mut().enumerate().skip(HEADER_BYTES) {
            *byte = (index * 37 + 11) as u8;
        }
        let parts = record.iter().enumerate().skip(HEADER_BYTES);
        let sum = parts.fold(HEADER_CHECKSUM.swap_bytes(), |sum, (index, &byte)| {
            sum ^ contribution(index, byte)
        });
        assert_eq!(sum, checksum(&record));
    }

    /// Every lane belongs to one class in each of the three vectors.
    #[test]
    fn classes_share_the_lanes() {
        let [a, b, c] = [Class::A, Class::B, Class::C].map(|class| lanes(class as usize));
        for vector in 0..2 {
            assert_eq!(a[vector] ^ b[vector] ^ c[vector], 0xff);
            assert_eq!(a[vector] | b[vector] | c[vector], 0xff);
        }
        assert_eq!([a, b, c], [[0x92, 0x24], [0x24, 0x49], [0x49, 0x92]]);
    }
}
