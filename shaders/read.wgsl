// The roof of the kernels: reads as many bytes as they do, and stores next to nothing. What is read
// must be known to decide that. Which words a thread reads is said by two constants, so that
// neighbouring threads read neighbouring words, or each a stretch of its own.

@group(0) @binding(0) var<storage, read> input: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first = group.x * THREADS * READ_VECTORS + thread * READ_OF_THREAD;
    var all = input[first];
    for (var vector = 1u; vector < READ_VECTORS; vector++) {
        all ^= input[first + vector * READ_STEP];
    }
    if (all.x ^ all.y ^ all.z ^ all.w) == READ_MARK {
        output[thread] = all.x;
    }
}
