// conv2d: y[b, r, c, :] = scale · Σ_{ky, kx, i} x[b, r·stride + ky - pad, c·stride + kx - pad, i] · w[ky, kx, i, :] + bias
//         (+ the old y when `accumulate` is set: a residual connection).
//
// An implicit GEMM: rows are output pixels, columns are output channels, the inner dimension is (ky, kx, i). With side 1
// it is a plain matrix product, which is how attention and single vectors use it.
//
// Layouts, bands and `upsample`: see window.wgsl.
//
// An invocation makes TM pixels × 4·TN channels in registers. A workgroup of WX × WY invocations makes a tile of
// WY·TM pixels × 4·WX·TN channels. SHARED stages both inputs through workgroup memory, which GPUs need; without it the
// kernel is what software adapters run fastest.
//
// Cost: 2 · side² · in_c · out_c FLOP per output pixel; x is read about side² times through the caches, w once per tile.
#import storage
#import window

#const WX
#const WY
#const TM
#const TN
#const KS

#if SHARED
#const THREADS
const A_ROWS: u32 = THREADS / KS;
var<workgroup> a_tile: array<vec4<f32>, WY * TM * KS>;
var<workgroup> b_tile: array<vec4<f32>, 4u * KS * WX * TN>;
#endif

@compute @workgroup_size(WX, WY)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_pixel = (group.x + group.z * groups.x) * WY * TM;
    let first_channel = group.y * WX * TN;
#for i TM
    let pixel_{i} = first_pixel + local.y * TM + {i}u;
#endfor
#for i TM
#for j TN
    var sum_{i}_{j} = vec4(0.0);
#endfor
#endfor

#if SHARED
    // This invocation stages column `k_load` of the rows `m_load`, `m_load` + A_ROWS, ….
    let k_load = thread % KS;
    let m_load = thread / KS;
#for s A_LOADS
    let corner_{s} = corner(first_pixel + m_load + {s}u * A_ROWS);
#endfor
#else
#for i TM
    let corner_{i} = corner(pixel_{i});
#endfor
#endif

    for (var window = 0u; window < params.side * params.side; window++) {
        let ky = window / params.side;
        let kx = window % params.side;
#if SHARED
#for s A_LOADS
        let tap_{s} = tap(corner_{s}, ky, kx);
#endfor
        for (var c = 0u; c < params.in_c4; c += KS) {
#for s A_LOADS
            a_tile[(m_load + {s}u * A_ROWS) * KS + k_load] = load(channels(tap_{s}, c + k_load));
#endfor
            for (var e = thread; e < 4u * KS * WX * TN; e += THREADS) {
                b_tile[e] = load(weights(window, 4u * c + e / (WX * TN), min(first_channel + e % (WX * TN), params.out_c4 - 1u)));
            }
            workgroupBarrier();
            for (var k = 0u; k < KS; k++) {
#for j TN
                let w0_{j} = b_tile[(4u * k + 0u) * WX * TN + {j}u * WX + local.x];
                let w1_{j} = b_tile[(4u * k + 1u) * WX * TN + {j}u * WX + local.x];
                let w2_{j} = b_tile[(4u * k + 2u) * WX * TN + {j}u * WX + local.x];
                let w3_{j} = b_tile[(4u * k + 3u) * WX * TN + {j}u * WX + local.x];
#endfor
#for i TM
                let a_{i} = a_tile[(local.y * TM + {i}u) * KS + k];
#for j TN
                sum_{i}_{j} += a_{i}.x * w0_{j} + a_{i}.y * w1_{j} + a_{i}.z * w2_{j} + a_{i}.w * w3_{j};
#endfor
#endfor
            }
            workgroupBarrier();
        }
#else
#for i TM
        let tap_{i} = tap(corner_{i}, ky, kx);
#endfor
        for (var c = 0u; c < params.in_c4; c++) {
#for j TN
            let n_{j} = min(first_channel + {j}u * WX + local.x, params.out_c4 - 1u);
            let w0_{j} = load(weights(window, 4u * c + 0u, n_{j}));
            let w1_{j} = load(weights(window, 4u * c + 1u, n_{j}));
            let w2_{j} = load(weights(window, 4u * c + 2u, n_{j}));
            let w3_{j} = load(weights(window, 4u * c + 3u, n_{j}));
#endfor
#for i TM
            let a_{i} = load(channels(tap_{i}, c));
#for j TN
            sum_{i}_{j} += a_{i}.x * w0_{j} + a_{i}.y * w1_{j} + a_{i}.z * w2_{j} + a_{i}.w * w3_{j};
#endfor
#endfor
        }
#endif
    }

#for i TM
    if pixel_{i} < params.rows * params.out_w {
#for j TN
        store(pixel_{i}, first_channel + {j}u * WX + local.x, sum_{i}_{j});
#endfor
    }
#endfor
}
