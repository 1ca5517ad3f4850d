//! What a block adds to its input, times a gate that depends on the class.

use burn::{backend::flex::FlexTensor, tensor::Tensor};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops,
    dropout::Dropout,
};

/// `x + gamma · dropout(y)`, rows `[B · T, C]`, with gamma a part of `vectors` `[B, parts · C]`.
pub(crate) fn gated_residual(
    x: &Tensor<2>,
    y: &Tensor<2>,
    vectors: &Tensor<2>,
    gamma: usize,
    dropout: Dropout,
) -> Tensor<2> {
    if !is_on_cpu(x) {
        return burn_ops::gated_residual(x, y, vectors, gamma, dropout);
    }
    apply([Input::of(x), Input::of(y), Input::of(vectors)], |[x, y, vectors]| {
        let gate = Gate { y, vectors, gamma, dropout };
        (gate.forward(&x), gate)
    })
}

#[derive(Clone, Debug)]
struct Gate {
    y: FlexTensor,
    vectors: FlexTensor,
    gamma: usize,
    dropout: Dropout,
}

impl Gate {
    fn gamma(&self, sequence: usize) -> &[f32] {
        let width = size(&self.y)[1];
        &values(&self.vectors)[sequence * size(&self.vectors)[1] + self.gamma * width..][..width]
    }

    /// Calls `row(sequence, first place, row)` for the rows of every sequence of `out`; sequences run side by side.
    fn rows(&self, out: &mut [f32], row: impl Fn(usize, usize, &mut [f32]) + Sync) {
        let width = size(&self.y)[1];
        let sequence = out.len() / size(&self.vectors)[0];
        out.par_chunks_mut(sequence).enumerate().for_each(|(index, out)| {
            pulp::Arch::new().dispatch(|| {
                for (number, out) in out.chunks_exact_mut(width).enumerate() {
                    row(index, index * sequence + number * width, out);
                }
            });
        });
    }

    fn forward(&self, x: &FlexTensor) -> FlexTensor {
        let (x, y, dropout) = (values(x), values(&self.y), self.dropout);
        let mut out = vec![0.0f32; x.len()];
        self.rows(&mut out, |sequence, first, out| {
            let (x, y, gamma) = (&x[first..][..out.len()], &y[first..][..out.len()], self.gamma(sequence));
            for i in 0..out.len() {
                out[i] = x[i] + gamma[i] * y[i] * dropout.factor((first + i) as u32);
            }
        });
        tensor(out, size(&self.y))
    }
}

impl Operation<3> for Gate {
    fn gradients(self, d_out: &FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (d, y, dropout) = (values(d_out), values(&self.y), self.dropout);
        let mut d_y = vec![0.0f32; d.len()];
        self.rows(&mut d_y, |sequence, first, d_y| {
            let (d, gamma) = (&d[first..][..d_y.len()], self.gamma(sequence));
            for i in 0..d_y.len() {
                d_y[i] = d[i] * gamma[i] * dropout.factor((first + i) as u32);
            }
        });
        let width = size(&self.y)[1];
        let [count, columns] = size(&self.vectors);
        let sequence = d.len() / count;
        let mut d_vectors = vec![0.0f32; count * columns];
        d_vectors.par_chunks_mut(columns).enumerate().for_each(|(index, row)| {
            let sum = &mut row[self.gamma * width..][..width];
            pulp::Arch::new().dispatch(|| {
                for first in (index * sequence..(index + 1) * sequence).step_by(width) {
                    let (d, y) = (&d[first..][..width], &y[first..][..width]);
                    for i in 0..width {
                        sum[i] += d[i] * y[i] * dropout.factor((first + i) as u32);
                    }
                }
            });
        });
        [d_out.clone(), tensor(d_y, size(&self.y)), tensor(d_vectors, [count, columns])].map(Some)
    }
}
