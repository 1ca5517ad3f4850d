//! Memory that a transformer needs on its device, told before anything is loaded.

use crate::{device::Device, gpu::Precision};

use super::{
    Transformer, TransformerConfig, TransformerPrecision,
    layers::{BlockLayers, Layer},
    sequences::sequence_bytes,
};

/// Bytes on the device. What one token needs on its way through the network comes to little and is not counted.
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
        device: &Device,
        config: &TransformerConfig,
        precision: TransformerPrecision,
    ) -> TransformerMemory {
        let picture = sequence_bytes(device, config, precision);
        let weights = weights(device, config, precision);
        TransformerMemory { weights, picture, guided_picture: 2 * picture }
    }
}

fn weights(device: &Device, config: &TransformerConfig, precision: TransformerPrecision) -> u64 {
    let halves = precision.floats() == Precision::F16;
    let matrix = |layer: &Layer| {
        let shape = layer.shape(precision.format());
        match device {
            Device::Gpu(_) => {
                let (weights, scales) = shape.bytes(precision.storage(device).bytes_of_four());
                weights + scales.unwrap_or(0)
            }
            Device::Cpu(processor) => shape.host_bytes(processor.cpu(), halves),
        }
    };
    // The layers that make norm vectors have a bias of 32-bit floats.
    let condition = |layer: &Layer| matrix(layer) + 4 * u64::from(layer.rows);
    let blocks = (0..config.n_layer).map(|index| {
        let BlockLayers { condition: norms, qkv, output, gate, down } = config.block_layers(index);
        condition(&norms) + [qkv, output, gate, down].iter().map(matrix).sum::<u64>()
    });
    let rows = u64::from(config.vocab_size) + u64::from(config.class_num) + 1;
    let tables = rows * u64::from(config.n_embd) * if halves { 2 } else { 4 };
    let rotations = 4 * u64::from(config.positions()) * u64::from(config.head_size());
    blocks.sum::<u64>()
        + tables
        + rotations
        + condition(&config.head_condition())
        + matrix(&config.head_layer())
}
