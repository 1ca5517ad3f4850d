//! A map of codes becomes a picture.

use burn::tensor::Tensor;
use ibq_core::tokenizer::TokenizerConfig;

use super::layers::{attention, conv, middle, norm_swish, res_block, upsample};
use crate::weights::Weights;

/// Decodes codes `[B, embed_dim, h, w]` to pictures `[B, 3, h · f, w · f]`, not clamped.
#[must_use]
pub fn decode(weights: &Weights, config: &TokenizerConfig, codes: Tensor<4>) -> Tensor<4> {
    last_layer(weights, decode_features(weights, config, codes))
}

/// [`decode`] up to its last layer: what [`last_layer`] takes.
pub(crate) fn decode_features(weights: &Weights, config: &TokenizerConfig, codes: Tensor<4>) -> Tensor<4> {
    let mut h = conv(weights, "post_quant_conv", codes);
    h = conv(weights, "decoder.conv_in", h);
    h = middle(weights, "decoder.mid", h);
    for level in (0..config.levels()).rev() {
        for block in 0..=config.num_res_blocks {
            h = res_block(weights, &format!("decoder.up.{level}.block.{block}"), h);
            if config.has_attention(level) {
                h = attention(weights, &format!("decoder.up.{level}.attn.{block}"), h);
            }
        }
        if level > 0 {
            h = upsample(weights, &format!("decoder.up.{level}.upsample.conv"), h);
        }
    }
    norm_swish(weights, "decoder.norm_out", h)
}

/// Name of the kernel of the last layer.
pub(crate) const LAST_KERNEL: &str = "decoder.conv_out.weight";

/// The convolution that makes the picture.
pub(crate) fn last_layer(weights: &Weights, features: Tensor<4>) -> Tensor<4> {
    conv(weights, "decoder.conv_out", features)
}
