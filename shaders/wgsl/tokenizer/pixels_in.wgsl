// pixels_in: 8-bit pixels to the network's range, x = v / 127.5 - 1.
//
// pixels [pixels]   red in the lowest byte, green, blue, unused
// table  [256]      the value of each byte, rounded once from f64 as the official code does
// x      [pixels]   red, green, blue, 0
//
// One invocation, one pixel.
#import storage

struct Params {
    pixels: u32,
    first: u32,
    x_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<Stored>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = id.x + id.y * groups.x * 64u;
    if index >= params.pixels {
        return;
    }
    let rgb = pixels[params.first + index];
    let value = vec4(table[rgb & 255u], table[(rgb >> 8u) & 255u], table[(rgb >> 16u) & 255u], 0.0);
    x[params.first + index + params.x_shift] = save(value);
}
