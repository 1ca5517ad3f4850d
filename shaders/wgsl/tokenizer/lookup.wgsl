// lookup: for every latent vector the code with the largest score, index = argmax_k z · C[k] + bias[k], lowest index on
// an exact tie, and the second-largest score (the difference is the margin). Without BIAS the score is the dot product;
// with bias[k] = -|C[k]|² / 2 the largest score is the smallest Euclidean distance.
//
// z        [positions, d4]          four dimensions an element
// codes    [4·d4, codes4]           the transposed codebook, four codes an element; one shard of it, from `first_code` on
// bias     [codes4]                 one f32 per code of the shard, four an element; only with BIAS
// partials [positions, parts]       the top 2 of each workgroup in its range of codes
//
// A matrix product whose result is never stored: each invocation multiplies TM positions with four codes at a time and
// keeps only its best two. A workgroup of WX × WY invocations goes through one range of codes (a part), 4·WX codes a step;
// the WX invocations of a position then merge through workgroup memory. `lookup_finish` merges the parts.
//
// Cost: 2 · d · K FLOP per position; the codebook is read once per WY·TM positions.
#import storage
#import top2

#const WX
#const WY
#const TM

struct Params {
    positions: u32,
    // First position of this dispatch.
    first_position: u32,
    d4: u32,
    codes4: u32,
    // Codes of the shard: the last element may hold fewer than four.
    codes: u32,
    first_code: u32,
    // Elements of codes in the range of one workgroup: its part.
    part4: u32,
    parts: u32,
    first_part: u32,
    z_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<Stored>;
@group(0) @binding(2) var<storage, read> codes: array<Stored>;
@group(0) @binding(3) var<storage, read_write> partials: array<Top2>;
#if BIAS
@group(0) @binding(4) var<storage, read> bias: array<vec4<f32>>;
#endif

var<workgroup> tops: array<Top2, WX * WY * TM>;

// Takes one more score into account. Codes come in rising order, so an equal one does not replace.
fn consider(top: Top2, score: f32, index: u32) -> Top2 {
    if score > top.best {
        return Top2(score, top.best, index, 0u);
    }
    return Top2(top.best, max(top.second, score), top.index, 0u);
}

fn consider4(top: Top2, scores: vec4<f32>, n: u32) -> Top2 {
    var out = top;
    for (var k = 0u; k < 4u; k++) {
        if 4u * n + k < params.codes {
            out = consider(out, scores[k], params.first_code + 4u * n + k);
        }
    }
    return out;
}

@compute @workgroup_size(WX, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let first = params.first_position + group.x * WY * TM + local.y * TM;
#for i TM
    var top_{i} = empty_top2();
    let z_{i} = min(first + {i}u, params.positions - 1u) * params.d4 + params.z_shift;
#endfor
    let to = min((group.y + 1u) * params.part4, params.codes4);
    for (var step = group.y * params.part4; step < to; step += WX) {
        let n = step + local.x;
        let column = min(n, params.codes4 - 1u);
#for i TM
        var sum_{i} = vec4(0.0);
#endfor
        for (var d = 0u; d < params.d4; d++) {
            let c0 = load(codes[(4u * d + 0u) * params.codes4 + column]);
            let c1 = load(codes[(4u * d + 1u) * params.codes4 + column]);
            let c2 = load(codes[(4u * d + 2u) * params.codes4 + column]);
            let c3 = load(codes[(4u * d + 3u) * params.codes4 + column]);
#for i TM
            let a_{i} = load(z[z_{i} + d]);
            sum_{i} += a_{i}.x * c0 + a_{i}.y * c1 + a_{i}.z * c2 + a_{i}.w * c3;
#endfor
        }
        if n < to {
#if BIAS
#for i TM
            top_{i} = consider4(top_{i}, sum_{i} + bias[n], n);
#endfor
#else
#for i TM
            top_{i} = consider4(top_{i}, sum_{i}, n);
#endfor
#endif
        }
    }

    let own = (local.y * WX + local.x) * TM;
#for i TM
    tops[own + {i}u] = top_{i};
#endfor
    workgroupBarrier();
    for (var half = WX / 2u; half > 0u; half /= 2u) {
        if local.x < half {
            for (var i = 0u; i < TM; i++) {
                tops[own + i] = merge(tops[own + i], tops[own + half * TM + i]);
            }
        }
        workgroupBarrier();
    }
    if local.x == 0u {
        for (var i = 0u; i < TM; i++) {
            if first + i < params.positions {
                partials[(first + i) * params.parts + params.first_part + group.y] = tops[own + i];
            }
        }
    }
}
