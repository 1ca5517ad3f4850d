//! YAML files for the official code: what it needs beside a checkpoint to build a transformer.

use ibq_core::{tokenizer::TokenizerConfig, transformer::TransformerConfig};

use crate::tokenizer::official_yaml::tokenizer_arguments;

/// The official code makes the width of its feed-forward layers a multiple of this by default.
pub(crate) const DEFAULT_MULTIPLE: u32 = 256;

/// A transformer with its tokenizer inside. None when the official code cannot build it: its feed-forward layers are never
/// narrower than 8/3 of the width.
#[must_use]
pub fn transformer_yaml(config: &TransformerConfig, tokenizer: &TokenizerConfig) -> Option<String> {
    let TransformerConfig { vocab_size, block_size, n_layer, n_head, n_embd, class_num, ffn_dim } = config;
    let least = n_embd.checked_mul(8)? / 3;
    let fits = |multiple: &u32| least.checked_next_multiple_of(*multiple) == Some(*ffn_dim);
    let powers = (0..16).rev().map(|power| 1 << power);
    let multiple = [DEFAULT_MULTIPLE].into_iter().chain(powers).chain([*ffn_dim]).find(fits)?;
    let multiple = if multiple == DEFAULT_MULTIPLE {
        String::new()
    } else {
        format!("        multiple_of: {multiple}\n")
    };
    Some(format!(
        "model:
  class_path: src.IBQ.models.cond_transformer_llama.Net2NetTransformer
  init_args:
    learning_rate: 3e-4
    first_stage_key: image
    cond_stage_key: class_label
    weight_decay: 5e-2
    transformer_config:
      target: src.IBQ.modules.transformer.llama.GPT
      params:
        vocab_size: {vocab_size}
        block_size: {block_size}
        n_layer: {n_layer}
        n_head: {n_head}
        n_embd: {n_embd}
        cond_dim: {n_embd}
        class_num: {class_num}
{multiple}        resid_dropout_p: 0.1
        ffn_dropout_p: 0.1
        token_drop: 0.1
        drop_path_rate: 0.0
    first_stage_config:
      target: {}
      params:
{}    cond_stage_config:
      target: src.IBQ.modules.util.Labelator
      params:
        n_classes: {class_num}
",
        tokenizer.official_class(),
        tokenizer_arguments(tokenizer, "        ", "transformer")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tokenizer,
        transformer::preset::{Preset, preset_from_yaml},
    };

    #[test]
    fn what_is_written_is_read_back() {
        let tokenizer = tokenizer::Preset::open("scenes").unwrap().model;
        for (name, multiple) in [("ar-b", None), ("ar-xxl", None), ("ar-scenes", Some("multiple_of: 32"))] {
            let model = Preset::open(name).unwrap().model;
            let yaml = transformer_yaml(&model, &tokenizer).unwrap();
            assert_eq!(preset_from_yaml(name, &yaml).unwrap().model, model, "{name}");
            assert_eq!(tokenizer::preset_from_yaml(name, &yaml).unwrap().model, tokenizer, "{name}");
            assert!(multiple.map_or(!yaml.contains("multiple_of"), |m| yaml.contains(m)), "{name}: {yaml}");
        }
        let narrow = TransformerConfig { ffn_dim: 64, ..Preset::open("ar-scenes").unwrap().model };
        assert_eq!(transformer_yaml(&narrow, &tokenizer), None);
    }
}
