// linear_weights: a piece of a weight matrix as files have it, transposed and packed as `linear` reads it.
//
// raw    [rows, k4]   f32, four inputs an element, some of the outputs
// w      the packed matrix, as `linear` describes it; rows 4n … 4n + 3 go to output element first4 + n · step4
// scales INT8, INT4: lowest value and step of each output and group of inputs, as halves
//
// One invocation takes 4 outputs × one group of inputs (without quantization: 4 inputs). Quantization is affine: the levels
// of a group run from its lowest to its largest value in STEPS steps (255 or 15), and values are rounded to the nearest.
//
// Cost: reads and writes the piece once (quantized: reads it twice).
#import storage
#import constants
#import quantized

#const THREADS
#import invocation

struct Params {
    rows: u32,
    k4: u32,
    o4: u32,
    first4: u32,
    step4: u32,
}

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
fn quantize4(values: vec4<f32>, lowest: vec4<f32>, step: vec4<f32>) -> u32 {
    // A group of equal values has no steps.
    let safe = select(step, vec4(1.0), step == vec4(0.0));
    let levels = vec4<u32>(clamp(round((values - lowest) / safe), vec4(0.0), vec4(STEPS)));
#if INT8
    return levels.x | (levels.y << 8u) | (levels.z << 16u) | (levels.w << 24u);
#else
    return levels.x | (levels.y << 4u) | (levels.z << 8u) | (levels.w << 12u);
#endif
}
#endif

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let groups_per_row = (params.k4 + GROUP4 - 1u) / GROUP4;
    let index = invocation_index(id, groups);
    let n = index / groups_per_row;
    let group = index % groups_per_row;
    if 4u * n >= params.rows {
        return;
    }
    let column = params.first4 + n * params.step4;
#if QUANTIZED
    let end = min((group + 1u) * GROUP4, params.k4);
    var low = vec4(-F32_LOWEST);
    var high = vec4(F32_LOWEST);
    for (var k = group * GROUP4; k < end; k++) {
        let values = block(n, k);
        low = min(low, min(min(values[0], values[1]), min(values[2], values[3])));
        high = max(high, max(max(values[0], values[1]), max(values[2], values[3])));
    }
    low = clamp(low, vec4(-F16_MAX), vec4(F16_MAX));
    let size = min((high - low) / STEPS, vec4(F16_MAX));
    let packed = vec4(
        pack2x16float(low.xy),
        pack2x16float(low.zw),
        pack2x16float(size.xy),
        pack2x16float(size.zw),
    );
    scales[group * params.o4 + column] = packed;
    // Levels are those of the stored scale, which is rounded to halves.
    let lowest = vec4(unpack2x16float(packed.x), unpack2x16float(packed.y));
    let step = vec4(unpack2x16float(packed.z), unpack2x16float(packed.w));
    for (var k = group * GROUP4; k < end; k++) {
        let values = block(n, k);
        let b0 = quantize4(values[0], lowest, step);
        let b1 = quantize4(values[1], lowest, step);
        let b2 = quantize4(values[2], lowest, step);
        let b3 = quantize4(values[3], lowest, step);
#if INT8
        w[k * params.o4 + column] = vec4(b0, b1, b2, b3);
#else
        w[k * params.o4 + column] = vec2(b0 | (b1 << 16u), b2 | (b3 << 16u));
#endif
    }
#else
    let values = block(n, group);
    for (var j = 0u; j < 4u; j++) {
        w[(4u * group + j) * params.o4 + column] = save(values[j]);
    }
#endif
}
