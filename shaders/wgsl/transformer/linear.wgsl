// linear: y = f(x) · Wᵀ for all layers of the transformer, from one row (decoding a token) to many (a prefix at once).
//
// x [rows, k4]      four inputs an element, f32. A sequence has `queries` neighboring rows.
// w [4·k4, o4]      the transposed weights, four outputs an element, so that neighboring invocations read neighbors.
//                   INT8, INT4: [k4, o4], 4 inputs × 4 outputs an element, and `scales` [k4 / GROUP4, o4] with the lowest
//                   value and the step of each output in a group of inputs: weight = lowest + step · level.
// y [rows, y4]      four outputs an element, f32
// vectors           [sequences, stride4]: the factors and shifts of adaptive layer norm; or the bias [o4]
//
// Inputs: MODULATE   x · rsqrt(mean(x²) + EPS) · a + b, with a and b of the sequence (the norm's weight is part of a)
//         SILU       x · sigmoid(x)
//         neither    x
// Results: BIAS      y = sum + bias
//          GATE      w holds two matrices, an element of each in turn: y = silu(first) · second
//          RESIDUAL  y += gamma · sum, with gamma of the sequence
//          QKV       queries and keys are rotated by the table at their position; q goes to y, k and v to the cache
//          none      y = sum
//
// A workgroup of WX × WK invocations makes 4·WX outputs of RT rows. Inputs are staged in workgroup memory; each of the WK
// invocations of an output sums its part of every 64 input elements, and the partial sums are added in the end. A row is
// summed in the same order whatever RT is: batches, prefixes and single tokens give the same results.
//
// Without SHARED, for software adapters: an invocation makes 4 outputs of RT rows (GATE: 8) by itself. There workgroup
// memory and barriers only cost time.
//
// Cost: 2 · k · o FLOP per row; the weights are read once per RT rows.
#import storage
#import quantized

#const WX
#const WK
#const RT
#const THREADS

struct Params {
    rows: u32,
    queries: u32,
    k4: u32,
    o4: u32,
    // Elements of a row of y: more than o4 where w is a part of a layer.
    y4: u32,
    stride4: u32,
    // Where in the vectors of a sequence a, b and gamma begin.
    scale4: u32,
    shift4: u32,
    gamma4: u32,
    heads: u32,
    head4: u32,
    positions: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<Weights>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> vectors: array<vec4<f32>>;
#if QKV
#import state

@group(0) @binding(5) var<uniform> state: State;
// [positions, head4]: cosine and sine of two neighboring pairs.
@group(0) @binding(6) var<storage, read> rotation: array<vec4<f32>>;
// [sequences, keys or values, heads, positions, head4]
@group(0) @binding(7) var<storage, read_write> cache: array<Stored>;
#if QUANTIZED
@group(0) @binding(8) var<storage, read> scales: array<vec4<u32>>;
#endif
#elif QUANTIZED
@group(0) @binding(5) var<storage, read> scales: array<vec4<u32>>;
#endif

// Added to the mean square.
const EPS: f32 = 1e-5;

#if SHARED
// Input elements that the WK invocations of an output take at a time, and of them those of one invocation.
const BLOCK: u32 = 64u;
const RUN: u32 = BLOCK / WK;
// Elements in workgroup memory, and of them those of one row.
const STAGED: u32 = 512u;
const ROW: u32 = STAGED / RT;

var<workgroup> staged: array<vec4<f32>, STAGED>;
var<workgroup> rstd: array<f32, RT>;
#else
var<private> rstd: array<f32, RT>;
#endif

fn silu(v: vec4<f32>) -> vec4<f32> {
    return v / (1.0 + exp(-v));
}

fn input(first: u32, i: u32, k: u32) -> vec4<f32> {
    let row = first + i;
    if row >= params.rows || k >= params.k4 {
        return vec4(0.0);
    }
    let value = x[row * params.k4 + k];
#if MODULATE
    let at = row / params.queries * params.stride4 + k;
    return value * rstd[i] * vectors[at + params.scale4] + vectors[at + params.shift4];
#elif SILU
    return silu(value);
#else
    return value;
#endif
}

#if SHARED
#if MODULATE
// rsqrt(mean(x²) + EPS) of the workgroup's rows.
fn normalize(first: u32, thread: u32) {
#for i RT
    var squares_{i} = 0.0;
    if first + {i}u < params.rows {
        for (var k = thread; k < params.k4; k += THREADS) {
            let value = x[(first + {i}u) * params.k4 + k];
            squares_{i} += dot(value, value);
        }
    }
    staged[{i}u / 4u * THREADS + thread][{i}u % 4u] = squares_{i};
#endfor
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            for (var row = 0u; row < RT; row += 4u) {
                let at = row / 4u * THREADS + thread;
                staged[at] += staged[at + half];
            }
        }
        workgroupBarrier();
    }
    if thread < RT {
        rstd[thread] = inverseSqrt(staged[thread / 4u * THREADS][thread % 4u] / f32(4u * params.k4) + EPS);
    }
    workgroupBarrier();
}
#endif
#endif

