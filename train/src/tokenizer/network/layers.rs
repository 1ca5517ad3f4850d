//! The few layers that the network is made of.

use burn::tensor::{Tensor, activation::softmax};

use crate::{
    operations::{conv2d, group_norm, group_norm_swish, upsample_nearest},
    weights::Weights,
};

/// Convolution of stride 1 that keeps the size: 3×3 with a border of zeros, or 1×1.
pub(super) fn conv(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    let kernel: Tensor<4> = weights.get(&format!("{name}.weight"));
    let border = kernel.dims()[2] / 2;
    conv2d(x, kernel, weights.get(&format!("{name}.bias")), 1, [border; 2])
}

/// Halves the size: one row and column of zeros below and right, then 3×3 of stride 2.
pub(super) fn downsample(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    conv2d(x, weights.get(&format!("{name}.weight")), weights.get(&format!("{name}.bias")), 2, [0, 1])
}

/// Doubles the size by repetition, then 3×3.
pub(super) fn upsample(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    conv(weights, name, upsample_nearest(x))
}

/// GroupNorm, then `swish(x) = x · sigmoid(x)`.
pub(super) fn norm_swish(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    group_norm_swish(x, weights.get(&format!("{name}.weight")), weights.get(&format!("{name}.bias")))
}

/// ResNet block: twice (norm, swish, 3×3), added to the input, which a 1×1 brings to the new width if need be.
pub(super) fn res_block(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    let h = norm_swish(weights, &format!("{name}.norm1"), x.clone());
    let h = conv(weights, &format!("{name}.conv1"), h);
    let h = norm_swish(weights, &format!("{name}.norm2"), h);
    let h = conv(weights, &format!("{name}.conv2"), h);
    let shortcut = format!("{name}.nin_shortcut");
    let x = if weights.contains(&format!("{shortcut}.weight")) { conv(weights, &shortcut, x) } else { x };
    x + h
}

/// Attention of one head over all positions, added to its input.
pub(super) fn attention(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let positions = height * width;
    let gamma = weights.get(&format!("{name}.norm.weight"));
    let normed = group_norm(x.clone(), gamma, weights.get(&format!("{name}.norm.bias")));
    let part = |part: &str| {
        conv(weights, &format!("{name}.{part}"), normed.clone()).reshape([batch, channels, positions])
    };
    let (q, k, v) = (part("q"), part("k"), part("v"));
    let scale = (channels as f32).powf(-0.5);
    let attended = softmax(q.swap_dims(1, 2).matmul(k) * scale, 2);
    let mixed = v.matmul(attended.swap_dims(1, 2)).reshape([batch, channels, height, width]);
    x + conv(weights, &format!("{name}.proj_out"), mixed)
}

/// Block, attention, block at the coarsest level.
pub(super) fn middle(weights: &Weights, name: &str, x: Tensor<4>) -> Tensor<4> {
    let h = res_block(weights, &format!("{name}.block_1"), x);
    let h = attention(weights, &format!("{name}.attn_1"), h);
    res_block(weights, &format!("{name}.block_2"), h)
}
