//! Graphs as data.

use std::{any::Any, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    gpu::GpuError,
    ops::{
        Advance, CausalAttention, Conv2d, Embed, Graph, Linear, Lookup, Op, PixelsIn, PixelsOut, Sample,
        SharedTensors, TensorId, TokenEmbed,
        attention::{Softmax, Transpose},
        graph::Node,
        group_norm::GroupNorm,
    },
};

/// Any operation.
#[derive(Serialize, Deserialize)]
enum OpMessage {
    Advance(Advance),
    CausalAttention(CausalAttention),
    Conv2d(Conv2d),
    Embed(Embed),
    GroupNorm(GroupNorm),
    Linear(Linear),
    Lookup(Lookup),
    PixelsIn(PixelsIn),
    PixelsOut(PixelsOut),
    Sample(Sample),
    Softmax(Softmax),
    TokenEmbed(TokenEmbed),
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
            .map(Self::Advance)
            .or_else(|| copy(op).map(Self::CausalAttention))
            .or_else(|| copy(op).map(Self::Conv2d))
            .or_else(|| copy(op).map(Self::Embed))
            .or_else(|| copy(op).map(Self::GroupNorm))
            .or_else(|| copy(op).map(Self::Linear))
            .or_else(|| copy(op).map(Self::Lookup))
            .or_else(|| copy(op).map(Self::PixelsIn))
            .or_else(|| copy(op).map(Self::PixelsOut))
            .or_else(|| copy(op).map(Self::Sample))
            .or_else(|| copy(op).map(Self::Softmax))
            .or_else(|| copy(op).map(Self::TokenEmbed))
            .or_else(|| copy(op).map(Self::Transpose))
    }

    fn into_op(self) -> Box<dyn Op> {
        match self {
            Self::Advance(op) => Box::new(op),
            Self::CausalAttention(op) => Box::new(op),
            Self::Conv2d(op) => Box::new(op),
            Self::Embed(op) => Box::new(op),
            Self::GroupNorm(op) => Box::new(op),
            Self::Linear(op) => Box::new(op),
            Self::Lookup(op) => Box::new(op),
            Self::PixelsIn(op) => Box::new(op),
            Self::PixelsOut(op) => Box::new(op),
            Self::Sample(op) => Box::new(op),
            Self::Softmax(op) => Box::new(op),
            Self::TokenEmbed(op) => Box::new(op),
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
    /// The number of the tensors that are not the graph's own, and which of them each of these is.
    pub(super) shared: Option<u32>,
    imports: Vec<(TensorId, usize)>,
}

impl GraphMessage {
    /// A graph as data; `shared` is the number of the tensors that are not its own.
    ///
    /// # Errors
    /// [`GpuError::Worker`]: an operation that has no message.
    pub(super) fn of(graph: &Graph, shared: Option<u32>) -> Result<Self, GpuError> {
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
            shared,
            imports: graph.imports.iter().map(|(&tensor, &index)| (tensor, index)).collect(),
        })
    }

    /// The graph over these tensors that are not its own.
    pub(super) fn into_graph(self, shared: Option<Arc<SharedTensors>>) -> Graph {
        let node = |op: OpMessage| Node { op: op.into_op(), activation: None };
        Graph {
            tensors: self.tensors,
            kept: self.kept,
            nodes: self.ops.into_iter().map(node).collect(),
            bytes4: self.bytes4,
            shared,
            imports: self.imports.into_iter().collect(),
        }
    }
}
