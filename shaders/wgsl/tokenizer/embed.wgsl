// embed: z[p] = C[index[p]], the codebook row of every token.
//
// indices [positions]
// codes   [4·d4, codes4]   the transposed codebook, four codes an element; one shard of it, from `first_code` on
// z       [positions, d4]  four dimensions an element; only positions whose code is in the shard are written
//
// One invocation, one element of z. Cost: positions · d values read and written.
#import storage

#const THREADS
#import invocation

struct Params {
    positions: u32,
    d4: u32,
    codes4: u32,
    codes: u32,
    first_code: u32,
    z_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read> codes: array<Stored>;
@group(0) @binding(3) var<storage, read_write> z: array<Stored>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    let position = index / params.d4;
    let d = index % params.d4;
    if position >= params.positions {
        return;
    }
    // A code before the shard wraps around to a huge number, which is outside as well.
    let code = indices[position] - params.first_code;
    if code >= params.codes {
        return;
    }
    var value: vec4<f32>;
    for (var k = 0u; k < 4u; k++) {
        value[k] = load(codes[(4u * d + k) * params.codes4 + code / 4u])[code % 4u];
    }
    z[index + params.z_shift] = save(value);
}
