//! The same operations through burn's own, for GPUs and for products in 16 bits. The CPU versions, in the files of the same
//! names, document what each computes.

use burn::tensor::{
    Bool, DType, Device, FloatDType, Int, Tensor, TensorData,
    activation::{log_softmax, silu, softmax},
    module,
    ops::ConvOptions,
};

use super::{dropout::Dropout, rotation::Rotation};

/// Added to the mean square by RMS norms.
pub(super) const RMS_EPSILON: f32 = 1e-5;
/// Groups of every group norm of the tokenizer family.
pub(super) const GROUPS: usize = 32;
/// Added to the variance by group norms.
pub(super) const NORM_EPSILON: f32 = 1e-6;

pub(super) fn conv2d(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    border: [usize; 2],
) -> Tensor<4> {
    let [before, after] = border;
    if before == after {
        let options = ConvOptions::new([stride; 2], [before; 2], [1; 2], 1);
        return module::conv2d(x, kernel, bias, options);
    }
    let padded = x.pad([(before, after), (before, after)], 0.0);
    module::conv2d(padded, kernel, bias, ConvOptions::new([stride; 2], [0; 2], [1; 2], 1))
}

pub(super) fn group_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, swish: bool) -> Tensor<4> {
    let shape @ [batch, channels, height, width] = x.dims();
    let grouped = x.reshape([batch, GROUPS, channels / GROUPS * height * width]);
    let centered = grouped.clone() - grouped.mean_dim(2);
    let variance = centered.clone().square().mean_dim(2);
    let normal = (centered / (variance + NORM_EPSILON).sqrt()).reshape(shape);
    let y = normal * gamma.reshape([1, channels, 1, 1]) + beta.reshape([1, channels, 1, 1]);
    if swish { silu(y) } else { y }
}

pub(super) fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let spread: Tensor<6> = x.reshape([batch, channels, height, 1, width, 1]);
    spread.expand([batch, channels, height, 2, width, 2]).reshape([batch, channels, 2 * height, 2 * width])
}

/// A weight of 16 bits multiplies in 16 bits; the result has 32.
pub(super) fn linear(x: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    let turned = weight.clone().transpose();
    if weight.dtype() == DType::F16 {
        return x.clone().cast(FloatDType::F16).matmul(turned).cast(FloatDType::F32);
    }
    x.clone().matmul(turned)
}

pub(super) fn adaptive_norm(
    x: &Tensor<2>,
    weight: &Tensor<1>,
    vectors: &Tensor<2>,
    [scale, shift]: [usize; 2],
) -> Tensor<2> {
    let [rows, width] = x.dims();
    let [count, _] = vectors.dims();
    let inverse = (x.clone().square().mean_dim(1) + RMS_EPSILON).sqrt().recip();
    let normal = x.clone() * inverse * weight.clone().unsqueeze();
    let normal: Tensor<3> = normal.reshape([count, rows / count, width]);
    let changed = normal * (part(vectors, scale, width) + 1.0) + part(vectors, shift, width);
    changed.reshape([rows, width])
}

/// Part of the vectors of every sequence, `[B, 1, C]`.
fn part(vectors: &Tensor<2>, part: usize, width: usize) -> Tensor<3> {
    let [count, _] = vectors.dims();
    vectors.clone().narrow(1, part * width, width).reshape([count, 1, width])
}

pub(super) fn gated_residual(
    x: &Tensor<2>,
    y: &Tensor<2>,
    vectors: &Tensor<2>,
    gamma: usize,
    dropout: Dropout,
) -> Tensor<2> {
    let [rows, width] = x.dims();
    let [count, _] = vectors.dims();
    let y: Tensor<3> = dropped(y.clone(), dropout).reshape([count, rows / count, width]);
    let added: Tensor<2> = (y * part(vectors, gamma, width)).reshape([rows, width]);
    x.clone() + added
}

pub(super) fn gated_silu(gate: &Tensor<2>, up: &Tensor<2>) -> Tensor<2> {
    silu(gate.clone()) * up.clone()
}

fn dropped(x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    if dropout.rate == 0.0 {
        return x;
    }
    let [rows, width] = x.dims();
    let factors: Tensor<2> = dropout.factors(rows * width, &x.device().inner()).reshape([rows, width]);
    let factors = if x.is_autodiff() { factors.autodiff() } else { factors };
    x * factors
}

pub(super) fn causal_attention(
    qkv: &Tensor<2>,
    heads: usize,
    length: usize,
    rotation: &Rotation,
) -> Tensor<2> {
    let [rows, columns] = qkv.dims();
    let (count, width) = (rows / length, columns / 3);
    let size = width / heads;
    let like = |tensor: Tensor<5>| if qkv.is_autodiff() { tensor.autodiff() } else { tensor };
    let device = qkv.device().inner();
    let angles = rotation.cosines_and_sines().map(|values| {
        let pairs = values.len() / length;
        let table = Tensor::<1>::from_data(TensorData::new(values, [length * pairs]), &device);
        like(table.reshape([1, 1, length, pairs, 1]))
    });
    let of = |part: usize| -> Tensor<4> {
        qkv.clone().narrow(1, part * width, width).reshape([count, length, heads, size]).swap_dims(1, 2)
    };
    let turned = |x: Tensor<4>| -> Tensor<4> {
        let pairs: Tensor<5> = x.reshape([count, heads, length, size / 2, 2]);
        let (a, b) = (pairs.clone().narrow(4, 0, 1), pairs.narrow(4, 1, 1));
        let [cosine, sine] = angles.clone();
        let first = a.clone() * cosine.clone() - b.clone() * sine.clone();
        let second = a * sine + b * cosine;
        Tensor::cat(vec![first, second], 4).reshape([count, heads, length, size])
    };
    let scale = (size as f32).powf(-0.5);
    let scores = turned(of(0) * scale).matmul(turned(of(1)).swap_dims(2, 3));
    let later = Tensor::<2, Bool>::tril_mask([length, length], 0, &scores.device());
    let later: Tensor<4, Bool> = later.reshape([1, 1, length, length]).expand(scores.dims());
    let weights = softmax(scores.mask_fill(later, f32::NEG_INFINITY), 3);
    weights.matmul(of(2)).swap_dims(1, 2).reshape([rows, width])
}

pub(super) fn class_rows(table: &Tensor<2>, classes: &[u16]) -> Tensor<2> {
    table.clone().select(0, numbers(classes, &table.device()))
}

pub(super) fn embed(
    classes: &Tensor<2>,
    table: &Tensor<2>,
    tokens: &[u16],
    dropout: Option<Dropout>,
) -> Tensor<2> {
    let [count, width] = classes.dims();
    let each = tokens.len() / count;
    let mut rows: Tensor<3> = classes.clone().reshape([count, 1, width]);
    if each > 0 {
        let known = table.clone().select(0, numbers(tokens, &table.device()));
        rows = Tensor::cat(vec![rows, known.reshape([count, each, width])], 1);
    }
    let rows = rows.reshape([count * (each + 1), width]);
    match dropout {
        Some(dropout) => dropped(rows, dropout),
        None => rows,
    }
}

pub(super) fn cross_entropy(x: &Tensor<2>, weight: &Tensor<2>, targets: &[u16]) -> Tensor<1> {
    let logits = log_softmax(linear(x, weight), 1);
    let targets = numbers(targets, &logits.device()).reshape([targets.len(), 1]);
    -logits.gather(1, targets).mean()
}

fn numbers(values: &[u16], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = values.iter().map(|&value| i32::from(value)).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}
