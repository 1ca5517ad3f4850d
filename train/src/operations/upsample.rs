//! Doubling of a map by repetition.

use burn::tensor::Tensor;

/// `[B, C, H, W]` to `[B, C, 2H, 2W]`: every value becomes a square of four.
#[must_use]
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let spread: Tensor<6> = x.reshape([batch, channels, height, 1, width, 1]);
    spread.expand([batch, channels, height, 2, width, 2]).reshape([batch, channels, 2 * height, 2 * width])
}
