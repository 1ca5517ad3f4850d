//! Adaptive RMS norm: `rms(x) · w · (1 + scale) + shift`, where scale and shift depend on the class.

use burn::{backend::flex::FlexTensor, tensor::Tensor};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops::{self, RMS_EPSILON},
    vector::dot,
};

/// Normalizes rows `x` `[B · T, C]` and changes them with parts `scale` and `shift` of `vectors` `[B, parts · C]`.
pub(crate) fn adaptive_norm(
    x: &Tensor<2>,
    weight: &Tensor<1>,
    vectors: &Tensor<2>,
    [scale, shift]: [usize; 2],
) -> Tensor<2> {
    if !is_on_cpu(x) {
        return burn_ops::adaptive_norm(x, weight, vectors, [scale, shift]);
    }
    apply([Input::of(x), Input::of(weight), Input::of(vectors)], |[x, weight, vectors]| {
        let norm = Norm { x, weight, vectors, scale, shift };
        (norm.forward(), norm)
    })
}

#[derive(Clone, Debug)]
struct Norm {
    x: FlexTensor,
    weight: FlexTensor,
    vectors: FlexTensor,
    scale: usize,
    shift: usize,
}

impl Norm {
    /// Values of one sequence.
    fn sequence(&self) -> usize {
        values(&self.x).len() / size(&self.vectors)[0]
    }

    fn width(&self) -> usize {
        size(&self.x)[1]
    }

    /// The vectors of one sequence: scale and shift.
    fn of(&self, sequence: usize) -> [&[f32]; 2] {
        let row = &values(&self.vectors)[sequence * size(&self.vectors)[1]..][..size(&self.vectors)[1]];
        [self.scale, self.shift].map(|part| &row[part * self.width()..][..self.width()])
    }

    fn forward(&self) -> FlexTensor {
        let (x, weight, width) = (values(&self.x), values(&self.weight), self.width());
        let mut y = vec![0.0f32; x.len()];
        let sequences = y.par_chunks_mut(self.sequence()).zip(x.par_chunks(self.sequence()));
        sequences.enumerate().for_each(|(index, (y, x))| {
            let [scale, shift] = self.of(index);
            pulp::Arch::new().dispatch(|| {
                for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    let inverse = inverse_rms(x);
                    for i in 0..width {
                        y[i] = x[i] * inverse * weight[i] * (1.0 + scale[i]) + shift[i];
                    }
                }
            });
        });
        tensor(y, size(&self.x))
    }
}

impl Operation<3> for Norm {
    fn gradients(self, d_y: &FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, weight, d_y, width) = (values(&self.x), values(&self.weight), values(d_y), self.width());
        let [count, columns] = size(&self.vectors);
        let mut d_x = vec![0.0f32; x.len()];
        let mut d_vectors = vec![0.0f32; count * columns];
        let length = self.sequence();
        let parts: Vec<Vec<f32>> = d_x
            .par_chunks_mut(length)
            .zip(d_vectors.par_chunks_mut(columns))
            .enumerate()
            .map(|(index, (d_x, d_vectors))| {
                let [scale, _] = self.of(index);
                let (x, d_y) = (&x[index * length..][..length], &d_y[index * length..][..length]);
                // Sums over the rows of d_y · normal, and of d_y.
                let (mut product, mut sum) = (vec![0.0f32; width], vec![0.0f32; width]);
                pulp::Arch::new().dispatch(|| {
                    let rows = d_x.chunks_exact_mut(width).zip(x.chunks_exact(width));
                    for ((d_x, x), d_y) in rows.zip(d_y.chunks_exact(width)) {
                        let inverse = inverse_rms(x);
                        for i in 0..width {
                            d_x[i] = d_y[i] * weight[i] * (1.0 + scale[i]);
                            product[i] += d_y[i] * x[i] * inverse;
                            sum[i] += d_y[i];
                        }
                        let mean = dot(d_x, x) / width as f32 * inverse * inverse;
                        for i in 0..width {
                            d_x[i] = inverse * (d_x[i] - x[i] * mean);
                        }
                    }
                });
                for i in 0..width {
                    d_vectors[self.scale * width + i] = product[i] * weight[i];
                    d_vectors[self.shift * width + i] = sum[i];
                    product[i] *= 1.0 + scale[i];
                }
                product
            })
            .collect();
        let mut d_weight = vec![0.0f32; width];
        for part in &parts {
            d_weight.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        [tensor(d_x, size(&self.x)), tensor(d_weight, [width]), tensor(d_vectors, [count, columns])].map(Some)
    }
}

/// `1 / sqrt(mean(x²) + ε)`.
#[inline(always)]
pub(crate) fn inverse_rms(x: &[f32]) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + RMS_EPSILON).sqrt()
}
