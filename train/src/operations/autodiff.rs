//! Operations with their own gradients on the CPU (burn's `flex` device).

use std::{fmt::Debug, marker::PhantomData};

use burn::{
    backend::{
        Autodiff, AutodiffBackend, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::{Device, Tensor, TensorData},
};

/// What an operation keeps for its backward pass.
pub(super) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs, given that of the output. `needed` says which of them are used; the others may be left
    /// out.
    fn gradients(self, d_y: &FlexTensor, needed: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Whether a tensor lies where these operations compute: on the CPU.
pub(super) fn is_on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device().inner() == Device::flex()
}

/// An input of any rank, tracked by autodiff or not.
pub(crate) enum Input {
    Tracked(FloatTensor<Autodiff<Flex>>),
    Plain(FlexTensor),
}

impl Input {
    /// # Panics
    /// On a device other than burn's `flex`: every operation asks [`is_on_cpu`] first.
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        let wrong = "this operation is for the CPU (`Device::flex`)";
        if tensor.is_autodiff() {
            Self::Tracked(tensor.clone().try_into_primitive::<Autodiff<Flex>>().expect(wrong))
        } else {
            Self::Plain(tensor.clone().try_into_primitive::<Flex>().expect(wrong))
        }
    }

    pub(crate) fn values(&self) -> FlexTensor {
        match self {
            Self::Tracked(tensor) => tensor.primitive().to_contiguous(),
            Self::Plain(tensor) => tensor.to_contiguous(),
        }
    }
}

/// Runs an operation, and lets autodiff track it where one of its inputs is tracked.
pub(super) fn apply<const N: usize, const D: usize, O: Operation<N>>(
    inputs: [Input; N],
    compute: impl FnOnce([FlexTensor; N]) -> (FlexTensor, O),
) -> Tensor<D> {
    let (y, operation) = compute(inputs.each_ref().map(Input::values));
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        return Tensor::from_primitive::<Flex>(y);
    }
    let nodes = inputs.map(|input| match input {
        Input::Tracked(tensor) => tensor.node(),
        Input::Plain(constant) => <Autodiff<Flex>>::from_inner(constant).node(),
    });
    let prepared = Step::<O>(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound();
    Tensor::from_primitive::<Autodiff<Flex>>(match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(operation, y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    })
}

/// Backward pass of an operation.
#[derive(Debug)]
struct Step<O>(PhantomData<O>);

impl<const N: usize, O: Operation<N>> Backward<Flex, N> for Step<O> {
    type State = O;

    fn backward(self, ops: Ops<O, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let d_y = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let needed = ops.parents.each_ref().map(Option::is_some);
        for (node, gradient) in ops.parents.into_iter().zip(ops.state.gradients(&d_y, needed)) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The values of a contiguous tensor.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or(&[])
}

/// A tensor of these values.
pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Rows and columns of a matrix.
pub(super) fn size(matrix: &FlexTensor) -> [usize; 2] {
    let shape = matrix.layout().shape();
    [shape[0], shape[1]]
}
