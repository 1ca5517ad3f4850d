// peak_copy: to[i] = from[i]: the ceiling of memory traffic that the benchmark compares with.
//
// from, to [elements]   vec4<f32>, contiguous over invocations
//
// Cost: 16 bytes read and 16 written per invocation.
#const THREADS
#import invocation

struct Params {
    elements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> to: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    if index < params.elements {
        to[index] = source[index];
    }
}
