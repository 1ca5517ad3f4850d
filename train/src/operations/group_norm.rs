//! GroupNorm with 32 groups, alone or followed by swish.
//!
//! On the CPU both are one pass over the map, forward and backward, in vector instructions.

use burn::{
    backend::flex::FlexTensor,
    tensor::{Tensor, TensorData},
};
use rayon::prelude::*;

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, values},
    burn_ops::{self, GROUPS, NORM_EPSILON},
    vector::{LANES, sigmoid, total},
};

/// Normalizes each of 32 groups of channels of `x` `[B, C, H, W]` to mean 0 and variance 1, then scales and shifts each
/// channel.
#[must_use]
pub fn group_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<4> {
    normalize(x, gamma, beta, false)
}

/// [`group_norm`], then `swish(x) = x · sigmoid(x)`.
#[must_use]
pub fn group_norm_swish(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<4> {
    normalize(x, gamma, beta, true)
}

fn normalize(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, swish: bool) -> Tensor<4> {
    if !is_on_cpu(&x) {
        return burn_ops::group_norm(x, gamma, beta, swish);
    }
    apply([Input::of(&x), Input::of(&gamma), Input::of(&beta)], |[x, gamma, beta]| {
        let norm = Norm::new(x, gamma, beta, swish);
        (norm.forward(), norm)
    })
}

/// One application of the norm, with what its backward pass needs.
#[derive(Clone, Debug)]
struct Norm {
    x: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    swish: bool,
    channels: usize,
    /// Values of one channel of one picture.
    area: usize,
    /// Mean and inverse standard deviation of each group of each picture.
    statistics: Vec<(f32, f32)>,
}

impl Norm {
    fn new(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, swish: bool) -> Self {
        let channels = x.layout().shape()[1];
        let area = x.layout().shape()[2] * x.layout().shape()[3];
        let statistics =
            values(&x).par_chunks(channels / GROUPS * area).map(mean_and_inverse_deviation).collect();
        Self { x, gamma, beta, swish, channels, area, statistics }
    }

    /// Values of one group of one picture.
    fn group(&self) -> usize {
        self.channels / GROUPS * self.area
    }

    /// Channels of the group with this index among all groups of all pictures.
    fn channels_of(&self, index: usize) -> std::ops::Range<usize> {
        let each = self.channels / GROUPS;
        let first = index % GROUPS * each;
        first..first + each
    }

    fn forward(&self) -> FlexTensor {
        let (x, gamma, beta) = (values(&self.x), values(&self.gamma), values(&self.beta));
        let mut y = vec![0.0f32; x.len()];
        y.par_chunks_mut(self.group()).zip(x.par_chunks(self.group())).enumerate().for_each(
            |(index, (y, x))| {
                let (mean, inverse) = self.statistics[index];
                let maps = y.chunks_exact_mut(self.area).zip(x.chunks_exact(self.area));
                for (channel, (y, x)) in self.channels_of(index).zip(maps) {
                    let scale = inverse * gamma[channel];
                    let shift = beta[channel] - mean * scale;
                    affine(y, x, scale, shift, self.swish);
                }
            },
        );
        tensor_like(y, &self.x)
    }
}

impl Operation<3> for Norm {
    fn gradients(self, d_y: &FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, gamma, beta, d_y) = (values(&self.x), values(&self.gamma), values(&self.beta), values(d_y));
        let mut d_x = vec![0.0f32; x.len()];
        let group = self.group();
        let parts: Vec<Vec<[f32; 2]>> = d_x
            .par_chunks_mut(group)
            .zip(x.par_chunks(group))
            .zip(d_y.par_chunks(group))
            .enumerate()
            .map(|(index, ((d_x, x), d_y))| {
                let (mean, inverse) = self.statistics[index];
                let maps = x.chunks_exact(self.area).zip(d_y.chunks_exact(self.area));
                let mut parts = Vec::with_capacity(self.channels / GROUPS);
                let (mut sum, mut product) = (0.0, 0.0);
                for ((channel, (x, d_y)), d_x) in
                    self.channels_of(index).zip(maps).zip(d_x.chunks_exact_mut(self.area))
                {
                    let channel = ChannelMap { mean, inverse, gamma: gamma[channel], beta: beta[channel] };
                    let part = channel.gradient(d_x, x, d_y, self.swish);
                    sum += part[0] * channel.gamma;
                    product += part[1] * channel.gamma;
                    parts.push(part);
                }
                let count = group as f32;
                finish(d_x, x, inverse, mean, sum / count, product / count);
                parts
            })
            .collect();
        let (mut d_gamma, mut d_beta) = (vec![0.0f32; self.channels], vec![0.0f32; self.channels]);
        for (index, part) in parts.into_iter().flatten().enumerate() {
            d_beta[index % self.channels] += part[0];
            d_gamma[index % self.channels] += part[1];
        }
        [tensor_like(d_x, &self.x), tensor_like(d_gamma, &self.gamma), tensor_like(d_beta, &self.beta)]
            .map(Some)
    }
}

/// One channel of one picture.
struct ChannelMap {
    mean: f32,
    inverse: f32,
    gamma: f32,
    beta: f32,
}