#if QUANTIZED
struct Scale {
    lowest: vec4<f32>,
    step: vec4<f32>,
}

fn scale_of(k: u32, n: u32) -> Scale {
    let packed = scales[k / GROUP4 * params.o4 + n];
    return Scale(
        vec4(unpack2x16float(packed.x), unpack2x16float(packed.y)),
        vec4(unpack2x16float(packed.z), unpack2x16float(packed.w)),
    );
}

fn dequantize4(bits: u32, scale: Scale) -> vec4<f32> {
#if INT8
    let levels = (vec4(bits) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u);
#else
    let levels = (vec4(bits) >> vec4(0u, 4u, 8u, 12u)) & vec4(15u);
#endif
    return scale.lowest + scale.step * vec4<f32>(levels);
}

// Four inputs (columns) × four outputs (rows).
fn weights(k: u32, n: u32, scale: Scale) -> mat4x4<f32> {
    let bits = w[k * params.o4 + n];
#if INT8
    return mat4x4(dequantize4(bits.x, scale), dequantize4(bits.y, scale), dequantize4(bits.z, scale), dequantize4(bits.w, scale));
#else
    return mat4x4(dequantize4(bits.x, scale), dequantize4(bits.x >> 16u, scale), dequantize4(bits.y, scale), dequantize4(bits.y >> 16u, scale));
#endif
}
#else
// Four inputs (columns) × four outputs (rows).
fn weights(k: u32, n: u32) -> mat4x4<f32> {
    let at = 4u * k * params.o4 + n;
    return mat4x4(
        load(w[at]),
        load(w[at + params.o4]),
        load(w[at + 2u * params.o4]),
        load(w[at + 3u * params.o4]),
    );
}
#endif

#if SHARED
@compute @workgroup_size(WX, WK)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first = group.y * RT;
    let n = group.x * WX + local.x;
    // Beyond the last output: computed again, and not stored.
    let column = min(n, params.o4 - 1u);
#if MODULATE
    normalize(first, thread);
#endif
#for p PAIRS
    var even_{p} = vec4(0.0);
    var odd_{p} = vec4(0.0);
#endfor
    for (var chunk = 0u; chunk < params.k4; chunk += ROW) {
        for (var e = thread; e < ROW * RT; e += THREADS) {
            staged[e] = input(first, e / ROW, chunk + e % ROW);
        }
        workgroupBarrier();
        for (var block = 0u; block < min(ROW, params.k4 - chunk); block += BLOCK) {
            let first_k = block + local.y * RUN;
#if QUANTIZED
            let scale = scale_of(min(chunk + first_k, params.k4 - 1u), column);
#endif
            for (var r = 0u; r < RUN; r++) {
                // Beyond the last input the staged elements are zero.
                let k = min(chunk + first_k + r, params.k4 - 1u);
#if QUANTIZED
                let w_k = weights(k, column, scale);
#else
                let w_k = weights(k, column);
#endif
#for p PAIRS
                even_{p} += w_k * staged[2u * {p}u * ROW + first_k + r];
                odd_{p} += w_k * staged[(2u * {p}u + 1u) * ROW + first_k + r];
#endfor
            }
        }
        workgroupBarrier();
    }

    // Two rows at a time.
