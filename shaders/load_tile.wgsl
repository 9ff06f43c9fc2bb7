// One record a thread, through shared memory: neighbouring threads load neighbouring words. Four
// verdicts are put together there too, and stored by one thread.

@group(0) @binding(0) var<storage, read> input: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

// Six words for each thread, and a verdict for each.
var<workgroup> tile: array<vec4<u32>, TILE_VECTORS>;
var<workgroup> verdicts: array<u32, THREADS>;

fn word(index: u32) -> u32 {
    return tile[index / 4u][index % 4u];
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prepare(thread, THREADS);
    for (var vector = thread; vector < TILE_VECTORS; vector += THREADS) {
        tile[vector] = input[group.x * TILE_VECTORS + vector];
    }
    workgroupBarrier();
    let w = thread * 6u;
    verdicts[thread] =
        verdict(word(w), word(w + 1u), word(w + 2u), word(w + 3u), word(w + 4u), word(w + 5u));
    workgroupBarrier();
    if thread < THREADS / 4u {
        let first = thread * 4u;
        output[group.x * (THREADS / 4u) + thread] = verdicts[first] | (verdicts[first + 1u] << 8u)
            | (verdicts[first + 2u] << 16u) | (verdicts[first + 3u] << 24u);
    }
}
