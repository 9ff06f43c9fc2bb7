//! What the fold needs of a vector: one trait, so that the algorithm is written once.

use std::ops::{BitAnd, BitXor};

/// 16 bytes: what every instruction set here loads at once.
pub(super) type Row = [u8; 16];

/// A vector of one or two 16-byte units, whose lanes are little-endian.
///
/// Every operation stays within a unit, so a wider vector is the same program on more records.
/// A vector is made from a proof that the processor has the instructions, so to have one is a
/// proof, too, and no method is unsafe to call. All of them are to be inlined into a function
/// that is compiled for those instructions: called from elsewhere they are right, but slow.
pub(super) trait Vector: Copy + BitXor<Output = Self> + BitAnd<Output = Self> {
    /// That the processor has the instructions.
    type Proof: Copy;
    /// Units in a vector: 1 or 2.
    const UNITS: usize;

    /// The first unit and the last, which are the same where there is one: then it is `first`.
    fn load(proof: Self::Proof, first: &Row, last: &Row) -> Self;
    /// The same bytes in each unit.
    fn splat(proof: Self::Proof, row: Row) -> Self;
    /// The first unit and the last, which are the same where there is one.
    fn units(self) -> [Row; 2];

    /// Bytes of `self` by index; zero where the index is 128 or more.
    fn shuffle(self, index: Self) -> Self;
    /// Bytes of `self` by an index below 32; zero where it is 16 or more.
    fn lookup(self, index: Self) -> Self;
    /// Bytes of `yes` where the byte of `self` is 255, of `no` where it is 0.
    fn select(self, yes: Self, no: Self) -> Self;

    /// Lanes of 64 bits: the even one of `self`, then the odd one of `odd`.
    fn even_and_odd64(self, odd: Self) -> Self;
    /// Even lanes of 32 bits: those of `self`, then those of `next`.
    fn evens32(self, next: Self) -> Self;
    /// Odd lanes of 32 bits: those of `self`, then those of `next`.
    fn odds32(self, next: Self) -> Self;
    /// Even lanes of 16 bits: one of `self`, one of `next`, and so on.
    fn evens16(self, next: Self) -> Self;
    /// Odd lanes of 16 bits: one of `self`, one of `next`, and so on.
    fn odds16(self, next: Self) -> Self;
    /// Lanes of 16 bits as bytes: those of `self`, then those of `next`. From -128 to 127 only.
    fn narrow(self, next: Self) -> Self;

    /// All ones where lanes of 32 bits are equal, else zero.
    fn equal32(self, other: Self) -> Self;
    /// All ones where lanes of 16 bits are equal, else zero.
    fn equal16(self, other: Self) -> Self;

    /// Lanes of 64 bits, shifted left.
    fn shl64<const BITS: i32>(self) -> Self;
    /// Lanes of 64 bits, shifted right.
    fn shr64<const BITS: i32>(self) -> Self;
    /// Lanes of 32 bits, shifted left.
    fn shl32<const BITS: i32>(self) -> Self;
    /// Lanes of 32 bits, shifted right.
    fn shr32<const BITS: i32>(self) -> Self;
    /// Lanes of 16 bits, shifted left.
    fn shl16<const BITS: i32>(self) -> Self;
    /// Lanes of 16 bits, shifted right.
    fn shr16<const BITS: i32>(self) -> Self;
}
