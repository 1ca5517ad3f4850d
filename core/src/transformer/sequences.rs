//! The memory of one generation: position, tokens, keys and values, the vectors of adaptive layer norm.

use std::sync::Arc;

use ibq_shaders::params::{ClassMix, SampleSettings, State};

use crate::{
    device::Device,
    gpu::GpuError,
    ops::{Graph, SharedTensors, TensorId, new_tensors},
};

use super::{TransformerConfig, TransformerError, TransformerPrecision, sample_inputs::SampleInputs};

/// What lives as long as sequences grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// The position that is computed.
    State,
    /// The classes of every sequence.
    Conditions,
    /// The tokens of every picture.
    Tokens,
    /// How tokens are drawn, and the scale of guidance at each position.
    Settings,
    Guidance,
    /// Tokens that are given.
    Fixed,
    /// Guided logits, and the smallest of them that may be drawn.
    Guided,
    Filters,
    /// The two vectors of the head's norm.
    HeadVectors,
    /// The six vectors of a block.
    Vectors(u32),
    /// Keys and values of a block.
    Cache(u32),
}

/// Those that do not belong to a block.
const OUTSIDE_OF_BLOCKS: u32 = 9;

impl Kept {
    fn index(self) -> usize {
        let index = match self {
            Self::State => 0,
            Self::Conditions => 1,
            Self::Tokens => 2,
            Self::Settings => 3,
            Self::Guidance => 4,
            Self::Fixed => 5,
            Self::Guided => 6,
            Self::Filters => 7,
            Self::HeadVectors => 8,
            Self::Vectors(block) => OUTSIDE_OF_BLOCKS + 2 * block,
            Self::Cache(block) => OUTSIDE_OF_BLOCKS + 2 * block + 1,
        };
        index as usize
    }
}

/// Some sequences: as many as pictures, or twice as many with guidance.
#[derive(Debug)]
pub(super) struct Sequences {
    pub(super) pictures: u32,
    pub(super) count: u32,
    tensors: Arc<SharedTensors>,
    /// Bytes of each tensor.
    sizes: Vec<u64>,
}

/// Bytes of keys and values of one sequence in one block.
fn cache_bytes(device: &Device, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    let four = precision.storage(device).bytes_of_four();
    2 * u64::from(config.positions()) * u64::from(config.n_embd / 4) * four
}

/// Bytes of one sequence in all blocks.
pub(super) fn sequence_bytes(
    device: &Device,
    config: &TransformerConfig,
    precision: TransformerPrecision,
) -> u64 {
    u64::from(config.n_layer) * (cache_bytes(device, config, precision) + 24 * u64::from(config.n_embd))
}

/// Most sequences at a time: on a GPU, keys and values of a block are one binding, and so are the logits.
pub(super) fn most_sequences(
    device: &Device,
    config: &TransformerConfig,
    precision: TransformerPrecision,
) -> u64 {
    let caches = match device {
        Device::Gpu(_) => largest_logits(device) / cache_bytes(device, config, precision),
        Device::Cpu(_) => u64::MAX,
    };
    caches.min(most_logit_rows(device, config))
}

/// Most rows of logits at a time, up to 65,536.
pub(super) fn most_logit_rows(device: &Device, config: &TransformerConfig) -> u64 {
    (largest_logits(device) / (16 * u64::from(config.vocab_size.div_ceil(4)))).clamp(1, 65_536)
}

/// Bytes of logits, at most: a binding of a GPU.
fn largest_logits(device: &Device) -> u64 {
    match device {
        Device::Gpu(gpu) => {
            let limits = gpu.limits();
            limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
        }
        Device::Cpu(_) => 128 << 20,
    }
}

impl Sequences {
    /// Memory for sequences with these conditions, at position 0.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory.
    pub(super) async fn new(
        device: &Device,
        config: &TransformerConfig,
        precision: TransformerPrecision,
        conditions: &[ClassMix],
        inputs: &SampleInputs,
    ) -> Result<Self, TransformerError> {
        let count = conditions.len() as u32;
        let vector = u64::from(count) * u64::from(config.n_embd) * 4;
        let cache = u64::from(count) * cache_bytes(device, config, precision);
        let blocks = vec![(6 * vector, cache); config.n_layer as usize];
        Ok(Self::with(device, config.vocab_size, conditions, inputs, 2 * vector, &blocks).await?)
    }

    /// What drawing alone needs.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(super) async fn without_blocks(
        device: &Device,
        vocab: u32,
        inputs: &SampleInputs,
    ) -> Result<Self, GpuError> {
        Self::with(device, vocab, &[], inputs, 0, &[]).await
    }

    /// `blocks` are the bytes of each block's vectors and cache.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a page has one thread, and its tensors stay on it")
    )]
    async fn with(
        device: &Device,
        vocab: u32,
        conditions: &[ClassMix],
        inputs: &SampleInputs,
        head_vectors: u64,
        blocks: &[(u64, u64)],
    ) -> Result<Self, GpuError> {
        let bytes = |values: &[u32]| 4 * values.len() as u64;
        let pictures = inputs.pictures;
        let drawn = inputs.settings.len() as u64;
        let mut tensors = vec![
            ("position", size_of::<State>() as u64),
            ("conditions", size_of_val(conditions) as u64),
            ("tokens", bytes(&inputs.tokens)),
            ("settings", drawn * size_of::<SampleSettings>() as u64),
            ("guidance", 4 * inputs.guidance.len() as u64),
            ("given tokens", bytes(&inputs.fixed)),
            ("guided logits", 4 * drawn * u64::from(vocab)),
            ("filters", 4 * drawn),
            ("norm vectors", head_vectors),
        ];
        for &(vectors, cache) in blocks {
            tensors.extend([("norm vectors", vectors), ("keys and values", cache)]);
        }
        // Bindings are never empty.
        for (_, bytes) in &mut tensors {
            *bytes = (*bytes).max(16).next_multiple_of(16);
        }
        let sizes = tensors.iter().map(|&(_, bytes)| bytes).collect();
        let shared = new_tensors(device, &tensors).await?;
        for (kept, words) in [
            (Kept::State, bytemuck::bytes_of(&State { position: 0 })),
            (Kept::Conditions, bytemuck::cast_slice(conditions)),
            (Kept::Tokens, bytemuck::cast_slice(&inputs.tokens)),
            (Kept::Settings, bytemuck::cast_slice(&inputs.settings)),
            (Kept::Guidance, bytemuck::cast_slice(&inputs.guidance)),
            (Kept::Fixed, bytemuck::cast_slice(&inputs.fixed)),
        ] {
            shared.write(kept.index(), bytemuck::cast_slice(words));
        }
        Ok(Self { pictures, count: conditions.len() as u32, tensors: Arc::new(shared), sizes })
    }

    /// An empty graph over these sequences.
    pub(super) fn graph(&self, storage: ibq_shaders::Storage) -> Graph {
        Graph::with_shared(storage, &self.tensors)
    }

    /// One of the tensors in a graph over these sequences.
    pub(super) fn import(&self, graph: &mut Graph, kept: Kept) -> TensorId {
        graph.import(kept.index(), self.sizes[kept.index()])
    }

    /// Moves all sequences to a position.
    pub(super) fn seek(&self, position: u32) {
        self.tensors.write(Kept::State.index(), &[position]);
    }

    /// The first `count` values of one of the tensors.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(super) async fn read<T: bytemuck::Pod>(&self, kept: Kept, count: u64) -> Result<Vec<T>, GpuError> {
        self.tensors.read(kept.index(), count).await
    }
}