impl ChannelMap {
    /// Writes the gradient of the normal values to `d_normal`, and returns the sums of the gradient before gamma: alone,
    /// and times the normal values.
    fn gradient(&self, d_normal: &mut [f32], x: &[f32], d_y: &[f32], swish: bool) -> [f32; 2] {
        let &Self { mean, inverse, gamma, beta } = self;
        pulp::Arch::new().dispatch(|| {
            let (mut sum, mut product) = ([0.0f32; LANES], [0.0f32; LANES]);
            let step = |sum: &mut f32, product: &mut f32, out: &mut f32, x: f32, d_y: f32| {
                let normal = (x - mean) * inverse;
                let u = gamma * normal + beta;
                let s = sigmoid(u);
                let d_u = if swish { d_y * s * (1.0 + u * (1.0 - s)) } else { d_y };
                *sum += d_u;
                *product += d_u * normal;
                *out = d_u * gamma;
            };
            let whole = x.len() / LANES * LANES;
            let lanes = d_normal[..whole]
                .chunks_exact_mut(LANES)
                .zip(x.chunks_exact(LANES))
                .zip(d_y.chunks_exact(LANES));
            for ((out, x), d_y) in lanes {
                for i in 0..LANES {
                    step(&mut sum[i], &mut product[i], &mut out[i], x[i], d_y[i]);
                }
            }
            for i in whole..x.len() {
                step(&mut sum[0], &mut product[0], &mut d_normal[i], x[i], d_y[i]);
            }
            [total(&sum), total(&product)]
        })
    }
}

/// `d_x = inverse · (d_normal - mean(d_normal) - normal · mean(d_normal · normal))`, in place.
fn finish(d_x: &mut [f32], x: &[f32], inverse: f32, mean: f32, mean_gradient: f32, mean_product: f32) {
    pulp::Arch::new().dispatch(|| {
        for (d, x) in d_x.iter_mut().zip(x) {
            *d = inverse * (*d - mean_gradient - (x - mean) * inverse * mean_product);
        }
    });
}

fn affine(y: &mut [f32], x: &[f32], scale: f32, shift: f32, swish: bool) {
    pulp::Arch::new().dispatch(|| {
        for (y, x) in y.iter_mut().zip(x) {
            let u = x * scale + shift;
            *y = if swish { u * sigmoid(u) } else { u };
        }
    });
}

fn mean_and_inverse_deviation(x: &[f32]) -> (f32, f32) {
    pulp::Arch::new().dispatch(|| {
        let mean = lane_sum(x, |x| x) / x.len() as f32;
        let variance = lane_sum(x, |x| (x - mean) * (x - mean)) / x.len() as f32;
        (mean, 1.0 / (variance + NORM_EPSILON).sqrt())
    })
}

#[inline(always)]
fn lane_sum(x: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sum = [0.0f32; LANES];
    let lanes = x.chunks_exact(LANES);
    let rest: f32 = lanes.remainder().iter().map(|x| term(*x)).sum();
    for x in lanes {
        for i in 0..LANES {
            sum[i] += term(x[i]);
        }
    }
    total(&sum) + rest
}

fn tensor_like(values: Vec<f32>, like: &FlexTensor) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, like.layout().shape().clone()))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    fn with_gradients(
        norm: impl Fn(Tensor<4>, Tensor<1>, Tensor<1>) -> Tensor<4>,
        x: &Tensor<4>,
        [gamma, beta]: [&Tensor<1>; 2],
    ) -> [Tensor<1>; 4] {
        let x = x.clone().autodiff().require_grad();
        let (gamma, beta) = (gamma.clone().autodiff().require_grad(), beta.clone().autodiff().require_grad());
        let y = norm(x.clone(), gamma.clone(), beta.clone());
        let gradients = (y.clone() * y.clone().sin()).sum().backward();
        [
            y.inner().flatten(0, 3),
            x.grad(&gradients).unwrap().flatten(0, 3),
            gamma.grad(&gradients).unwrap(),
            beta.grad(&gradients).unwrap(),
        ]
    }

    #[test]
    fn own_code_equals_that_of_burn_with_all_gradients() {
        let device = Device::flex();
        device.seed(5);
        for (shape, swish) in [([2, 32, 5, 7], true), ([1, 64, 8, 8], true), ([2, 64, 3, 3], false)] {
            let x = Tensor::<4>::random(shape, Distribution::Normal(0.5, 2.0), &device);
            let [gamma, beta] =
                [1.0, 0.0].map(|m| Tensor::<1>::random([shape[1]], Distribution::Normal(m, 0.5), &device));
            let fast = with_gradients(|x, g, b| normalize(x, g, b, swish), &x, [&gamma, &beta]);
            let slow = with_gradients(|x, g, b| burn_ops::group_norm(x, g, b, swish), &x, [&gamma, &beta]);
            for (fast, slow) in fast.into_iter().zip(slow) {
                let scale = slow.clone().abs().max().into_scalar::<f32>();
                let error = (fast - slow).abs().max().into_scalar::<f32>();
                assert!(error < 2e-5 * scale.max(1.0), "{shape:?}: {error} of {scale}");
            }
        }
    }
}
