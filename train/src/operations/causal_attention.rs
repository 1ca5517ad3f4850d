//! Causal attention of many heads with 2-D rotary positions.
//!
//! Head by head and band by band of rows, so that only a band of the table of weights exists at a time. The backward
//! pass computes it anew from the logarithm of each row's sum.

use burn::{backend::flex::FlexTensor, tensor::Tensor};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops,
    linear::product,
    rotation::Rotation,
    vector::{dot, exp},
};

/// Rows of a band.
const BAND: usize = 64;

/// Attends within each sequence: `qkv` `[B · T, 3 C]` (queries, keys, values) to `[B · T, C]`.
pub(crate) fn causal_attention(
    qkv: &Tensor<2>,
    heads: usize,
    length: usize,
    rotation: &Rotation,
) -> Tensor<2> {
    if !is_on_cpu(qkv) {
        return burn_ops::causal_attention(qkv, heads, length, rotation);
    }
    apply([Input::of(qkv)], |[qkv]| {
        let [rows, columns] = size(&qkv);
        let mut attention = Attention {
            qkv,
            heads,
            length,
            width: columns / 3,
            rotation: rotation.clone(),
            y: None,
            sums: vec![],
        };
        let width = attention.width;
        let mut y = vec![0.0f32; rows * width];
        let mut sums = vec![0.0f32; rows * heads];
        y.par_chunks_mut(length * width).zip(sums.par_chunks_mut(length * heads)).enumerate().for_each(
            |(sequence, (y, sums))| {
                for (head, sums) in sums.chunks_exact_mut(length).enumerate() {
                    let out = attention.forward(sequence, head, sums);
                    attention.spread(&out, head, y, width);
                }
            },
        );
        let y = tensor(y, [rows, width]);
        attention.y = Some(y.clone());
        attention.sums = sums;
        (y, attention)
    })
}

#[derive(Clone, Debug)]
struct Attention {
    qkv: FlexTensor,
    heads: usize,
    /// Positions of a sequence.
    length: usize,
    width: usize,
    rotation: Rotation,
    y: Option<FlexTensor>,
    /// Logarithm of the sum of exponentials of every row, `[B, heads, T]`.
    sums: Vec<f32>,
}

impl Attention {
    /// Channels of a head.
    fn head(&self) -> usize {
        self.width / self.heads
    }

    /// One head of one part (0 queries, 1 keys, 2 values) of a sequence, `[T, d]`, turned and scaled.
    fn part(&self, sequence: usize, head: usize, part: usize) -> Vec<f32> {
        let (size, columns) = (self.head(), 3 * self.width);
        let rows = values(&self.qkv)[sequence * self.length * columns..].chunks_exact(columns);
        let mut out = Vec::with_capacity(self.length * size);
        for row in rows.take(self.length) {
            out.extend_from_slice(&row[part * self.width + head * size..][..size]);
        }
        if part < 2 {
            let scale = if part == 0 { (size as f32).powf(-0.5) } else { 1.0 };
            for (position, vector) in out.chunks_exact_mut(size).enumerate() {
                self.rotation.turn(position, vector, scale, false);
            }
        }
        out
    }

    /// Writes a head's rows `[T, d]` into rows of `columns` values.
    fn spread(&self, head_rows: &[f32], first_head: usize, out: &mut [f32], columns: usize) {
        let size = self.head();
        for (row, vector) in out.chunks_exact_mut(columns).zip(head_rows.chunks_exact(size)) {
            row[first_head * size..][..size].copy_from_slice(vector);
        }
    }

    fn forward(&self, sequence: usize, head: usize, sums: &mut [f32]) -> Vec<f32> {
        let shape = [self.length, self.head()];
        let [q, k, v] = [0, 1, 2].map(|part| tensor(self.part(sequence, head, part), shape));
        let mut out = Vec::with_capacity(self.length * self.head());
        for first in (0..self.length).step_by(BAND) {
            let rows = BAND.min(self.length - first);
            let seen = first + rows;
            let mut weights = product(&q.narrow(0, first, rows), &k.narrow(0, 0, seen).transpose(0, 1));
            let table: &mut [f32] = weights.storage_mut();
            for (row, weights) in table.chunks_exact_mut(seen).enumerate() {
                sums[first + row] = softmax(weights, first + row + 1);
            }
            out.extend_from_slice(values(&product(&weights, &v.narrow(0, 0, seen))));
        }
        out
    }

