//! Graphs as data.

use std::any::Any;

use serde::{Deserialize, Serialize};

use crate::{
    gpu::GpuError,
    ops::{
        Conv2d, Embed, Graph, Lookup, Op, PixelsIn, PixelsOut, TensorId,
        attention::{Softmax, Transpose},
        graph::Node,
        group_norm::GroupNorm,
    },
};

/// Any operation of a tokenizer.
#[derive(Serialize, Deserialize)]
enum OpMessage {
    Conv2d(Conv2d),
    Embed(Embed),
    GroupNorm(GroupNorm),
    Lookup(Lookup),
    PixelsIn(PixelsIn),
    PixelsOut(PixelsOut),
    Softmax(Softmax),
    Transpose(Transpose),
}

impl OpMessage {
    /// The operation as data, if it is one of those.
    fn of(op: &dyn Op) -> Option<Self> {
        fn copy<T: Clone + 'static>(op: &dyn Any) -> Option<T> {
            op.downcast_ref::<T>().cloned()
        }
        let op: &dyn Any = op;
        copy(op)
            .map(Self::Conv2d)
            .or_else(|| copy(op).map(Self::Embed))
            .or_else(|| copy(op).map(Self::GroupNorm))
            .or_else(|| copy(op).map(Self::Lookup))
            .or_else(|| copy(op).map(Self::PixelsIn))
            .or_else(|| copy(op).map(Self::PixelsOut))
            .or_else(|| copy(op).map(Self::Softmax))
            .or_else(|| copy(op).map(Self::Transpose))
    }

    fn into_op(self) -> Box<dyn Op> {
        match self {
            Self::Conv2d(op) => Box::new(op),
            Self::Embed(op) => Box::new(op),
            Self::GroupNorm(op) => Box::new(op),
            Self::Lookup(op) => Box::new(op),
            Self::PixelsIn(op) => Box::new(op),
            Self::PixelsOut(op) => Box::new(op),
            Self::Softmax(op) => Box::new(op),
            Self::Transpose(op) => Box::new(op),
        }
    }
}

/// A graph without the names of its activations, which the page's side keeps.
#[derive(Serialize, Deserialize)]
pub(super) struct GraphMessage {
    tensors: Vec<u64>,
    kept: Vec<TensorId>,
    ops: Vec<OpMessage>,
    bytes4: u64,
}

impl TryFrom<&Graph> for GraphMessage {
    type Error = GpuError;

    fn try_from(graph: &Graph) -> Result<Self, GpuError> {
        let message = |node: &Node| {
            OpMessage::of(&*node.op).ok_or_else(|| GpuError::Worker {
                reason: format!("it does not know the operation {}", node.op.label()),
            })
        };
        Ok(Self {
            tensors: graph.tensors.clone(),
            kept: graph.kept.clone(),
            ops: graph.nodes.iter().map(message).collect::<Result<_, _>>()?,
            bytes4: graph.bytes4,
        })
    }
}

impl From<GraphMessage> for Graph {
    fn from(message: GraphMessage) -> Self {
        let node = |op: OpMessage| Node { op: op.into_op(), activation: None };
        Self {
            tensors: message.tensors,
            kept: message.kept,
            nodes: message.ops.into_iter().map(node).collect(),
            bytes4: message.bytes4,
            ..Self::default()
        }
    }
}
