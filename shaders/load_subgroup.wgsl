// One record a thread: three loads of two words. Four neighbours of a subgroup put their verdicts
// together, and the first of them stores.

@group(0) @binding(0) var<storage, read> input: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(global_invocation_id) global: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prepare(thread, THREADS);
    let first = global.x * 3u;
    let a = input[first];
    let b = input[first + 1u];
    let c = input[first + 2u];
    var packed = verdict(a.x, a.y, b.x, b.y, c.x, c.y) << ((global.x % 4u) * 8u);
    packed |= subgroupShuffleXor(packed, 1u);
    packed |= subgroupShuffleXor(packed, 2u);
    if global.x % 4u == 0u {
        output[global.x / 4u] = packed;
    }
}
