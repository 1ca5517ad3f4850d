// peak_arithmetic: multiply-adds in registers and nothing else: the ceiling of arithmetic that the benchmark compares with.
//
// out [invocations]   a sum that depends on every multiply-add, so that none can be left out
//
// Eight independent chains of vec4 keep the pipeline full. Cost: `rounds` · 8 · 4 · 2 FLOP per invocation.
#const THREADS

struct Params {
    rounds: u32,
    // 1 - 2^-20, as a parameter, so that the driver cannot fold it.
    factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let factor = vec4(params.factor);
    let seed = vec4(f32(id.x));
    var a = seed;
    var b = seed + 1.0;
    var c = seed + 2.0;
    var d = seed + 3.0;
    var e = seed + 4.0;
    var f = seed + 5.0;
    var g = seed + 6.0;
    var h = seed + 7.0;
    for (var round = 0u; round < params.rounds; round++) {
        a = fma(a, factor, factor);
        b = fma(b, factor, factor);
        c = fma(c, factor, factor);
        d = fma(d, factor, factor);
        e = fma(e, factor, factor);
        f = fma(f, factor, factor);
        g = fma(g, factor, factor);
        h = fma(h, factor, factor);
    }
    let sum = a + b + c + d + e + f + g + h;
    out[id.x] = sum.x + sum.y + sum.z + sum.w;
}
