//! Matrix products.

use burn::{
    backend::{Flex, flex::FlexTensor, ops::FloatTensorOps},
    tensor::Tensor,
};

use super::{
    general::{self, on_processor},
    operation::{Input, Operation, apply},
};

/// `x Wᵀ` for rows `x` `[N, in]` and `W` `[out, in]`, without a bias.
pub(super) fn linear(x: &Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    if !on_processor(x) || x.dtype() != weight.dtype() {
        return general::linear(x, weight);
    }
    apply([Input::of(x), Input::of(weight)], |[x, weight]| {
        (product(&x, &weight.transpose(0, 1)), Linear { x, weight })
    })
}

/// `A B`, either of which may be a transposed view.
pub(super) fn product(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    Flex::float_matmul(a.clone(), b.clone())
}

#[derive(Clone, Debug)]
struct Linear {
    x: FlexTensor,
    weight: FlexTensor,
}

impl Operation<2> for Linear {
    fn gradients(self, d_y: &FlexTensor) -> [FlexTensor; 2] {
        [product(d_y, &self.weight), product(&d_y.transpose(0, 1), &self.x)]
    }
}
