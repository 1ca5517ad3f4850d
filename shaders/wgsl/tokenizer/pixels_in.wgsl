// pixels_in: 8-bit pixels to the network's range, x = v / 127.5 - 1.
//
// pixels [pixels]   red in the lowest byte, green, blue, unused
// table  [256]      the value of each byte, rounded once from f64 as the official code does
// x      [pixels]   red, green, blue, 0
//
// One invocation, one pixel.
#import storage

#const THREADS
#import invocation

struct Params {
    // The pixels of this dispatch.
    first_pixel: u32,
    pixels: u32,
    map_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<Stored>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    if index >= params.pixels {
        return;
    }
    let rgb = pixels[params.first_pixel + index];
    let value = vec4(table[rgb & 255u], table[(rgb >> 8u) & 255u], table[(rgb >> 16u) & 255u], 0.0);
    x[params.first_pixel + index + params.map_shift] = save(value);
}
