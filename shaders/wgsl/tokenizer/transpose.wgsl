// transpose: y[c, r] = x[r, c].
//
// x [rows, columns4]      four columns an element
// y [4·columns4, rows4]   four rows an element; rows beyond `rows` become 0
//
// One invocation transposes one 4 × 4 block in registers. Attention needs its keys this way.
//
// Cost: reads and writes the matrix once.
#import storage

#const THREADS
#import invocation

struct Params {
    rows: u32,
    rows4: u32,
    columns4: u32,
    x_shift: u32,
    y_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;

fn row(r: u32, c4: u32) -> vec4<f32> {
    let inside = r < params.rows;
    return select(vec4(0.0), load(x[select(0u, r, inside) * params.columns4 + c4 + params.x_shift]), inside);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    let r4 = index / params.columns4;
    let c4 = index % params.columns4;
    if r4 >= params.rows4 {
        return;
    }
    let block = transpose(mat4x4(row(4u * r4, c4), row(4u * r4 + 1u, c4), row(4u * r4 + 2u, c4), row(4u * r4 + 3u, c4)));
    for (var k = 0u; k < 4u; k++) {
        y[(4u * c4 + k) * params.rows4 + r4 + params.y_shift] = save(block[k]);
    }
}
