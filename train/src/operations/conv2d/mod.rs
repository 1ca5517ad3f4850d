//! 2-D convolution.

mod patches;
mod products;

use burn::{
    backend::flex::FlexTensor,
    tensor::{DType, FloatDType, Tensor},
};

use self::patches::Geometry;
use super::{
    autodiff::{Input, Operation, apply, is_on_cpu},
    burn_ops,
};

/// Convolves `x` `[B, Cin, H, W]` with `kernel` `[Cout, Cin, k, k]` and adds `bias` `[Cout]`, after a border of zeros:
/// `border[0]` rows and columns before, `border[1]` after. A kernel of 16 bits multiplies in 16 bits; the result has 32.
#[must_use]
pub fn conv2d(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    border: [usize; 2],
) -> Tensor<4> {
    if kernel.dtype() == DType::F16 {
        let y = burn_ops::conv2d(x.cast(FloatDType::F16), kernel, None, stride, border).cast(FloatDType::F32);
        let [channels] = bias.dims();
        return y + bias.reshape([1, channels, 1, 1]);
    }
    if !is_on_cpu(&x) {
        return burn_ops::conv2d(x, kernel, Some(bias), stride, border);
    }
    let geometry = Geometry::new(x.dims(), kernel.dims(), stride, border);
    apply([Input::of(&x), Input::of(&kernel), Input::of(&bias)], |[x, kernel, bias]| {
        let y = geometry.convolve(&x, &kernel, Some(&bias));
        (y, Convolution { x, kernel, geometry })
    })
}

#[derive(Clone, Debug)]
struct Convolution {
    x: FlexTensor,
    kernel: FlexTensor,
    geometry: Geometry,
}

impl Operation<3> for Convolution {
    fn gradients(self, d_y: &FlexTensor, needed: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let Self { x, kernel, geometry } = self;
        let [of_x, of_kernel, of_bias] = needed;
        [
            of_x.then(|| geometry.input_gradient(&kernel, d_y)),
            of_kernel.then(|| geometry.kernel_gradient(&x, d_y)),
            of_bias.then(|| geometry.bias_gradient(d_y)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    /// Output and the three gradients.
    fn with_gradients(
        conv: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
        x: &Tensor<4>,
        kernel: &Tensor<4>,
        bias: &Tensor<1>,
    ) -> [Tensor<1>; 4] {
        let (x, kernel) = (x.clone().autodiff().require_grad(), kernel.clone().autodiff().require_grad());
        let bias = bias.clone().autodiff().require_grad();
        let y = conv(x.clone(), kernel.clone(), bias.clone());
        let mixed = (y.clone() * y.clone().sin()).sum();
        let gradients = mixed.backward();
        let flat = |t: Option<Tensor<4>>| t.unwrap().flatten(0, 3);
        [
            y.inner().flatten(0, 3),
            flat(x.grad(&gradients)),
            flat(kernel.grad(&gradients)),
            bias.grad(&gradients).unwrap(),
        ]
    }

    #[test]
    fn own_code_equals_that_of_burn_with_all_gradients() {
        let device = Device::flex();
        device.seed(3);
        let random = |shape| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        for (shape, cout, side, stride, border) in [
            ([2, 3, 9, 7], 5, 3, 1, [1, 1]),
            ([1, 4, 8, 8], 3, 1, 1, [0, 0]),
            ([3, 2, 10, 6], 4, 3, 2, [0, 1]),
            ([1, 3, 40, 40], 2, 4, 2, [1, 1]),
            ([2, 3, 5, 33], 2, 4, 1, [1, 1]),
        ] {
            let (x, kernel) = (random(shape), random([cout, shape[1], side, side]));
            let bias = Tensor::random([cout], Distribution::Normal(0.0, 1.0), &device);
            let fast = with_gradients(|x, k, b| conv2d(x, k, b, stride, border), &x, &kernel, &bias);
            let slow =
                with_gradients(|x, k, b| burn_ops::conv2d(x, k, Some(b), stride, border), &x, &kernel, &bias);
            for (fast, slow) in fast.into_iter().zip(slow) {
                let scale = slow.clone().abs().max().into_scalar::<f32>();
                let error = (fast - slow).abs().max().into_scalar::<f32>();
                assert!(error < 1e-5 * scale.max(1.0), "{shape:?} {side} {stride}: {error} of {scale}");
            }
        }
    }
}
