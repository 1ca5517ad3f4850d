//! The last layer and the loss together.
//!
//! The logits of a few hundred positions at a time: their gradient is known at once, so that neither logits nor
//! probabilities of a whole batch are ever stored.

use burn::{backend::flex::FlexTensor, tensor::Tensor};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops,
    linear::product,
    vector::exp,
};

/// Positions whose logits exist at a time.
const TILE: usize = 256;

/// Mean of `-log softmax(x Wᵀ)[target]` over the rows of `x` `[N, C]`, with `W` `[V, C]` and a target below V for every
/// row.
pub(crate) fn cross_entropy(x: &Tensor<2>, weight: &Tensor<2>, targets: &[u16]) -> Tensor<1> {
    if !is_on_cpu(x) || x.dtype() != weight.dtype() {
        return burn_ops::cross_entropy(x, weight, targets);
    }
    let is_tracked = x.is_autodiff() || weight.is_autodiff();
    apply([Input::of(x), Input::of(weight)], |[x, weight]| {
        let [rows, width] = size(&x);
        let [codes, _] = size(&weight);
        let turned = weight.transpose(0, 1);
        let mut loss = 0.0f64;
        let mut d_x = Vec::with_capacity(rows * width);
        let mut d_weight = vec![0.0f32; if is_tracked { codes * width } else { 0 }];
        for first in (0..rows).step_by(TILE) {
            let count = TILE.min(rows - first);
            let part = x.narrow(0, first, count);
            let mut logits = product(&part, &turned);
            let table: &mut [f32] = logits.storage_mut();
            let losses: Vec<f32> = table
                .par_chunks_mut(codes)
                .zip(&targets[first..first + count])
                .map(|(row, &target)| gradient(row, usize::from(target), 1.0 / rows as f32))
                .collect();
            loss += losses.into_iter().map(f64::from).sum::<f64>();
            if is_tracked {
                d_x.extend_from_slice(values(&product(&logits, &weight)));
                let of_tile = product(&logits.transpose(0, 1), &part);
                d_weight
                    .par_chunks_mut(1 << 15)
                    .zip(values(&of_tile).par_chunks(1 << 15))
                    .for_each(|(sum, part)| sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part));
            }
        }
        let loss = tensor(vec![(loss / rows as f64) as f32], [1]);
        let shape = if is_tracked { [[rows, width], [codes, width]] } else { [[0, width]; 2] };
        (loss, CrossEntropy { d_x: tensor(d_x, shape[0]), d_weight: tensor(d_weight, shape[1]) })
    })
}

/// The gradients for a gradient 1 of the loss.
#[derive(Clone, Debug)]
struct CrossEntropy {
    d_x: FlexTensor,
    d_weight: FlexTensor,
}

impl Operation<2> for CrossEntropy {
    fn gradients(self, d_loss: &FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let scale = values(d_loss)[0];
        [self.d_x, self.d_weight].map(|gradient| {
            if scale == 1.0 {
                return Some(gradient);
            }
            let scaled = values(&gradient).iter().map(|value| value * scale).collect();
            Some(tensor(scaled, size(&gradient)))
        })
    }
}

/// Turns logits into `scale · (softmax - onehot)` and returns the loss of the row.
fn gradient(row: &mut [f32], target: usize, scale: f32) -> f32 {
    pulp::Arch::new().dispatch(|| {
        const LANES: usize = 32;
        let mut tops = [f32::NEG_INFINITY; LANES];
        for chunk in row.chunks(LANES) {
            tops.iter_mut().zip(chunk).for_each(|(top, value)| *top = top.max(*value));
        }
        let top = tops.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let chosen = row[target] - top;
        let mut sums = [0.0f32; LANES];
        for chunk in row.chunks_mut(LANES) {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *value = exp(*value - top);
                *sum += *value;
            }
        }
        let sum: f32 = sums.iter().sum();
        let factor = scale / sum;
        row.iter_mut().for_each(|value| *value *= factor);
        row[target] -= scale;
        sum.ln() - chosen
    })
}
