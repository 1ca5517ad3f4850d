//! What a block adds to its input, the activation inside of the feed-forward layer, and dropout.

use burn::{
    backend::flex::FlexTensor,
    tensor::{DType, Device, Int, Tensor},
};
use rayon::prelude::*;

use super::{
    general::{self, on_processor},
    operation::{Input, Operation, apply, size, tensor, values},
};
use crate::operations::vector::sigmoid;

/// Which values are dropped: decided by a seed and the place of the value, so that the backward pass knows it too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropout {
    /// Seed of one application.
    pub(super) seed: u32,
    /// Share of the values that become 0; the others grow so that the mean stays.
    pub(super) share: f32,
}

impl Dropout {
    const MULTIPLIERS: [u32; 3] = [0x9E37_79B9, 0x7FEB_352D, 0x846C_A68B];

    /// Factor of the value at `place`.
    #[inline(always)]
    pub(super) fn factor(self, place: u32) -> f32 {
        // Two rounds of multiply and xor-shift (Wellons, "lowbias32").
        let mut x = place.wrapping_mul(Self::MULTIPLIERS[0]) ^ self.seed;
        x = (x ^ (x >> 16)).wrapping_mul(Self::MULTIPLIERS[1]);
        x = (x ^ (x >> 15)).wrapping_mul(Self::MULTIPLIERS[2]);
        x ^= x >> 16;
        if (x >> 8) as f32 >= self.least() { 1.0 / (1.0 - self.share) } else { 0.0 }
    }

    /// [`factor`](Self::factor) of the first `count` places, computed on a device.
    pub(super) fn factors(self, count: usize, device: &Device) -> Tensor<1> {
        let [a, b, c] = Self::MULTIPLIERS.map(u32::cast_signed);
        // Shifts of signed numbers bring copies of the sign, which the mask takes off.
        let shifted = |x: &Tensor<1, Int>, bits: u32| {
            let mask = (u32::MAX >> bits).cast_signed();
            x.clone().bitwise_right_shift_scalar(bits.cast_signed()).bitwise_and_scalar(mask)
        };
        let mixed = |x: Tensor<1, Int>, bits: u32| x.clone().bitwise_xor(shifted(&x, bits));
        let places = Tensor::<1, Int>::arange(0..count as i64, (device, DType::I32));
        let x = (places * a).bitwise_xor_scalar(self.seed.cast_signed());
        let x = mixed(mixed(mixed(x, 16) * b, 15) * c, 16);
        shifted(&x, 8).float().greater_equal_elem(self.least()).float() / (1.0 - self.share)
    }

    /// Values with 24 random bits below this are dropped.
    fn least(self) -> f32 {
        self.share * 16_777_216.0
    }
}

/// `x + gamma · dropout(y)`, rows `[B · T, C]`, with gamma a part of `vectors` `[B, parts · C]`.
pub(super) fn gated_residual(
    x: &Tensor<2>,
    y: &Tensor<2>,
    vectors: &Tensor<2>,
    gamma: usize,
    dropout: Dropout,
) -> Tensor<2> {
    if !on_processor(x) {
        return general::gated_residual(x, y, vectors, gamma, dropout);
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
    fn gradients(self, d_out: &FlexTensor) -> [FlexTensor; 3] {
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
        [d_out.clone(), tensor(d_y, size(&self.y)), tensor(d_vectors, [count, columns])]
    }
}

/// `silu(gate) · up`.
pub(super) fn gated_silu(gate: &Tensor<2>, up: &Tensor<2>) -> Tensor<2> {
    if !on_processor(gate) {
        return general::gated_silu(gate, up);
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
    fn gradients(self, d_y: &FlexTensor) -> [FlexTensor; 2] {
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
        [tensor(d_a, size(&self.gate)), tensor(d_b, size(&self.gate))]
    }
}
