//! YAML files for the official code: what it needs beside a checkpoint to build a tokenizer.

use ibq_core::tokenizer::{Rule, TokenizerConfig};

/// A tokenizer.
#[must_use]
pub fn tokenizer_yaml(config: &TokenizerConfig) -> String {
    let (class, arguments) = (config.official_class(), tokenizer_arguments(config, "    ", "null"));
    match config.rule {
        Rule::Ibq => format!("model:\n  class_path: {class}\n  init_args:\n{arguments}"),
        // The form of taming-transformers, whose rate is that of one image.
        Rule::Vq => {
            format!("model:\n  base_learning_rate: 4.5e-6\n  target: {class}\n  params:\n{arguments}")
        }
    }
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
        rule,
        in_channels,
        out_ch,
    } = config;
    let rest = match rule {
        Rule::Ibq => format!(
            "lossconfig:
  target: src.IBQ.modules.losses.DummyLoss
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
        ),
        Rule::Vq => "lossconfig:\n  target: taming.modules.losses.DummyLoss\n".to_owned(),
    };
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
n_embed: {n_embed}
embed_dim: {embed_dim}
{rest}"
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
        for rule in Rule::ALL {
            let tokenizer = TokenizerConfig { rule, ..tokenizer.clone() };
            let yaml = tokenizer_yaml(&tokenizer);
            assert_eq!(preset_from_yaml("tokenizer", &yaml).unwrap().model, tokenizer);
        }
    }
}
