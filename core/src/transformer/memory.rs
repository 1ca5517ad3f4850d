//! Memory that a transformer needs on the GPU, told before anything is loaded.

use crate::gpu::Gpu;

use super::{
    Transformer, TransformerConfig, TransformerPrecision,
    layers::{BlockLayers, Layer},
    run::sequence_bytes,
};

/// Bytes on the GPU. What one token needs on its way through the network comes to little and is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformerMemory {
    /// All weights.
    pub weights: u64,
    /// Keys, values and norm vectors of one picture.
    pub picture: u64,
    /// Those of one picture with guidance, which is two sequences.
    pub guided_picture: u64,
}

impl Transformer {
    /// Memory that a transformer would need.
    #[must_use]
    pub fn estimate(
        gpu: &Gpu,
        config: &TransformerConfig,
        precision: TransformerPrecision,
    ) -> TransformerMemory {
        let picture = sequence_bytes(gpu, config, precision);
        TransformerMemory { weights: weights(gpu, config, precision), picture, guided_picture: 2 * picture }
    }
}

fn weights(gpu: &Gpu, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    let four = precision.storage(gpu).bytes_of_four();
    let matrix = |layer: &Layer| {
        let (weights, scales) = layer.bytes(layer.rows, precision.format(), four);
        weights + scales.unwrap_or(0)
    };
    // The layers that make norm vectors have a bias of 32-bit floats.
    let condition = |layer: &Layer| matrix(layer) + 4 * u64::from(layer.rows);
    let blocks = (0..config.n_layer).map(|index| {
        let BlockLayers { condition: norms, qkv, output, gate, down } = config.block_layers(index);
        condition(&norms) + [qkv, output, gate, down].iter().map(matrix).sum::<u64>()
    });
    let rows = u64::from(config.vocab_size) + u64::from(config.class_num) + 1;
    let tables = rows * u64::from(config.n_embd / 4) * four;
    let rotations = 4 * u64::from(config.positions()) * u64::from(config.head_size());
    blocks.sum::<u64>()
        + tables
        + rotations
        + condition(&config.head_condition())
        + matrix(&config.head_layer())
}
