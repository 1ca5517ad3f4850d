// group_norm_stats: mean and sum of squared deviations of every channel over a chunk of pixels.
//
// x     [batch, item_pixels, c4]   four channels an element
// stats [batch, chunks, c4, 2]     mean, then M2 = Σ (x - mean)²
//
// The first step of GroupNorm: `group_norm_finish` merges chunks and channels. One invocation walks down `chunk_pixels`
// pixels of four channels; neighboring invocations take neighboring channels, so that loads are contiguous. Values are
// taken relative to the first one: the sum of squares of values far from 0 would lose precision.
//
// Cost: reads x once.
#import storage

#const THREADS
#import invocation

struct Params {
    c4: u32,
    item_pixels: u32,
    chunk_pixels: u32,
    item_chunks: u32,
    // The chunks of this dispatch, counted over the batch.
    first_chunk: u32,
    chunks: u32,
    x_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read_write> stats: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    let channel = index % params.c4;
    if index / params.c4 >= params.chunks {
        return;
    }
    let chunk = params.first_chunk + index / params.c4;
    let item = chunk / params.item_chunks;
    let begin = item * params.item_pixels + (chunk % params.item_chunks) * params.chunk_pixels;
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
