//! The memory of one generation: keys and values, the vectors of adaptive layer norm, activations.

use ibq_shaders::params::{ClassMix, State};

use crate::gpu::{Buffer, Gpu, GpuError};

use super::{TransformerConfig, TransformerError, TransformerPrecision, parameters::Parameters};

/// Everything that belongs to some sequences and lives as long as they grow.
#[derive(Debug)]
pub(super) struct Sequences {
    /// Pictures; the same number of sequences, or twice as many with guidance.
    pub(super) pictures: u32,
    pub(super) count: u32,
    /// The position that is computed.
    pub(super) state: Buffer,
    pub(super) conditions: Buffer,
    /// Per block: the six vectors of each sequence.
    pub(super) vectors: Vec<Buffer>,
    pub(super) head_vectors: Buffer,
    /// Per block: keys and values.
    pub(super) caches: Vec<Buffer>,
}

/// What one pass computes, for a number of rows.
#[derive(Debug)]
pub(super) struct Activations {
    pub(super) rows: u32,
    pub(super) x: Buffer,
    pub(super) query: Buffer,
    pub(super) attended: Buffer,
    pub(super) hidden: Buffer,
    /// Where the pass has a head.
    pub(super) logits: Option<Buffer>,
}

fn usage() -> wgpu::BufferUsages {
    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC
}

/// The buffer that holds the position; it is 0.
pub(super) async fn state(gpu: &Gpu) -> Result<Buffer, GpuError> {
    let bytes = (size_of::<State>() as u64).next_multiple_of(16);
    let buffer = gpu.buffer("position", bytes, usage() | wgpu::BufferUsages::UNIFORM).await?;
    gpu.write(&buffer, 0, bytemuck::bytes_of(&State { position: 0 }));
    Ok(buffer)
}

/// Bytes of keys and values of one sequence in one block.
fn cache_bytes(gpu: &Gpu, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    2 * u64::from(config.positions()) * u64::from(config.n_embd / 4) * precision.storage(gpu).bytes_of_four()
}

/// Bytes of one sequence in all blocks.
pub(super) fn sequence_bytes(gpu: &Gpu, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    u64::from(config.n_layer) * (cache_bytes(gpu, config, precision) + 24 * u64::from(config.n_embd))
}

/// Most sequences at a time: keys and values of a block are one binding, and so are the logits.
pub(super) fn most_sequences(gpu: &Gpu, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    (binding(gpu) / cache_bytes(gpu, config, precision)).min(most_logit_rows(gpu, config))
}

/// Most rows of logits in one binding, up to 65,536.
pub(super) fn most_logit_rows(gpu: &Gpu, config: &TransformerConfig) -> u64 {
    (binding(gpu) / (16 * u64::from(config.vocab_size.div_ceil(4)))).clamp(1, 65_536)
}

fn binding(gpu: &Gpu) -> u64 {
    let limits = gpu.limits();
    limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
}

impl Sequences {
    /// Memory for sequences with these conditions.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory.
    pub(super) async fn new(
        gpu: &Gpu,
        config: &TransformerConfig,
        precision: TransformerPrecision,
        pictures: u32,
        conditions: &[ClassMix],
    ) -> Result<Self, TransformerError> {
        let count = conditions.len() as u32;
        let width = u64::from(config.n_embd) * 4;
        let mut vectors = Vec::new();
        let mut caches = Vec::new();
        for _ in 0..config.n_layer {
            vectors.push(gpu.buffer("norm vectors", u64::from(count) * 6 * width, usage()).await?);
            let bytes = u64::from(count) * cache_bytes(gpu, config, precision);
            caches.push(gpu.buffer("keys and values", bytes, usage()).await?);
        }
        Ok(Self {
            pictures,
            count,
            state: state(gpu).await?,
            conditions: gpu.upload("conditions", bytemuck::cast_slice(conditions)).await?,
            vectors,
            head_vectors: gpu.buffer("norm vectors", u64::from(count) * 2 * width, usage()).await?,
            caches,
        })
    }

    /// Moves all sequences to a position.
    pub(super) fn seek(&self, gpu: &Gpu, position: u32) {
        gpu.write(&self.state, 0, bytemuck::bytes_of(&State { position }));
    }
}

impl Activations {
    /// Memory for `rows` rows, with or without logits.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory.
    pub(super) async fn new(
        gpu: &Gpu,
        config: &TransformerConfig,
        parameters: &Parameters,
        rows: u32,
        with_logits: bool,
    ) -> Result<Self, TransformerError> {
        let row = |values: u32| u64::from(rows) * u64::from(values) * 4;
        let width = row(config.n_embd);
        let logits = if with_logits {
            Some(gpu.buffer("logits", row(4 * parameters.head.o4), usage()).await?)
        } else {
            None
        };
        Ok(Self {
            rows,
            x: gpu.buffer("activations", width, usage()).await?,
            query: gpu.buffer("queries", width, usage()).await?,
            attended: gpu.buffer("attention", width, usage()).await?,
            hidden: gpu.buffer("feed-forward", row(config.ffn_dim), usage()).await?,
            logits,
        })
    }
}
