//! Doubling of a map by repetition.

use burn::{backend::flex::FlexTensor, tensor::Tensor};

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, tensor, values},
    burn_ops,
};

/// `[B, C, H, W]` to `[B, C, 2H, 2W]`: every value becomes a square of four.
#[must_use]
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    if !is_on_cpu(&x) {
        return burn_ops::upsample_nearest(x);
    }
    let [batch, channels, height, width] = x.dims();
    apply([Input::of(&x)], |[x]| {
        let mut y = Vec::with_capacity(4 * values(&x).len());
        for row in values(&x).chunks_exact(width) {
            for _ in 0..2 {
                y.extend(row.iter().flat_map(|value| [*value; 2]));
            }
        }
        (
            tensor(y, [batch, channels, 2 * height, 2 * width]),
            Upsampling { shape: [batch, channels, height, width] },
        )
    })
}

#[derive(Clone, Debug)]
struct Upsampling {
    /// Shape of the input.
    shape: [usize; 4],
}

impl Operation<1> for Upsampling {
    /// The gradient of a value is the sum over its square of four.
    fn gradients(self, d_y: &FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let width = self.shape[3];
        let mut d_x = Vec::with_capacity(self.shape.iter().product());
        for rows in values(d_y).chunks_exact(4 * width) {
            let (upper, lower) = rows.split_at(2 * width);
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            d_x.extend(pairs.map(|(upper, lower)| (upper[0] + upper[1]) + (lower[0] + lower[1])));
        }
        [Some(tensor(d_x, self.shape))]
    }
}
