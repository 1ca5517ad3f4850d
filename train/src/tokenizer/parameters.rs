//! The parameters of a tokenizer before training.

use burn::tensor::Device;
use ibq_core::tokenizer::TokenizerConfig;

use crate::{random::Random, weights::Weights};

/// Name of the codebook, `[K, D]`.
pub const CODEBOOK: &str = "quantize.embedding.weight";

/// The parameters of a tokenizer before training, drawn as PyTorch and the official code draw them: convolutions
/// uniform within `1 / sqrt(fan in)`, norms 1 and 0, codes uniform within `1 / K`.
#[must_use]
pub fn initial_weights(config: &TokenizerConfig, random: &mut Random, device: &Device) -> Weights {
    let mut weights = Weights::default();
    let mut fan_in = 1;
    for (name, shape) in config.parameters() {
        let shape: Vec<usize> = shape.into_iter().map(|d| d as usize).collect();
        let count = shape.iter().product::<usize>();
        let is_norm = name.contains("norm");
        let values: Vec<f32> = if is_norm {
            vec![if name.ends_with(".weight") { 1.0 } else { 0.0 }; count]
        } else {
            if name.ends_with(".weight") {
                fan_in = shape[1..].iter().product::<usize>();
            }
            let limit = if name == CODEBOOK { 1.0 / shape[0] as f32 } else { 1.0 / (fan_in as f32).sqrt() };
            (0..count).map(|_| random.symmetric(limit)).collect()
        };
        weights.insert(&name, shape, values, device);
    }
    weights
}
