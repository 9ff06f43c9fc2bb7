// The checksum by tables in shared memory: the part of each byte is looked up. Bytes 6 to 23 have
// a table each; two neighbours share one of words, the first in its low half. Magic and version
// have no part in it: see check_fold.wgsl.

@group(0) @binding(2) var<storage, read> tables: array<u32>;

var<workgroup> shared_tables: array<u32, TABLE_WORDS>;

fn prepare(thread: u32, threads: u32) {
    for (var word = thread; word < TABLE_WORDS; word += threads) {
        shared_tables[word] = tables[word];
    }
    workgroupBarrier();
}

// Two bytes at once: the low half of `pair` is the first, in the low half of its word.
fn part(table: u32, pair: u32) -> u32 {
    let first = shared_tables[table * 256u + (pair & 0xffu)];
    let second = shared_tables[table * 256u + ((pair >> 8u) & 0xffu)];
    return (first & 0xffffu) ^ (second >> 16u);
}

fn checksum_holds(w1: u32, w2: u32, w3: u32, w4: u32, w5: u32) -> bool {
    let checksum = part(0u, w1 >> 16u) ^ part(1u, w2) ^ part(2u, w2 >> 16u) ^ part(3u, w3)
        ^ part(4u, w3 >> 16u) ^ part(5u, w4) ^ part(6u, w4 >> 16u) ^ part(7u, w5)
        ^ part(8u, w5 >> 16u);
    return checksum == CHECKSUM_EXPECTED;
}
