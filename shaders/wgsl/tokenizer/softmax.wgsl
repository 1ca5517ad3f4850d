// softmax: every row of x becomes exp(x - max) / Σ exp(x - max), in place.
//
// x [rows, columns4]   of which the first `columns` values count; the rest of the last element becomes 0
//
// One workgroup takes one row: maximum, sum, quotient, with workgroup memory between. Rows are those of attention:
// one query's scores over all keys.
//
// Cost: reads a row three times (from cache after the first), writes it once.
#import storage
#import constants

#const THREADS
#import reduce

struct Params {
    columns: u32,
    columns4: u32,
    rows: u32,
    x_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<Stored>;

// Which of the four values of element c4 count.
fn counts(c4: u32) -> vec4<bool> {
    return vec4(4u * c4) + vec4(0u, 1u, 2u, 3u) < vec4(params.columns);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let row = group.x + group.y * groups.x;
    let first = min(row, params.rows - 1u) * params.columns4 + params.x_shift;

    var maximum = F32_LOWEST;
    for (var c = thread; c < params.columns4; c += THREADS) {
        let value = select(vec4(F32_LOWEST), load(x[first + c]), counts(c));
        maximum = max(maximum, max(max(value.x, value.y), max(value.z, value.w)));
    }
    maximum = workgroup_max(maximum, thread);

    var sum = 0.0;
    for (var c = thread; c < params.columns4; c += THREADS) {
        let value = select(vec4(0.0), exp(load(x[first + c]) - maximum), counts(c));
        sum += value.x + value.y + value.z + value.w;
    }
    let inverse = 1.0 / workgroup_sum(sum, thread);

    if row < params.rows {
        for (var c = thread; c < params.columns4; c += THREADS) {
            x[first + c] = save(select(vec4(0.0), exp(load(x[first + c]) - maximum) * inverse, counts(c)));
        }
    }
}