#for p PAIRS
    staged[thread] = even_{p};
    staged[THREADS + thread] = odd_{p};
    finish(first + 2u * {p}u, n, local, thread);
#endfor
}

// Adds the partial sums of two rows and stores the results.
fn finish(row_0: u32, n: u32, local: vec3<u32>, thread: u32) {
    workgroupBarrier();
    for (var half = WK / 2u; half > 0u; half /= 2u) {
        if local.y < half {
            staged[thread] += staged[thread + half * WX];
            staged[THREADS + thread] += staged[THREADS + thread + half * WX];
        }
        workgroupBarrier();
    }
    let row = row_0 + local.y;
    if local.y < 2u && row < params.rows && n < params.o4 {
        let at = local.y * THREADS + local.x;
#if GATE
        if n % 2u == 0u {
            y[(row * params.o4 + n) / 2u] = silu(staged[at]) * staged[at + 1u];
        }
#else
        store(row, n, staged[at]);
#endif
    }
    workgroupBarrier();
}
#else
@compute @workgroup_size(WX)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first = group.y * RT;
#if GATE
    let n = 2u * (group.x * WX + thread);
#else
    let n = group.x * WX + thread;
#endif
    if n >= params.o4 {
        return;
    }
#if MODULATE
    for (var i = 0u; i < min(RT, params.rows - first); i++) {
        var squares = 0.0;
        for (var k = 0u; k < params.k4; k++) {
            let value = x[(first + i) * params.k4 + k];
            squares += dot(value, value);
        }
        rstd[i] = inverseSqrt(squares / f32(4u * params.k4) + EPS);
    }
#endif
    let sums = products(first, n);
#if GATE
    let second = products(first, n + 1u);
    for (var i = 0u; i < min(RT, params.rows - first); i++) {
        y[((first + i) * params.o4 + n) / 2u] = silu(sums[i]) * second[i];
    }
#else
    for (var i = 0u; i < min(RT, params.rows - first); i++) {
        store(first + i, n, sums[i]);
    }
#endif
}

// Four outputs of RT rows.
fn products(first: u32, n: u32) -> array<vec4<f32>, RT> {
#for i RT
    var sum_{i} = vec4(0.0);
#endfor
#if QUANTIZED
    var scale = scale_of(0u, n);
#endif
    for (var k = 0u; k < params.k4; k++) {
#if QUANTIZED
        if k % GROUP4 == 0u {
            scale = scale_of(k, n);
        }
        let w_k = weights(k, n, scale);
#else
        let w_k = weights(k, n);
#endif
#for i RT
        if first + {i}u < params.rows {
            sum_{i} += w_k * input(first, {i}u, k);
        }
#endfor
    }
    var sums: array<vec4<f32>, RT>;
#for i RT
    sums[{i}] = sum_{i};
#endfor
    return sums;
}
#endif

#if QKV
fn store(row: u32, n: u32, sum: vec4<f32>) {
    let width4 = params.heads * params.head4;
    let which = n / width4;
    let head = n % width4 / params.head4;
    let d = n % params.head4;
    let position = state.position + row % params.queries;
    if position >= params.positions {
        return;
    }
    let angle = rotation[position * params.head4 + d];
    let rotated = vec4(
        sum.x * angle.x - sum.y * angle.y,
        sum.x * angle.y + sum.y * angle.x,
        sum.z * angle.z - sum.w * angle.w,
        sum.z * angle.w + sum.w * angle.z,
    );
    if which == 0u {
        y[row * width4 + n] = rotated;
        return;
    }
    let sequence = row / params.queries;
    let at = ((sequence * 2u + which - 1u) * params.heads + head) * params.positions + position;
    cache[at * params.head4 + d] = save(select(sum, rotated, which == 1u));
}
#else
fn store(row: u32, n: u32, sum: vec4<f32>) {
    let at = row * params.y4 + n;
#if RESIDUAL
    y[at] += vectors[row / params.queries * params.stride4 + params.gamma4 + n] * sum;
#elif BIAS
    y[at] = sum + vectors[n];
#else
    y[at] = sum;
#endif
}
#endif
