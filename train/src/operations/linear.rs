//! Matrix products.

use burn::{
    backend::{Flex, flex::FlexTensor, ops::FloatTensorOps},
    tensor::Tensor,
};

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu},
    burn_ops,
};

/// `x Wᵀ` for rows `x` `[N, in]` and `W` `[out, in]`, without a bias.
pub(crate) fn linear(x: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    if !is_on_cpu(x) || x.dtype() != weight.dtype() {
        return burn_ops::linear(x, weight);
    }
    apply([Input::of(x), Input::of(weight)], |[x, weight]| {
        (product(&x, &weight.transpose(0, 1)), Linear { x, weight })
    })
}

/// `A B`, either of which may be a transposed view.
pub(crate) fn product(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    Flex::float_matmul(a.clone(), b.clone())
}

#[derive(Clone, Debug)]
struct Linear {
    x: FlexTensor,
    weight: FlexTensor,
}

impl Operation<2> for Linear {
    fn gradients(self, d_y: &FlexTensor, [of_x, of_weight]: [bool; 2]) -> [Option<FlexTensor>; 2] {
        [of_x.then(|| product(d_y, &self.weight)), of_weight.then(|| product(&d_y.transpose(0, 1), &self.x))]
    }
}
