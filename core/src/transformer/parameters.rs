//! The parameters of a transformer on the GPU.

use crate::{
    gpu::{Buffer, Gpu},
    job::Job,
};

use super::{
    TransformerError, TransformerPrecision, TransformerWeights,
    layers::BlockLayers,
    loader::{Loader, rotations},
    matrix::{Head, Matrix, Table},
};

/// The parameters of one block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) condition: Matrix,
    pub(super) condition_bias: Buffer,
    pub(super) qkv: Matrix,
    pub(super) output: Matrix,
    /// `w1` and `w3`, four rows of each in turn.
    pub(super) gate: Matrix,
    pub(super) down: Matrix,
}

/// All parameters of a transformer.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) table: Table,
    pub(super) classes: Buffer,
    pub(super) blocks: Vec<Block>,
    pub(super) head_condition: Matrix,
    pub(super) head_condition_bias: Buffer,
    pub(super) head: Head,
    /// Cosine and sine of every position and pair.
    pub(super) rotation: Buffer,
}

impl Parameters {
    /// Bytes on the GPU.
    pub(super) fn bytes(&self) -> u64 {
        let block = |block: &Block| {
            let matrices = [&block.condition, &block.qkv, &block.output, &block.gate, &block.down];
            block.condition_bias.bytes + matrices.iter().map(|matrix| matrix.bytes()).sum::<u64>()
        };
        let buffers = [&self.classes, &self.head_condition_bias, &self.rotation];
        self.blocks.iter().map(block).sum::<u64>()
            + buffers.into_iter().chain(&self.table.shards).map(|buffer| buffer.bytes).sum::<u64>()
            + self.head_condition.bytes()
            + self.head.shards.iter().map(Matrix::bytes).sum::<u64>()
    }

    /// Reads every parameter and uploads it.
    ///
    /// # Errors
    /// [`TransformerError`]: a tensor that cannot be read, no memory, cancelled.
    pub(super) async fn load(
        gpu: &Gpu,
        weights: &TransformerWeights,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Self, TransformerError> {
        let config = weights.config();
        job.stage("load weights");
        let mut loader = Loader::new(gpu, weights, precision, job).await?;
        let table = loader.table("tok_emb.weight", config.vocab_size, config.n_embd).await?;
        let classes = loader.classes().await?;
        let mut blocks = Vec::new();
        for index in 0..config.n_layer {
            let BlockLayers { condition, qkv, output, gate, down } = config.block_layers(index);
            let (condition, condition_bias) = loader.condition(&condition).await?;
            blocks.push(Block {
                condition,
                condition_bias,
                qkv: loader.layer(&qkv).await?,
                output: loader.layer(&output).await?,
                gate: loader.layer(&gate).await?,
                down: loader.layer(&down).await?,
            });
        }
        let (head_condition, head_condition_bias) = loader.condition(&config.head_condition()).await?;
        let head = loader.head().await?;
        let rotation = gpu.upload("rotations", bytemuck::cast_slice(&rotations(config))).await?;
        Ok(Self { table, classes, blocks, head_condition, head_condition_bias, head, rotation })
    }
}
