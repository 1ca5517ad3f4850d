// linear_weights: a piece of a weight matrix as files have it, turned and packed as `linear` reads it.
//
// raw    [rows, k4]   f32, four inputs an element, some of the outputs
// w      the packed matrix: as `linear` describes it; a row four n goes to output element first4 + n · step4
// scales INT8, INT4: lowest value and step of each output and group of inputs, as halves
//
// One invocation takes 4 outputs × one group of inputs (without quantization: 4 inputs). The numbers of a group run from
// its lowest to its largest value, in 255 or 15 steps, and are rounded to the nearest.
//
// Cost: reads and writes the piece once (quantized: reads it twice).
#import storage

struct Params {
    rows: u32,
    k4: u32,
    o4: u32,
    first4: u32,
    step4: u32,
}

#import quantized

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> raw: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> w: array<Weights>;
#if QUANTIZED
@group(0) @binding(3) var<storage, read_write> scales: array<vec4<u32>>;
#endif

fn inputs(row: u32, k: u32) -> vec4<f32> {
    if row >= params.rows {
        return vec4(0.0);
    }
    return raw[row * params.k4 + k];
}

// Four inputs (columns) × four outputs (rows).
fn block(n: u32, k: u32) -> mat4x4<f32> {
    return transpose(mat4x4(inputs(4u * n, k), inputs(4u * n + 1u, k), inputs(4u * n + 2u, k), inputs(4u * n + 3u, k)));
}

#if QUANTIZED
fn bits(values: vec4<f32>, lowest: vec4<f32>, step: vec4<f32>) -> u32 {
    // A group of equal values has no steps.
    let safe = select(step, vec4(1.0), step == vec4(0.0));
    let numbers = vec4<u32>(clamp(round((values - lowest) / safe), vec4(0.0), vec4(STEPS)));
#if INT8
    return numbers.x | (numbers.y << 8u) | (numbers.z << 16u) | (numbers.w << 24u);
#else
    return numbers.x | (numbers.y << 4u) | (numbers.z << 8u) | (numbers.w << 12u);
#endif
}
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let across = (params.k4 + GROUP4 - 1u) / GROUP4;
    let index = id.x + id.y * groups.x * 64u;
    let n = index / across;
    let part = index % across;
    if 4u * n >= params.rows {
        return;
    }
    let column = params.first4 + n * params.step4;
#if QUANTIZED
    let end = min((part + 1u) * GROUP4, params.k4);
    var low = vec4(3.4e38);
    var high = vec4(-3.4e38);
    for (var k = part * GROUP4; k < end; k++) {
        let four = block(n, k);
        low = min(low, min(min(four[0], four[1]), min(four[2], four[3])));
        high = max(high, max(max(four[0], four[1]), max(four[2], four[3])));
    }
    low = clamp(low, vec4(-65504.0), vec4(65504.0));
    let range = min((high - low) / STEPS, vec4(65504.0));
    let packed = vec4(
        pack2x16float(low.xy),
        pack2x16float(low.zw),
        pack2x16float(range.xy),
        pack2x16float(range.zw),
    );
    scales[part * params.o4 + column] = packed;
    // The numbers are made for the values that were stored, halves that they are.
    let lowest = vec4(unpack2x16float(packed.x), unpack2x16float(packed.y));
    let step = vec4(unpack2x16float(packed.z), unpack2x16float(packed.w));
    for (var k = part * GROUP4; k < end; k++) {
        let four = block(n, k);
        let b0 = bits(four[0], lowest, step);
        let b1 = bits(four[1], lowest, step);
        let b2 = bits(four[2], lowest, step);
        let b3 = bits(four[3], lowest, step);
#if INT8
        w[k * params.o4 + column] = vec4(b0, b1, b2, b3);
#else
        w[k * params.o4 + column] = vec2(b0 | (b1 << 16u), b2 | (b3 << 16u));
#endif
    }
#else
    let four = block(n, part);
    for (var j = 0u; j < 4u; j++) {
        w[(4u * part + j) * params.o4 + column] = save(four[j]);
    }
#endif
}
