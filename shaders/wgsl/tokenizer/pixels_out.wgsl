// pixels_out: the network's range to 8-bit pixels, v = floor((clamp(y, -1, 1) + 1) / 2 · 255), truncated as in the
// official code.
//
// y      [pixels]   red, green, blue, unused
// pixels [pixels]   red in the lowest byte, green, blue, 255
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
@group(0) @binding(1) var<storage, read> y: array<Stored>;
@group(0) @binding(2) var<storage, read_write> pixels: array<u32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    if index >= params.pixels {
        return;
    }
    let value = clamp(load(y[params.first_pixel + index + params.map_shift]), vec4(-1.0), vec4(1.0));
    let byte = vec4<u32>((value + 1.0) / 2.0 * 255.0);
    pixels[params.first_pixel + index] = byte.x | (byte.y << 8u) | (byte.z << 16u) | 0xff000000u;
}
