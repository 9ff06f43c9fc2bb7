// The verdict of one record. Its six words are given as they lie in memory: byte 0 is the lowest
// byte of w0. `checksum_holds` comes from one of the check_*.wgsl files, and the constants in
// capitals from the golden model: nothing of the format is typed here.

fn verdict(w0: u32, w1: u32, w2: u32, w3: u32, w4: u32, w5: u32) -> u32 {
    // Byte 13 holds flag bits 0 to 7, and so the five risk levels.
    let levels = extractBits(w3, 8u, RISK_LEVELS);
    let risk = firstLeadingBit(levels);
    // Safe and low share the first decision; from there on each level has its own.
    var result = (risk << RISK_SHIFT) | (max(risk, 1u) - 1u);
    // The fault that takes precedence is written last.
    result = select(result, FAULT_NO_RISK, levels == 0u);
    result = select(result, FAULT_CHECKSUM, !checksum_holds(w1, w2, w3, w4, w5));
    result = select(result, FAULT_VERSION, (w1 & 0xffffu) != VERSION_WORD);
    return select(result, FAULT_MAGIC, w0 != MAGIC_WORD);
}
