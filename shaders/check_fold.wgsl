// The checksum by folding: shifts and exclusive ors, no table, no loop.
//
// The record is a polynomial M over GF(2), its first bit the highest power, and the checksum
// holds if M mod P has the value that the first six bytes leave over. Those are magic and
// version: where they differ, another fault takes precedence. So 144 bits are left to fold.
// With P = x^16 + x^12 + x^5 + 1, squaring keeps the shape: for n = 2^k,
// x^16n = x^12n + x^5n + 1 (mod P).

fn prepare(thread: u32, threads: u32) {}

// Bytes of a word in the opposite order: the first in memory becomes the highest.
fn swap(word: u32) -> u32 {
    let pairs = ((word & 0x00ff00ffu) << 8u) | ((word >> 8u) & 0x00ff00ffu);
    return (pairs << 16u) | (pairs >> 16u);
}

fn checksum_holds(w1: u32, w2: u32, w3: u32, w4: u32, w5: u32) -> bool {
    // 144 bits to 128, n = 8: x^128 = x^96 + x^40 + 1.
    let top = swap(w1) & 0xffffu;
    let a = swap(w2) ^ top;
    let b = swap(w3);
    let c = swap(w4) ^ (top << 8u);
    let d = swap(w5) ^ top;
    // 128 to 64, n = 4: x^64 = x^48 + x^20 + 1. The quotient q satisfies
    // q = (a:b) + (q >> 16) + (q >> 44), solved from the top.
    let q1 = a ^ (a >> 16u);
    let t = b ^ (q1 << 16u) ^ (q1 >> 12u);
    let q0 = t ^ (t >> 16u);
    let e = c ^ q1 ^ (q0 << 16u) ^ ((q1 << 20u) | (q0 >> 12u));
    let f = d ^ q0 ^ (q0 << 20u);
    // 64 to 32, n = 2: x^32 = x^24 + x^10 + 1. Here q = e + (q >> 8) + (q >> 22).
    let s = e ^ (e >> 8u);
    let q = s ^ (s >> 16u) ^ (e >> 22u);
    let g = f ^ q ^ (q << 24u) ^ (q << 10u);
    // 32 to 16, n = 1: x^16 = x^12 + x^5 + 1. Here r = h + (r >> 4) + (r >> 11).
    let h = g >> 16u;
    let u = h ^ (h >> 4u);
    let r = u ^ (u >> 8u) ^ (h >> 11u);
    return ((g ^ r ^ (r << 12u) ^ (r << 5u)) & 0xffffu) == CHECKSUM_EXPECTED;
}
