// conv2d_matrix: what conv2d computes, on the matrix units of a GPU ("tensor cores"), from 16-bit floats into 32-bit sums.
//
// Layouts, bands and `upsample`: see window.wgsl.
//
// The matrices are SIZE × SIZE; a subgroup of SUBGROUP invocations multiplies them together. It makes a patch of TM × TN
// of them (rows are pixels, columns are channels), and a workgroup of SX × SY subgroups makes a tile of such patches.
// KS rows of w are staged in workgroup memory at a time; the two elements at the end of each staged row spread the rows
// over the memory's banks.
//
// Cost: that of conv2d.
enable wgpu_cooperative_matrix;
#import window

#const SIZE
#const SUBGROUP
#const SX
#const SY
#const TM
#const TN
#const KS

#if SIXTEEN
alias Left = coop_mat16x16<f16, A>;
alias Right = coop_mat16x16<f16, B>;
alias Sum = coop_mat16x16<f32, C>;
#else
alias Left = coop_mat8x8<f16, A>;
alias Right = coop_mat8x8<f16, B>;
alias Sum = coop_mat8x8<f32, C>;
#endif

#const THREADS
const TILE_PIXELS: u32 = SY * TM * SIZE;
// Counted in vec4, as are all lengths along channels below.
const SIZE4: u32 = SIZE / 4u;
const TILE_CHANNELS: u32 = SX * TN * SIZE4;
const K4: u32 = KS / 4u;
const A_ROWS: u32 = THREADS / K4;
const A_STRIDE: u32 = K4 + 2u;
const B_STRIDE: u32 = TILE_CHANNELS + 2u;

var<workgroup> a_tile: array<vec4<f16>, TILE_PIXELS * A_STRIDE>;
var<workgroup> b_tile: array<vec4<f16>, KS * B_STRIDE>;
var<workgroup> c_tile: array<vec4<f32>, SX * SY * SIZE * SIZE4>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let first_pixel = (group.x + group.z * groups.x) * TILE_PIXELS;
    let first_channel = group.y * TILE_CHANNELS;
    let patch_pixel = subgroup / SX * TM * SIZE;
    let patch_channel = subgroup % SX * TN * SIZE4;
#for i TM
#for j TN
    var sum_{i}_{j} = Sum();
#endfor
#endfor

    // This invocation stages column `k_load` of the pixels `m_load`, `m_load` + A_ROWS, ….
    let k_load = thread % K4;
    let m_load = thread / K4;
#for s A_LOADS
    let corner_{s} = corner(first_pixel + m_load + {s}u * A_ROWS);
#endfor
    for (var window = 0u; window < params.side * params.side; window++) {
        let ky = window / params.side;
        let kx = window % params.side;
#for s A_LOADS
        let tap_{s} = tap(corner_{s}, ky, kx);
#endfor
        for (var c = 0u; c < params.in_c4; c += K4) {
#for s A_LOADS
            a_tile[(m_load + {s}u * A_ROWS) * A_STRIDE + k_load] = channels(tap_{s}, c + k_load);
#endfor
            for (var e = thread; e < KS * TILE_CHANNELS; e += THREADS) {
                let n = min(first_channel + e % TILE_CHANNELS, params.out_c4 - 1u);
                b_tile[e / TILE_CHANNELS * B_STRIDE + e % TILE_CHANNELS] =
                    weights(window, 4u * c + e / TILE_CHANNELS, n);
            }
            workgroupBarrier();
            for (var k = 0u; k < KS; k += SIZE) {
                // Addresses and strides have names of their own: naga writes SPIR-V for nothing else.
                let a_stride = A_STRIDE;
                let b_stride = B_STRIDE;
#for i TM
                let a_at_{i} = (patch_pixel + {i}u * SIZE) * A_STRIDE + k / 4u;
                let a_{i} = coopLoadT<Left>(&a_tile[a_at_{i}], a_stride);
#endfor
#for j TN
                let b_at_{j} = k * B_STRIDE + patch_channel + {j}u * SIZE4;
                let b_{j} = coopLoadT<Right>(&b_tile[b_at_{j}], b_stride);
#for i TM
                sum_{i}_{j} = coopMultiplyAdd(a_{i}, b_{j}, sum_{i}_{j});
#endfor
#endfor
            }
            workgroupBarrier();
        }
    }

    // Out through workgroup memory, one matrix of every subgroup at a time.
    let c_at = subgroup * SIZE * SIZE4;
    let c_stride = SIZE4;
#for i TM
#for j TN
    coopStoreT(sum_{i}_{j}, &c_tile[c_at], c_stride);
    workgroupBarrier();
    for (var e = lane; e < SIZE * SIZE4; e += SUBGROUP) {
        let pixel = first_pixel + patch_pixel + {i}u * SIZE + e / SIZE4;
        if pixel < params.rows * params.out_w {
            store(pixel, first_channel + patch_channel + {j}u * SIZE4 + e % SIZE4, c_tile[c_at + e]);
        }
    }
    workgroupBarrier();
#endfor
#endfor
}
