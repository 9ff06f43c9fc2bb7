// Four records a thread: six loads of four words, one store of four verdicts.

@group(0) @binding(0) var<storage, read> input: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(global_invocation_id) global: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    prepare(thread, THREADS);
    let first = global.x * 6u;
    let a = input[first];
    let b = input[first + 1u];
    let c = input[first + 2u];
    let d = input[first + 3u];
    let e = input[first + 4u];
    let f = input[first + 5u];
    output[global.x] = verdict(a.x, a.y, a.z, a.w, b.x, b.y)
        | (verdict(b.z, b.w, c.x, c.y, c.z, c.w) << 8u)
        | (verdict(d.x, d.y, d.z, d.w, e.x, e.y) << 16u)
        | (verdict(e.z, e.w, f.x, f.y, f.z, f.w) << 24u);
}
