// linear: y = f(x) · Wᵀ for all layers of the transformer, from one row (decoding a token) to many (a prefix at once).
//
// x [rows, k4]      four inputs an element, f32. A sequence has `queries` neighboring rows.
// w [4·k4, o4]      the weights turned, four outputs an element, so that neighboring invocations read neighbors.
//                   INT8, INT4: [k4, o4], 4 inputs × 4 outputs an element, and `scales` [k4 / GROUP4, o4] with the lowest
//                   value and the step of each output in a group of inputs: weight = lowest + step · number.
// vectors           per sequence: what adaptive layer norm multiplies and adds, `stride4` elements; or the bias
//
// Inputs: MODULATE   x · rsqrt(mean(x²) + 1e-5) · a + b, with a and b of the sequence (the norm's weight is part of a)
//         SILU       x · sigmoid(x)
//         neither    x
// Results: BIAS      y = sum + bias
//          GATE      w holds two matrices, one four of each in turn: y = silu(first) · second
//          RESIDUAL  y += gamma · sum, with gamma of the sequence
//          QKV       queries and keys are rotated by the table at their position; q goes to y, k and v to the cache
//          none      y = sum
//
// A workgroup of WX × WK invocations makes 4·WX outputs of RT rows. Inputs are staged in workgroup memory; each of the WK
// invocations of an output takes its share of every 64 input elements, and the shares are added in the end. A row's sum
// is made in the same order whatever RT is: batches, prefixes and single tokens give the same numbers.
//
// PLAIN, for adapters that are programs on a CPU: an invocation makes all of 4 outputs of RT rows (GATE: of 8) by itself. There
// workgroup memory and barriers only cost.
//
// Cost: 2 · k · o FLOP per row; the weights are read once per RT rows.
#import storage

#const WX
#const WK
#const RT

struct Params {
    rows: u32,
    queries: u32,
    k4: u32,
    o4: u32,
    stride4: u32,
    // Where in a sequence's vectors a, b and gamma begin.
    scale4: u32,
    shift4: u32,
    gamma4: u32,
    heads: u32,
    head4: u32,
    positions: u32,
    // Outputs of a whole row of y: more than o4 where w is a part of a layer.
    y4: u32,
}

#import quantized

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<Weights>;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> vectors: array<vec4<f32>>;
#if QKV
struct State {
    position: u32,
}

@group(0) @binding(5) var<uniform> state: State;
// [positions, head4]: cosine and sine of two neighboring pairs.
@group(0) @binding(6) var<storage, read> rotation: array<vec4<f32>>;
// [sequences, keys or values, heads, positions, head4]
@group(0) @binding(7) var<storage, read_write> cache: array<Stored>;
#if QUANTIZED
@group(0) @binding(8) var<storage, read> scales: array<vec4<u32>>;
#endif
#else
#if QUANTIZED
@group(0) @binding(5) var<storage, read> scales: array<vec4<u32>>;
#endif
#endif

const THREADS: u32 = WX * WK;
// Input elements that are shared out at a time, and of them those of one invocation.
const BLOCK: u32 = 64u;
const RUN: u32 = BLOCK / WK;
// Input elements of each row in workgroup memory.
const STAGED: u32 = 512u / RT;

#if PLAIN
var<private> rstd: array<f32, RT>;
#else
var<workgroup> staged: array<vec4<f32>, 512>;
var<workgroup> rstd: array<f32, RT>;
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
#else
#if SILU
    return silu(value);
#else
    return value;
#endif
#endif
}

#if PLAIN
#else
#if MODULATE
// rsqrt(mean(x²) + 1e-5) of the workgroup's rows.
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
            for (var part = 0u; part < RT; part += 4u) {
                let at = part / 4u * THREADS + thread;
                staged[at] += staged[at + half];
            }
        }
        workgroupBarrier();
    }
    if thread < RT {
        rstd[thread] = inverseSqrt(staged[thread / 4u * THREADS][thread % 4u] / f32(4u * params.k4) + 1e-5);
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
    let numbers = (vec4(bits) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u);
#else
    let numbers = (vec4(bits) >> vec4(0u, 4u, 8u, 12u)) & vec4(15u);
#endif
    return scale.lowest + scale.step * vec4<f32>(numbers);
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

#if PLAIN
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
        rstd[i] = inverseSqrt(squares / f32(4u * params.k4) + 1e-5);
    }
#endif
    let sums = products(first, n);
#if GATE
    let others = products(first, n + 1u);
    for (var i = 0u; i < min(RT, params.rows - first); i++) {
        y[((first + i) * params.o4 + n) / 2u] = silu(sums[i]) * others[i];
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
        let part = weights(k, n, scale);
#else
        let part = weights(k, n);
#endif
#for i RT
        if first + {i}u < params.rows {
            sum_{i} += part * input(first, {i}u, k);
        }
#endfor
    }
    var sums: array<vec4<f32>, RT>;
#for i RT
    sums[{i}] = sum_{i};
#endfor
    return sums;
}
#else
@compute @workgroup_size(WX, WK)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first = group.y * RT;
    let n = group.x * WX + local.x;
    // Beyond the last output: made again, and not stored.
    let column = min(n, params.o4 - 1u);
#if MODULATE
    normalize(first, thread);
#endif
#for p PAIRS
    var even_{p} = vec4(0.0);
    var odd_{p} = vec4(0.0);
#endfor
    for (var chunk = 0u; chunk < params.k4; chunk += STAGED) {
        for (var e = thread; e < STAGED * RT; e += THREADS) {
            staged[e] = input(first, e / STAGED, chunk + e % STAGED);
        }
        workgroupBarrier();
        for (var block = 0u; block < min(STAGED, params.k4 - chunk); block += BLOCK) {
            let mine = block + local.y * RUN;
#if QUANTIZED
            let scale = scale_of(min(chunk + mine, params.k4 - 1u), column);
#endif
            for (var r = 0u; r < RUN; r++) {
                // Beyond the last input the staged elements are zero.
                let k = min(chunk + mine + r, params.k4 - 1u);
#if QUANTIZED
                let part = weights(k, column, scale);
#else
                let part = weights(k, column);
#endif
#for p PAIRS
                even_{p} += part * staged[2u * {p}u * STAGED + mine + r];
                odd_{p} += part * staged[(2u * {p}u + 1u) * STAGED + mine + r];
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

// Adds the shares of two rows and stores the results.
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
    let turn = rotation[position * params.head4 + d];
    let rotated = vec4(
        sum.x * turn.x - sum.y * turn.y,
        sum.x * turn.y + sum.y * turn.x,
        sum.z * turn.z - sum.w * turn.w,
        sum.z * turn.w + sum.w * turn.z,
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
#else
#if BIAS
    y[at] = sum + vectors[n];
#else
    y[at] = sum;
#endif
#endif
}
#endif
