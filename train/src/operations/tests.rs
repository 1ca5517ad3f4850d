use burn::tensor::{Device, Tensor, TensorData};

use super::{
    adaptive_norm::adaptive_norm,
    burn_ops,
    causal_attention::causal_attention,
    cross_entropy::cross_entropy,
    dropout::Dropout,
    embedding::{class_rows, embed},
    gated_residual::gated_residual,
    gated_silu::gated_silu,
    linear::linear,
    rotation::Rotation,
    upsample::upsample_nearest,
};
use crate::random::Random;

/// Fails unless both forms of an operation have the same result and the same gradients, for random inputs of these shapes
/// `[rows, columns]`.
fn assert_same(
    shapes: &[[usize; 2]],
    own: impl Fn(&[Tensor<2>]) -> Tensor<2>,
    of_burn: impl Fn(&[Tensor<2>]) -> Tensor<2>,
) {
    let device = Device::flex();
    let mut random = Random::new(6);
    let mut drawn = |[rows, columns]: [usize; 2]| {
        let values: Vec<f32> = (0..rows * columns).map(|_| random.normal()).collect();
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), &device)
    };
    let inputs: Vec<Tensor<2>> = shapes.iter().copied().map(&mut drawn).collect();
    let plain = [own(&inputs), of_burn(&inputs)];
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
    for (index, (a, b)) in gradients(&own).into_iter().zip(gradients(&of_burn)).enumerate() {
        near(a, b, &format!("gradient of input {index}"));
    }
}

#[test]
fn operations_equal_those_of_burn_with_all_gradients() {
    assert_same(&[[6, 8], [5, 8]], |x| linear(&x[0], &x[1]), |x| burn_ops::linear(&x[0], &x[1]));
    let norm = |x: &[Tensor<2>], f: fn(&Tensor<2>, &Tensor<1>, &Tensor<2>, [usize; 2]) -> Tensor<2>| {
        f(&x[0], &x[1].clone().reshape([8]), &x[2], [2, 1])
    };
    assert_same(&[[6, 8], [1, 8], [2, 24]], |x| norm(x, adaptive_norm), |x| norm(x, burn_ops::adaptive_norm));
    for dropout in [Dropout { seed: 1, rate: 0.0 }, Dropout { seed: 0xF000_0007, rate: 0.3 }] {
        assert_same(
            &[[6, 8], [6, 8], [2, 24]],
            |x| gated_residual(&x[0], &x[1], &x[2], 1, dropout),
            |x| burn_ops::gated_residual(&x[0], &x[1], &x[2], 1, dropout),
        );
    }
    assert_same(&[[6, 8], [6, 8]], |x| gated_silu(&x[0], &x[1]), |x| burn_ops::gated_silu(&x[0], &x[1]));
    let rotation = Rotation::new(5, 2, 8);
    assert_same(
        &[[10, 48]],
        |x| causal_attention(&x[0], 2, 5, &rotation),
        |x| burn_ops::causal_attention(&x[0], 2, 5, &rotation),
    );
    assert_same(&[[4, 8]], |x| class_rows(&x[0], &[3, 0, 3]), |x| burn_ops::class_rows(&x[0], &[3, 0, 3]));
    let tokens = [1, 6, 6, 0];
    for dropout in [None, Some(Dropout { seed: 3, rate: 0.2 })] {
        assert_same(
            &[[2, 8], [7, 8]],
            |x| embed(&x[0], &x[1], &tokens, dropout),
            |x| burn_ops::embed(&x[0], &x[1], &tokens, dropout),
        );
    }
    let targets = [0, 4, 2, 2, 1, 3];
    assert_same(
        &[[6, 8], [5, 8]],
        |x| cross_entropy(&x[0], &x[1], &targets).unsqueeze(),
        |x| burn_ops::cross_entropy(&x[0], &x[1], &targets).unsqueeze(),
    );
}

#[test]
fn dropout_keeps_the_mean_and_is_the_same_on_every_device() {
    let dropout = Dropout { seed: 3, rate: 0.25 };
    let factors: Vec<f32> = dropout.factors(10_000, &Device::flex()).to_data().iter().collect();
    let own: Vec<f32> = (0..10_000).map(|place| dropout.factor(place)).collect();
    assert_eq!(factors, own);
    let mean = factors.iter().sum::<f32>() / 10_000.0;
    assert!((mean - 1.0).abs() < 0.03, "{mean}");
}

#[test]
fn upsampling_equals_that_of_burn_with_its_gradient() {
    let map = |x: &Tensor<2>| -> Tensor<4> { x.clone().reshape([2, 3, 2, 5]) };
    assert_same(
        &[[6, 10]],
        |x| upsample_nearest(map(&x[0])).reshape([6, 40]),
        |x| burn_ops::upsample_nearest(map(&x[0])).reshape([6, 40]),
    );
}

#[test]
fn an_input_without_a_gradient_is_a_constant() {
    let device = Device::flex();
    let tracked = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device).autodiff().require_grad();
    let constant = Tensor::<2>::from_floats([[5.0, 6.0]], &device);
    let product = linear(&tracked, &constant);
    assert_eq!(product.clone().inner().to_data().iter::<f32>().collect::<Vec<_>>(), [17.0, 39.0]);
    let gradients = product.sum().backward();
    let gradient: Vec<f32> = tracked.grad(&gradients).unwrap().to_data().iter().collect();
    assert_eq!(gradient, [5.0, 6.0, 5.0, 6.0]);
}
