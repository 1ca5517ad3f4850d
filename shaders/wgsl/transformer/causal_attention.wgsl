// causal_attention: softmax(q · kᵀ / √d) · v over all positions up to the query's own, from the cache.
//
// q     [rows, heads, head4]   f32; a sequence has `queries` neighboring rows
// cache [sequences, keys or values, heads, positions, head4]
// y     [rows, heads, head4]   f32
//
// One workgroup takes one head of one row. Its scores stay in workgroup memory, which bounds the number of positions.
//
// Cost: 4 · d FLOP per row, head and position; keys and values are read once per query.
#import storage
#import constants
#import state

#const POSITIONS
#const HEAD4
#const THREADS
#import reduce

struct Params {
    queries: u32,
    heads: u32,
    head4: u32,
    positions: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> cache: array<Stored>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

var<workgroup> query: array<vec4<f32>, HEAD4>;
var<workgroup> scores: array<f32, POSITIONS>;
var<workgroup> sums: array<vec4<f32>, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let head = group.x;
    let row = group.y;
    let sequence = row / params.queries;
    let count = min(state.position + row % params.queries + 1u, params.positions);
    let here = (row * params.heads + head) * params.head4;
    let keys = (sequence * 2u * params.heads + head) * params.positions * params.head4;
    let values = keys + params.heads * params.positions * params.head4;

    for (var d = thread; d < params.head4; d += THREADS) {
        query[d] = q[here + d] * params.scale;
    }
    workgroupBarrier();

    var maximum = F32_LOWEST;
    for (var p = thread; p < count; p += THREADS) {
        var score = 0.0;
        for (var d = 0u; d < params.head4; d++) {
            score += dot(query[d], load(cache[keys + p * params.head4 + d]));
        }
        scores[p] = score;
        maximum = max(maximum, score);
    }
    maximum = workgroup_max(maximum, thread);

    var sum = 0.0;
    for (var p = thread; p < count; p += THREADS) {
        let weight = exp(scores[p] - maximum);
        scores[p] = weight;
        sum += weight;
    }
    let inverse = 1.0 / workgroup_sum(sum, thread);

    // Each channel element is summed by as many invocations as fit, each over its part of the positions.
    let parts = THREADS / params.head4;
    let d = thread % params.head4;
    let part = thread / params.head4;
    var mixed = vec4(0.0);
    if part < parts {
        for (var p = part; p < count; p += parts) {
            mixed += scores[p] * load(cache[values + p * params.head4 + d]);
        }
    }
    sums[thread] = mixed;
    workgroupBarrier();
    if part == 0u {
        for (var other = 1u; other < parts; other++) {
            mixed += sums[other * params.head4 + d];
        }
        y[here + d] = mixed * inverse;
    }
}
