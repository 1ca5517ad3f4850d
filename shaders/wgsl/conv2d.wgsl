// conv2d: y[b, r, c, :] = scale · Σ_{ky, kx, i} x[b, r·stride + ky - pad, c·stride + kx - pad, i] · w[ky, kx, i, :] + bias
//         (+ the old y when `accumulate` is set: a residual connection).
//
// An implicit GEMM: rows are output pixels, columns are output channels, the inner dimension is (ky, kx, i). With side 1
// it is a plain matrix product, which is how attention and single vectors use it.
//
// x  [batch, in_h, in_w, in_c4]     four channels an element; outside of the picture x is 0
// w  [side, side, in_c, out_c4]     four output channels an element
// bias [out_c4]
// y  [batch, out_h, out_w, out_c4]
//
// `upsample` reads x as if it had been enlarged to twice its size by repeating pixels. One dispatch makes the rows
// first_row … first_row + rows - 1 of all batch · out_h rows, so that a map larger than a binding is made in bands; the
// shifts say where the bound parts begin.
//
// An invocation makes TM pixels × 4·TN channels in registers. A workgroup of WX × WY invocations makes a tile of
// WY·TM pixels × 4·WX·TN channels. SHARED stages both inputs through workgroup memory, which GPUs need; without it the
// kernel is what software adapters run fastest.
//
// Cost: 2 · side² · in_c · out_c FLOP per output pixel; x is read about side² times through the caches, w once per tile.
#import storage

#const WX
#const WY
#const TM
#const TN
#const KS

struct Params {
    in_h: u32,
    in_w: u32,
    in_c4: u32,
    // Rows of w per tap. Four channels are read at a time: a last part without rows of its own meets zeros in x.
    in_c: u32,
    out_h: u32,
    out_w: u32,
    out_c4: u32,
    first_row: u32,
    rows: u32,
    side: u32,
    stride: u32,
    pad: u32,
    upsample: u32,
    // 1: add the bias. 2: add to what y holds.
    flags: u32,
    scale: f32,
    x_shift: u32,
    y_shift: u32,
    w_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;

// Where a pixel's window begins in x: batch item, row and column (before padding is taken away).
struct Corner {
    item: u32,
    row: u32,
    col: u32,
    inside: bool,
}

fn corner(pixel: u32) -> Corner {
    let row = params.first_row + pixel / params.out_w;
    return Corner(
        row / params.out_h,
        (row % params.out_h) * params.stride,
        (pixel % params.out_w) * params.stride,
        pixel < params.rows * params.out_w,
    );
}

// Index of the first channel of the pixel that one tap of the window meets, and whether it lies in the picture.
struct Tap {
    index: u32,
    inside: bool,
}

fn tap(at: Corner, ky: u32, kx: u32) -> Tap {
    // Left of and above the picture these wrap around to huge numbers, which are outside as well.
    let row = at.row + ky - params.pad;
    let col = at.col + kx - params.pad;
    let inside = at.inside && row < (params.in_h << params.upsample) && col < (params.in_w << params.upsample);
    let pixel = (at.item * params.in_h + (row >> params.upsample)) * params.in_w + (col >> params.upsample);
    return Tap(select(0u, pixel * params.in_c4 + params.x_shift, inside), inside);
}

fn channels(at: Tap, c4: u32) -> vec4<f32> {
    return select(vec4(0.0), load(x[at.index + c4]), at.inside && c4 < params.in_c4);
}

fn weights(window: u32, input: u32, n: u32) -> vec4<f32> {
    let row = window * params.in_c + min(input, params.in_c - 1u);
    return load(w[row * params.out_c4 + n + params.w_shift]);
}

#if SHARED
const THREADS: u32 = WX * WY;
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
    // This thread stages column `k_load` of the rows `m_load`, `m_load` + A_ROWS, ….
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
            a_tile[(m_load + {s}u * A_ROWS) * KS + k_load] = channels(tap_{s}, c + k_load);
#endfor
            for (var e = thread; e < 4u * KS * WX * TN; e += THREADS) {
                b_tile[e] = weights(window, 4u * c + e / (WX * TN), min(first_channel + e % (WX * TN), params.out_c4 - 1u));
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
            let w0_{j} = weights(window, 4u * c + 0u, n_{j});
            let w1_{j} = weights(window, 4u * c + 1u, n_{j});
            let w2_{j} = weights(window, 4u * c + 2u, n_{j});
            let w3_{j} = weights(window, 4u * c + 3u, n_{j});
#endfor
#for i TM
            let a_{i} = channels(tap_{i}, c);
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

fn store(pixel: u32, n: u32, sum: vec4<f32>) {
    if n >= params.out_c4 {
        return;
    }
    let index = (params.first_row * params.out_w + pixel) * params.out_c4 + n + params.y_shift;
    var value = sum * params.scale;
    if (params.flags & 1u) != 0u {
        value += bias[n];
    }
    if (params.flags & 2u) != 0u {
        value += load(y[index]);
    }
    y[index] = save(value);
}
