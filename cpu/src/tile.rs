//! The inner loop of every product: a tile of sums that stays in registers.

use crate::isa::Target;

/// Adds the products of one tap to a tile: `sums[p][n] + Σ_c pixels[p][c] · weights[c][n]`.
///
/// All of `P · N` sums fit into the vector registers; a step of the loop loads `N` weights once, and each pixel's value
/// once, for `P · N` multiply-adds.
#[inline(always)]
pub(crate) fn add_products<T: Target, const P: usize, const N: usize>(
    pixels: [&[f32]; P],
    weights: &[[f32; N]],
    mut sums: [[f32; N]; P],
) -> [[f32; N]; P] {
    let mut same_length = pixels;
    for pixel in &mut same_length {
        *pixel = &pixel[..weights.len()];
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    match N {
        4 => return simd128::add_products::<P, N, 1>(same_length, weights, &sums),
        8 => return simd128::add_products::<P, N, 2>(same_length, weights, &sums),
        _ => {}
    }
    for (c, row) in weights.iter().enumerate() {
        for (sums, pixel) in sums.iter_mut().zip(same_length) {
            let value = pixel[c];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum = T::mul_add(value, *weight, *sum);
            }
        }
    }
    sums
}

/// The same with the vectors written out: for WebAssembly the compiler does not find them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128 {
    use core::arch::wasm32::{f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128, v128_load};

    /// `N` is `4 · V`; `pixels` are as long as `weights`.
    #[inline(always)]
    pub(super) fn add_products<const P: usize, const N: usize, const V: usize>(
        pixels: [&[f32]; P],
        weights: &[[f32; N]],
        sums: &[[f32; N]; P],
    ) -> [[f32; N]; P] {
        let mut vectors = sums.each_ref().map(vectors_of::<N, V>);
        for (c, row) in weights.iter().enumerate() {
            let row = vectors_of::<N, V>(row);
            for (sums, pixel) in vectors.iter_mut().zip(pixels) {
                let value = f32x4_splat(pixel[c]);
                for (sum, weight) in sums.iter_mut().zip(row) {
                    *sum = f32x4_add(*sum, f32x4_mul(value, weight));
                }
            }
        }
        vectors.map(|vectors| {
            let mut sums = [0.0; N];
            for (four, vector) in sums.as_chunks_mut::<4>().0.iter_mut().zip(vectors) {
                *four = [
                    f32x4_extract_lane::<0>(vector),
                    f32x4_extract_lane::<1>(vector),
                    f32x4_extract_lane::<2>(vector),
                    f32x4_extract_lane::<3>(vector),
                ];
            }
            sums
        })
    }

    #[inline(always)]
    fn vectors_of<const N: usize, const V: usize>(values: &[f32; N]) -> [v128; V] {
        let fours = values.as_chunks::<4>().0;
        std::array::from_fn(|at| {
            let four: &[f32; 4] = &fours[at];
            #[allow(
                unsafe_code,
                reason = "four safe loads of one lane each take twice the time of the whole loop"
            )]
            // SAFETY: the pointer is that of a reference to 16 readable bytes; the load has no alignment to keep.
            unsafe {
                v128_load(std::ptr::from_ref(four).cast())
            }
        })
    }
}
