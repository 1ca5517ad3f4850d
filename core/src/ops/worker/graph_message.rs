//! Graphs as data.

use serde::{Deserialize, Serialize};

use crate::ops::{Graph, OpMessage, TensorId, graph::Node};

/// A graph without the names of its activations, which the page's side keeps.
#[derive(Serialize, Deserialize)]
pub(crate) struct GraphMessage {
    tensors: Vec<u64>,
    kept: Vec<TensorId>,
    ops: Vec<OpMessage>,
    bytes4: u64,
}

impl From<&Graph> for GraphMessage {
    fn from(graph: &Graph) -> Self {
        Self {
            tensors: graph.tensors.clone(),
            kept: graph.kept.clone(),
            ops: graph.nodes.iter().map(|node| node.op.message()).collect(),
            bytes4: graph.bytes4,
        }
    }
}

impl From<GraphMessage> for Graph {
    fn from(message: GraphMessage) -> Self {
        let node = |op: OpMessage| Node { op: op.into(), activation: None };
        Self {
            tensors: message.tensors,
            kept: message.kept,
            nodes: message.ops.into_iter().map(node).collect(),
            bytes4: message.bytes4,
        }
    }
}
