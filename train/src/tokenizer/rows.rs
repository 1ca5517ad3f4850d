//! Maps as rows of latents, and back.

use burn::tensor::{Int, Tensor};

/// `[B, D, h, w]` to `[B · h · w, D]`, positions in raster order.
pub(crate) fn as_rows(map: Tensor<4>) -> Tensor<2> {
    let [batch, dimension, height, width] = map.dims();
    map.permute([0, 2, 3, 1]).reshape([batch * height * width, dimension])
}

/// The inverse of [`as_rows`].
pub(crate) fn as_map(rows: Tensor<2>, [batch, dimension, height, width]: [usize; 4]) -> Tensor<4> {
    rows.reshape([batch, height, width, dimension])
        .permute([0, 3, 1, 2])
        .reshape([batch, dimension, height, width])
}

/// Indices as numbers.
pub(crate) fn integers(indices: &Tensor<1, Int>) -> Vec<u32> {
    indices.to_data().iter::<i64>().map(|index| u32::try_from(index).unwrap_or(u32::MAX)).collect()
}
