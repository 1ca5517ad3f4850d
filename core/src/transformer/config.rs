//! The configuration of a transformer: everything that fixes its shapes.

use ibq_shaders::{ATTENTION_HEAD, ATTENTION_POSITIONS};
use serde::{Deserialize, Serialize};

use crate::tokenizer::ConfigError;

/// Channels per head of every official model.
pub(super) const OFFICIAL_HEAD: u32 = 64;
/// Tokens per picture of every official model: a grid of 16 × 16.
pub(super) const OFFICIAL_BLOCK: u32 = 256;

/// Shape-giving configuration of an autoregressive transformer, with the official names (`transformer_config.params` of
/// the YAML files).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Number of codes of the tokenizer.
    pub vocab_size: u32,
    /// Tokens per picture; a square grid.
    pub block_size: u32,
    /// Blocks.
    pub n_layer: u32,
    /// Attention heads.
    pub n_head: u32,
    /// Width.
    pub n_embd: u32,
    /// Classes, not counting "no class".
    pub class_num: u32,
    /// Width inside of the feed-forward layers.
    pub ffn_dim: u32,
}

impl TransformerConfig {
    /// An official size: "B", "L", "XL" or "XXL".
    #[must_use]
    pub fn official(size: &str) -> Option<Self> {
        let (n_layer, n_head) = match size {
            "B" => (16, 16),
            "L" => (20, 20),
            "XL" => (24, 24),
            "XXL" => (30, 30),
            _ => return None,
        };
        let n_embd = n_head * OFFICIAL_HEAD;
        let ffn_dim = (8 * n_embd / 3).next_multiple_of(256);
        let (vocab_size, block_size, class_num) = (16_384, OFFICIAL_BLOCK, 1000);
        Some(Self { vocab_size, block_size, n_layer, n_head, n_embd, class_num, ffn_dim })
    }

    /// Rows and columns of the grid of tokens.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.block_size.isqrt()
    }

    /// Channels per head.
    #[must_use]
    pub fn head_size(&self) -> u32 {
        self.n_embd / self.n_head
    }

    /// Positions: the class, then the tokens.
    #[must_use]
    pub fn positions(&self) -> u32 {
        self.block_size + 1
    }

    /// Every parameter by its official name (without `transformer.`) with its shape.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, Vec<u32>)> {
        let (width, hidden) = (self.n_embd, self.ffn_dim);
        let mut list = vec![
            ("tok_emb.weight".to_owned(), vec![self.vocab_size, width]),
            ("class_emb.embedding_table.weight".to_owned(), vec![self.class_num + 1, width]),
        ];
        for block in 0..self.n_layer {
            let parts = [
                ("attention.wqkv.weight", vec![3 * width, width]),
                ("attention.wo.weight", vec![width, width]),
                ("feed_forward.w1.weight", vec![hidden, width]),
                ("feed_forward.w3.weight", vec![hidden, width]),
                ("feed_forward.w2.weight", vec![width, hidden]),
                ("attention_norm.weight", vec![width]),
                ("ffn_norm.weight", vec![width]),
                ("ada_lin.1.weight", vec![6 * width, width]),
                ("ada_lin.1.bias", vec![6 * width]),
            ];
            list.extend(parts.map(|(name, shape)| (format!("blocks.{block}.{name}"), shape)));
        }
        let head = [
            ("head_nm.rmsnorm.weight", vec![width]),
            ("head_nm.ada_lin.1.weight", vec![2 * width, width]),
            ("head_nm.ada_lin.1.bias", vec![2 * width]),
            ("head.weight", vec![self.vocab_size, width]),
        ];
        list.extend(head.map(|(name, shape)| (name.to_owned(), shape)));
        list
    }

    /// Number of parameters.
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        let size = |shape: &Vec<u32>| shape.iter().map(|&d| u64::from(d)).product::<u64>();
        self.parameters().iter().map(|(_, shape)| size(shape)).sum()
    }

    /// Checks that the engine can run this configuration.
    ///
    /// # Errors
    /// [`ConfigError::Field`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let check = |holds: bool, field, value: u32, reason| {
            if holds { Ok(()) } else { Err(ConfigError::Field { field, value: value.to_string(), reason }) }
        };
        let most = |value: u32, most: u32| (1..=most).contains(&value);
        check(most(self.vocab_size, 1 << 24), "vocab_size", self.vocab_size, "must be 1 to 16,777,216")?;
        check(
            most(self.block_size, ATTENTION_POSITIONS - 1) && self.side() * self.side() == self.block_size,
            "block_size",
            self.block_size,
            "must be the number of tokens of a square grid, at most 50 × 50",
        )?;
        check(most(self.n_layer, 256), "n_layer", self.n_layer, "must be 1 to 256")?;
        check(
            most(self.n_embd, 16_384) && self.n_embd.is_multiple_of(4),
            "n_embd",
            self.n_embd,
            "must be a multiple of 4 up to 16,384",
        )?;
        check(
            self.n_head > 0
                && self.n_embd.is_multiple_of(self.n_head)
                && self.head_size().is_multiple_of(4)
                && self.head_size() <= ATTENTION_HEAD,
            "n_head",
            self.n_head,
            "must give heads of 4, 8, 12, … up to 128 channels (`n_embd / n_head`)",
        )?;
        check(most(self.class_num, 1 << 20), "class_num", self.class_num, "must be 1 to 1,048,576")?;
        check(
            most(self.ffn_dim, 65_536) && self.ffn_dim.is_multiple_of(4),
            "ffn_dim",
            self.ffn_dim,
            "must be a multiple of 4 up to 65,536",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_sizes_have_the_published_numbers() {
        for (size, ffn_dim, parameters) in [
            ("B", 2816, 342_994_944),
            ("L", 3584, 649_640_960),
            ("XL", 4096, 1_076_103_168),
            ("XXL", 5120, 2_063_331_840),
        ] {
            let config = TransformerConfig::official(size).unwrap();
            assert_eq!((config.ffn_dim, config.parameter_count()), (ffn_dim, parameters), "{size}");
            assert_eq!(config.validate(), Ok(()));
        }
        assert_eq!(TransformerConfig::official("M"), None);
    }

    #[test]
    fn what_cannot_run_is_named() {
        let good = TransformerConfig::official("B").unwrap();
        let field = |config: TransformerConfig| match config.validate() {
            Err(ConfigError::Field { field, .. }) => field,
            Ok(()) => "",
        };
        assert_eq!(field(TransformerConfig { n_head: 0, ..good.clone() }), "n_head");
        assert_eq!(field(TransformerConfig { n_head: 3, ..good.clone() }), "n_head");
        assert_eq!(field(TransformerConfig { n_head: 4, ..good.clone() }), "n_head");
        assert_eq!(field(TransformerConfig { block_size: 255, ..good.clone() }), "block_size");
        assert_eq!(field(TransformerConfig { block_size: 10_000, ..good.clone() }), "block_size");
        assert_eq!(field(TransformerConfig { vocab_size: 0, ..good.clone() }), "vocab_size");
        assert_eq!(field(TransformerConfig { n_layer: 0, ..good.clone() }), "n_layer");
        assert_eq!(field(TransformerConfig { n_embd: 0, ..good.clone() }), "n_embd");
        assert_eq!(field(TransformerConfig { class_num: 0, ..good.clone() }), "class_num");
        assert_eq!(field(TransformerConfig { ffn_dim: 70_000, ..good }), "ffn_dim");
    }
}
