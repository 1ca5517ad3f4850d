//! The activation inside of the feed-forward layer.

use burn::{backend::flex::FlexTensor, tensor::Tensor};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops,
    vector::sigmoid,
};

/// `silu(gate) · up`.
pub(crate) fn gated_silu(gate: &Tensor<2>, up: &Tensor<2>) -> Tensor<2> {
    if !is_on_cpu(gate) {
        return burn_ops::gated_silu(gate, up);
    }
    apply([Input::of(gate), Input::of(up)], |[gate, up]| {
        let (a, b) = (values(&gate), values(&up));
        let mut y = vec![0.0f32; a.len()];
        y.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK)).for_each(|((y, a), b)| {
            pulp::Arch::new().dispatch(|| {
                for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                    *y = a * sigmoid(a) * b;
                }
            });
        });
        (tensor(y, size(&gate)), GatedSilu { gate, up })
    })
}

/// Values that one thread takes at a time.
const CHUNK: usize = 1 << 15;

#[derive(Clone, Debug)]
struct GatedSilu {
    gate: FlexTensor,
    up: FlexTensor,
}

impl Operation<2> for GatedSilu {
    fn gradients(self, d_y: &FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let (a, b, d) = (values(&self.gate), values(&self.up), values(d_y));
        let (mut d_a, mut d_b) = (vec![0.0f32; a.len()], vec![0.0f32; a.len()]);
        let out = d_a.par_chunks_mut(CHUNK).zip(d_b.par_chunks_mut(CHUNK)).enumerate();
        out.for_each(|(index, (d_a, d_b))| {
            let part = index * CHUNK..index * CHUNK + d_a.len();
            let (a, b, d) = (&a[part.clone()], &b[part.clone()], &d[part]);
            pulp::Arch::new().dispatch(|| {
                for i in 0..d_a.len() {
                    let s = sigmoid(a[i]);
                    d_b[i] = d[i] * a[i] * s;
                    d_a[i] = d[i] * b[i] * s * (1.0 + a[i] * (1.0 - s));
                }
            });
        });
        [tensor(d_a, size(&self.gate)), tensor(d_b, size(&self.gate))].map(Some)
    }
}
