// The checksum by masked parities: each of its sixteen bits is the parity of some bits of the
// record. PARITY_MASKS holds, for each bit, which those are in w2 to w5, PARITY_MASKS_TOP which in
// w1. Magic and version have no part in it: see check_fold.wgsl.

fn prepare(thread: u32, threads: u32) {}

fn checksum_holds(w1: u32, w2: u32, w3: u32, w4: u32, w5: u32) -> bool {
    var tops = PARITY_MASKS_TOP;
    var masks = PARITY_MASKS;
    var checksum = 0u;
    for (var bit = 0u; bit < 16u; bit++) {
        let mask = masks[bit];
        let bits = (w1 & tops[bit]) ^ (w2 & mask.x) ^ (w3 & mask.y) ^ (w4 & mask.z)
            ^ (w5 & mask.w);
        checksum |= (countOneBits(bits) & 1u) << bit;
    }
    return checksum == CHECKSUM_EXPECTED;
}
