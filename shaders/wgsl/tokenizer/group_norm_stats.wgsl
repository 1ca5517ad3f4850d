// group_norm_stats: mean and sum of squared deviations of every channel over a chunk of pixels.
//
// x     [batch, item_pixels, c4]   four channels an element
// stats [batch, chunks, c4, 2]     mean, then M2 = Σ (x - mean)²
//
// The first step of GroupNorm: `group_norm_finish` merges chunks and channels. One invocation walks down `chunk_pixels`
// pixels of four channels; neighboring invocations take neighboring channels, so that loads are contiguous. Values are
// taken relative to the first one: sums of squares of what is far from 0 would lose their digits.
//
// Cost: reads x once.
#import storage

struct Params {
    c4: u32,
    item_pixels: u32,
    chunk_pixels: u32,
    // Chunks of one batch item.
    chunks: u32,
    // The chunks of this dispatch, counted over the batch.
    first: u32,
    count: u32,
    x_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> stats: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = id.x + id.y * groups.x * 64u;
    let channel = index % params.c4;
    if index / params.c4 >= params.count {
        return;
    }
    let chunk = params.first + index / params.c4;
    let item = chunk / params.chunks;
    let begin = item * params.item_pixels + (chunk % params.chunks) * params.chunk_pixels;
    let end = min(begin + params.chunk_pixels, (item + 1u) * params.item_pixels);
    let origin = load(x[begin * params.c4 + channel + params.x_shift]);
    var sum = vec4(0.0);
    var squares = vec4(0.0);
    for (var pixel = begin; pixel < end; pixel++) {
        let d = load(x[pixel * params.c4 + channel + params.x_shift]) - origin;
        sum += d;
        squares += d * d;
    }
    let count = f32(end - begin);
    let out = (chunk * params.c4 + channel) * 2u;
    stats[out] = origin + sum / count;
    stats[out + 1u] = max(squares - sum * sum / count, vec4(0.0));
}
