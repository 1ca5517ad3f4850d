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
