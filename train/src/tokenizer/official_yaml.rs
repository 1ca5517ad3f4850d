//! YAML files for the official code: what it needs beside a checkpoint to build a tokenizer.

use ibq_core::tokenizer::TokenizerConfig;

/// A tokenizer.
#[must_use]
pub fn tokenizer_yaml(config: &TokenizerConfig) -> String {
    format!(
        "model:\n  class_path: src.IBQ.models.ibqgan.IBQ\n  init_args:\n{}",
        tokenizer_arguments(config, "    ", "null")
    )
}

/// The arguments of a tokenizer, each line after `indent`. `stage` is what it is part of.
pub(crate) fn tokenizer_arguments(config: &TokenizerConfig, indent: &str, stage: &str) -> String {
    let TokenizerConfig {
        ch,
        ch_mult,
        num_res_blocks,
        attn_resolutions,
        resolution,
        z_channels,
        embed_dim,
        n_embed,
        in_channels,
        out_ch,
    } = config;
    let text = format!(
        "ddconfig:
  double_z: False
  z_channels: {z_channels}
  resolution: {resolution}
  in_channels: {in_channels}
  out_ch: {out_ch}
  ch: {ch}
  ch_mult: {ch_mult:?}
  num_res_blocks: {num_res_blocks}
  attn_resolutions: {attn_resolutions:?}
  dropout: 0.0
lossconfig:
  target: src.IBQ.modules.losses.DummyLoss
n_embed: {n_embed}
embed_dim: {embed_dim}
learning_rate: 1e-4
l2_normalize: False
use_entropy_loss: True
sample_minimization_weight: 1.0
batch_maximization_weight: 1.0
entropy_temperature: 0.01
beta: 0.25
use_ema: True
stage: {stage}
"
    );
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::preset::{Preset, preset_from_yaml};

    #[test]
    fn what_is_written_is_read_back() {
        let tokenizer = Preset::open("scenes").unwrap().model;
        assert_eq!(preset_from_yaml("tokenizer", &tokenizer_yaml(&tokenizer)).unwrap().model, tokenizer);
    }
}
