//! Weights on the GPU: matrices of linear layers, and tables whose rows are looked up.

use ibq_shaders::WeightFormat;

use crate::gpu::Buffer;

/// The weights of one linear layer, as `linear.wgsl` reads them.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) weights: Buffer,
    pub(super) scales: Option<Buffer>,
    /// Inputs and outputs, in fours.
    pub(super) k4: u32,
    pub(super) o4: u32,
    pub(super) format: WeightFormat,
}

/// A table whose rows are looked up, in shards that fit a binding.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) shards: Vec<Buffer>,
    /// Rows of each shard but the last.
    pub(super) rows: u32,
}

/// The layer that makes the logits, in shards of codes that fit a binding.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) shards: Vec<Matrix>,
    /// Outputs, in fours, of each shard but the last.
    pub(super) shard4: u32,
    /// Outputs of all shards, in fours.
    pub(super) o4: u32,
}

impl Matrix {
    /// Bytes on the GPU.
    pub(super) fn bytes(&self) -> u64 {
        self.weights.bytes + self.scales.as_ref().map_or(0, |scales| scales.bytes)
    }
}