    /// Gradients of queries, keys and values of one head, before the turn.
    fn backward(&self, sequence: usize, head: usize, d_y: &[f32]) -> [Vec<f32>; 3] {
        let (size, length) = (self.head(), self.length);
        let shape = [length, size];
        let [q, k, v] = [0, 1, 2].map(|part| tensor(self.part(sequence, head, part), shape));
        let of = |all: &[f32]| -> Vec<f32> {
            let rows = all[sequence * length * self.width..].chunks_exact(self.width).take(length);
            rows.flat_map(|row| &row[head * size..][..size]).copied().collect()
        };
        let y = self.y.as_ref().map(|y| of(values(y))).unwrap_or_default();
        let d_y = of(d_y);
        // Row sums of d_y · y: what the softmax takes off every gradient of a row.
        let means: Vec<f32> =
            y.chunks_exact(size).zip(d_y.chunks_exact(size)).map(|(y, d)| dot(y, d)).collect();
        let d_y = tensor(d_y, shape);
        let sums = &self.sums[(sequence * self.heads + head) * length..][..length];
        let mut d_q = Vec::with_capacity(length * size);
        let (mut d_k, mut d_v) = (vec![0.0f32; length * size], vec![0.0f32; length * size]);
        for first in (0..length).step_by(BAND) {
            let rows = BAND.min(length - first);
            let seen = first + rows;
            let (q, d_y) = (q.narrow(0, first, rows), d_y.narrow(0, first, rows));
            let k = k.narrow(0, 0, seen);
            let mut weights = product(&q, &k.transpose(0, 1));
            let mut d_weights = product(&d_y, &v.narrow(0, 0, seen).transpose(0, 1));
            let (table, d_table): (&mut [f32], &mut [f32]) = (weights.storage_mut(), d_weights.storage_mut());
            let pairs = table.chunks_exact_mut(seen).zip(d_table.chunks_exact_mut(seen));
            for (row, (weights, d_weights)) in pairs.enumerate() {
                let (sum, mean, most) = (sums[first + row], means[first + row], first + row + 1);
                pulp::Arch::new().dispatch(|| {
                    for (p, d) in weights[..most].iter_mut().zip(&mut d_weights[..most]) {
                        *p = exp(*p - sum);
                        *d = *p * (*d - mean);
                    }
                    weights[most..].fill(0.0);
                    d_weights[most..].fill(0.0);
                });
            }
            d_q.extend_from_slice(values(&product(&d_weights, &k)));
            add(&mut d_k, values(&product(&d_weights.transpose(0, 1), &q)));
            add(&mut d_v, values(&product(&weights.transpose(0, 1), &d_y)));
        }
        let scale = (size as f32).powf(-0.5);
        for position in 0..length {
            self.rotation.turn(position, &mut d_q[position * size..][..size], scale, true);
            self.rotation.turn(position, &mut d_k[position * size..][..size], 1.0, true);
        }
        [d_q, d_k, d_v]
    }
}

impl Operation<1> for Attention {
    fn gradients(self, d_y: &FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let [rows, columns] = size(&self.qkv);
        let mut d_qkv = vec![0.0f32; rows * columns];
        d_qkv.par_chunks_mut(self.length * columns).enumerate().for_each(|(sequence, d_qkv)| {
            for head in 0..self.heads {
                for (part, gradient) in self.backward(sequence, head, values(d_y)).iter().enumerate() {
                    self.spread(gradient, part * self.heads + head, d_qkv, columns);
                }
            }
        });
        [Some(tensor(d_qkv, [rows, columns]))]
    }
}

/// Softmax of the first `most` values in place, the others become 0. Returns the logarithm of the sum of exponentials.
fn softmax(row: &mut [f32], most: usize) -> f32 {
    pulp::Arch::new().dispatch(|| {
        let top = row[..most].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for value in &mut row[..most] {
            *value = exp(*value - top);
            sum += *value;
        }
        row[..most].iter_mut().for_each(|value| *value /= sum);
        row[most..].fill(0.0);
        top + sum.ln()
    })
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}
