//! The checksum of a descriptor: CRC-16/IBM-3740, bit by bit, as the catalogue defines it.
//!
//! Polynomial 0x1021, initial value 0xFFFF, not reflected, no final xor. Backends may use any
//! equivalent form; this one is the definition.

/// Generator polynomial, x^16 term left out.
pub const POLYNOMIAL: u16 = 0x1021;

/// Register value before the first bit.
pub const INITIAL: u16 = 0xFFFF;

/// The checksum of `bytes`, most significant bit first.
#[must_use]
pub const fn checksum(bytes: &[u8]) -> u16 {
    let mut register = INITIAL;
    let mut index = 0;
    while index < bytes.len() {
        register = step(register, bytes[index]);
        index += 1;
    }
    register
}

/// The register after one more byte.
#[must_use]
pub const fn step(register: u16, byte: u8) -> u16 {
    let mut register = register ^ ((byte as u16) << 8);
    let mut bit = 0;
    while bit < 8 {
        let carry = register >> 15 == 1;
        register <<= 1;
        if carry {
            register ^= POLYNOMIAL;
        }
        bit += 1;
    }
    register
}

const _: () = assert!(checksum(b"123456789") == 0x29B1, "the catalogue's check value");
