//! The operations of the network through burn's own, for GPUs and for products in 16 bits. What each computes is said where the
//! processor's own code for it is.

use burn::tensor::{
    Bool, DType, Device, FloatDType, Int, Tensor, TensorData,
    activation::{log_softmax, silu, softmax},
};

use super::{attention::Rotation, norm::EPSILON, residual::Dropout};

/// Whether a tensor lies where this crate's own operations compute: on the processor.
pub(super) fn on_processor<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device().inner() == Device::flex()
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
    let inverse = (x.clone().square().mean_dim(1) + EPSILON).sqrt().recip();
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
    if dropout.share == 0.0 {
        return x;
    }
    let [rows, width] = x.dims();
    let factors: Tensor<2> = dropout.factors(rows * width, &x.device().inner()).reshape([rows, width]);
    let factors = if x.is_autodiff() { factors.autodiff() } else { factors };
    x * factors
}

pub(super) fn attention(qkv: &Tensor<2>, heads: usize, length: usize, rotation: &Rotation) -> Tensor<2> {
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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            attention::attention as own_attention,
            embedding::{class_rows as own_class_rows, embed as own_embed},
            head::cross_entropy as own_cross_entropy,
            linear::linear as own_linear,
            norm::adaptive_norm as own_adaptive_norm,
            residual::{gated_residual as own_gated_residual, gated_silu as own_gated_silu},
        },
        *,
    };
    use crate::random::Random;

    /// Inputs `[rows, columns]` at random; an operation in both forms must agree in its result and all gradients.
    fn same(
        shapes: &[[usize; 2]],
        own: impl Fn(&[Tensor<2>]) -> Tensor<2>,
        general: impl Fn(&[Tensor<2>]) -> Tensor<2>,
    ) {
        let device = Device::flex();
        let mut random = Random::new(6);
        let mut drawn = |[rows, columns]: [usize; 2]| {
            let values: Vec<f32> = (0..rows * columns).map(|_| random.normal()).collect();
            Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
        };
        let inputs: Vec<Tensor<2>> = shapes.iter().copied().map(&mut drawn).collect();
        let plain = [own(&inputs), general(&inputs)];
        let weights = drawn(plain[0].dims());
        let near = |a: Tensor<2>, b: Tensor<2>, what: &str| {
            let (a, b): (Vec<f32>, Vec<f32>) = (a.to_data().iter().collect(), b.to_data().iter().collect());
            assert!(a.iter().any(|value| value.abs() > 1e-3), "{what}");
            assert_eq!(a.len(), b.len(), "{what}");
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() < 2e-5 * (1.0 + b.abs()), "{what}: {a} {b}");
            }
        };
        near(plain[0].clone(), plain[1].clone(), "result");
        let gradients = |operation: &dyn Fn(&[Tensor<2>]) -> Tensor<2>| -> Vec<Tensor<2>> {
            let leaves: Vec<Tensor<2>> =
                inputs.iter().map(|input| input.clone().autodiff().require_grad()).collect();
            let passed = (operation(&leaves) * weights.clone().autodiff()).sum().backward();
            leaves.iter().map(|leaf| leaf.grad(&passed).unwrap()).collect()
        };
        for (index, (a, b)) in gradients(&own).into_iter().zip(gradients(&general)).enumerate() {
            near(a, b, &format!("gradient of input {index}"));
        }
    }

    #[test]
    fn operations_for_gpus_equal_those_for_the_processor() {
        same(&[[6, 8], [5, 8]], |x| own_linear(&x[0], &x[1]), |x| linear(&x[0], &x[1]));
        let norm = |x: &[Tensor<2>], f: fn(&Tensor<2>, &Tensor<1>, &Tensor<2>, [usize; 2]) -> Tensor<2>| {
            f(&x[0], &x[1].clone().reshape([8]), &x[2], [2, 1])
        };
        same(&[[6, 8], [1, 8], [2, 24]], |x| norm(x, own_adaptive_norm), |x| norm(x, adaptive_norm));
        for dropout in [Dropout { seed: 1, share: 0.0 }, Dropout { seed: 0xF000_0007, share: 0.3 }] {
            same(
                &[[6, 8], [6, 8], [2, 24]],
                |x| own_gated_residual(&x[0], &x[1], &x[2], 1, dropout),
                |x| gated_residual(&x[0], &x[1], &x[2], 1, dropout),
            );
        }
        same(&[[6, 8], [6, 8]], |x| own_gated_silu(&x[0], &x[1]), |x| gated_silu(&x[0], &x[1]));
        let rotation = Rotation::new(5, 2, 8);
        same(&[[10, 48]], |x| own_attention(&x[0], 2, 5, &rotation), |x| attention(&x[0], 2, 5, &rotation));
        same(&[[4, 8]], |x| own_class_rows(&x[0], &[3, 0, 3]), |x| class_rows(&x[0], &[3, 0, 3]));
        let tokens = [1, 6, 6, 0];
        for dropout in [None, Some(Dropout { seed: 3, share: 0.2 })] {
            same(
                &[[2, 8], [7, 8]],
                |x| own_embed(&x[0], &x[1], &tokens, dropout),
                |x| embed(&x[0], &x[1], &tokens, dropout),
            );
        }
        let targets = [0, 4, 2, 2, 1, 3];
        same(
            &[[6, 8], [5, 8]],
            |x| own_cross_entropy(&x[0], &x[1], &targets).unsqueeze(),
            |x| cross_entropy(&x[0], &x[1], &targets).unsqueeze(),
        );
    }

    #[test]
    fn dropout_keeps_the_mean_and_is_that_of_the_processor() {
        let dropout = Dropout { seed: 3, share: 0.25 };
        let factors: Vec<f32> = dropout.factors(10_000, &Device::flex()).to_data().iter().collect();
        let own: Vec<f32> = (0..10_000).map(|place| dropout.factor(place)).collect();
        assert_eq!(factors, own);
        let mean = factors.iter().sum::<f32>() / 10_000.0;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
    }
}
