//! A picture becomes a map of latent vectors.

use burn::tensor::Tensor;
use ibq_core::tokenizer::TokenizerConfig;

use super::layers::{attention, conv, downsample, middle, norm_swish, res_block};
use crate::weights::Weights;

/// Encodes pictures `[B, 3, H, W]` in [-1, 1] to latents `[B, embed_dim, H / f, W / f]`, the input of the quantizer.
#[must_use]
pub fn encode(weights: &Weights, config: &TokenizerConfig, pictures: Tensor<4>) -> Tensor<4> {
    let mut h = conv(weights, "encoder.conv_in", pictures);
    for level in 0..config.levels() {
        for block in 0..config.num_res_blocks {
            h = res_block(weights, &format!("encoder.down.{level}.block.{block}"), h);
            if config.has_attention(level) {
                h = attention(weights, &format!("encoder.down.{level}.attn.{block}"), h);
            }
        }
        if level + 1 < config.levels() {
            h = downsample(weights, &format!("encoder.down.{level}.downsample.conv"), h);
        }
    }
    h = middle(weights, "encoder.mid", h);
    h = norm_swish(weights, "encoder.norm_out", h);
    h = conv(weights, "encoder.conv_out", h);
    conv(weights, "quant_conv", h)
}
