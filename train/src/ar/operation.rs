//! Operations with gradients of their own, written for the processor.

use std::{fmt::Debug, marker::PhantomData};

use burn::{
    backend::{
        Autodiff, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::{Tensor, TensorData},
};

/// What an operation keeps for its backward pass.
pub(super) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs from that of the output.
    fn gradients(self, d_y: &FlexTensor) -> [FlexTensor; N];
}

/// An input of any rank, recorded or not.
pub(super) enum Input {
    Recorded(FloatTensor<Autodiff<Flex>>),
    Plain(FlexTensor),
}

impl Input {
    /// # Panics
    /// On a device other than burn's `flex`: every operation asks [`on_processor`](super::general::on_processor) first.
    pub(super) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        let wrong = "this operation is for the processor (`Device::flex`)";
        if tensor.is_autodiff() {
            Self::Recorded(tensor.clone().try_into_primitive::<Autodiff<Flex>>().expect(wrong))
        } else {
            Self::Plain(tensor.clone().try_into_primitive::<Flex>().expect(wrong))
        }
    }

    pub(super) fn values(&self) -> FlexTensor {
        match self {
            Self::Recorded(tensor) => tensor.primitive().to_contiguous(),
            Self::Plain(tensor) => tensor.to_contiguous(),
        }
    }
}

/// Runs an operation, whose inputs are all recorded or all not, and records it.
///
/// # Panics
/// When some inputs are recorded and others are not: a mistake of the caller.
pub(super) fn apply<const N: usize, const D: usize, O: Operation<N>>(
    inputs: [Input; N],
    compute: impl FnOnce([FlexTensor; N]) -> (FlexTensor, O),
) -> Tensor<D> {
    let (y, operation) = compute(inputs.each_ref().map(Input::values));
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        return Tensor::from_primitive::<Flex>(y);
    }
    let nodes = inputs.map(|input| match input {
        Input::Recorded(tensor) => tensor.node(),
        Input::Plain(_) => panic!("an operation on recorded and plain tensors"),
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
        for (node, gradient) in ops.parents.into_iter().zip(ops.state.gradients(&d_y)) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

/// The values of a contiguous tensor.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or(&[])
}

/// A tensor of these values.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Rows and columns of a matrix.
pub(super) fn size(matrix: &FlexTensor) -> [usize; 2] {
    let shape = matrix.layout().shape();
    [shape[0], shape[1]]
}
