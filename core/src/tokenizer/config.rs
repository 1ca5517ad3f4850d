//! The configuration of a tokenizer: everything that fixes its shapes, and the rule of its quantizer.

use serde::{Deserialize, Serialize};

use crate::files::ConfigError;

use super::{Quantizer, Rule};

/// Shape-giving configuration of a tokenizer, and the rule of its quantizer. Fields have the official names (`ddconfig`
/// of the YAML files).
///
/// Covers the whole family: any channel counts that are multiples of 32 (GroupNorm has 32 groups), any number of
/// levels, attention on any level, `z_channels` and `embed_dim` that differ, any codebook size up to 2^18 and beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerConfig {
    /// Channels of the first level.
    pub ch: u32,
    /// Channel multiplier of each level, finest first. The number of levels is its length.
    pub ch_mult: Vec<u32>,
    /// ResNet blocks per encoder level (the decoder has one more per level).
    pub num_res_blocks: u32,
    /// Nominal resolutions that carry attention: level `i` does when `resolution / 2^i` is listed.
    pub attn_resolutions: Vec<u32>,
    /// Nominal side of the training pictures. Only decides which levels have attention.
    pub resolution: u32,
    /// Channels between encoder and `quant_conv`.
    pub z_channels: u32,
    /// Dimension of a code.
    pub embed_dim: u32,
    /// Number of codes K.
    pub n_embed: u32,
    /// How a code is chosen. `config.json` calls it `quantizer`; older folders lack it.
    #[serde(default, rename = "quantizer")]
    pub rule: Rule,
    /// Picture channels in and out. Always 3 in the official models.
    #[serde(default = "three")]
    pub in_channels: u32,
    /// Picture channels out.
    #[serde(default = "three")]
    pub out_ch: u32,
}

fn three() -> u32 {
    3
}

impl TokenizerConfig {
    /// The official configuration of the six public checkpoints, with `n_embed` codes.
    #[must_use]
    pub fn official(n_embed: u32) -> Self {
        Self {
            ch: 128,
            ch_mult: vec![1, 1, 2, 2, 4],
            num_res_blocks: 4,
            attn_resolutions: vec![16],
            resolution: 256,
            z_channels: 256,
            embed_dim: 256,
            n_embed,
            rule: Rule::Ibq,
            in_channels: 3,
            out_ch: 3,
        }
    }

    /// The quantizer.
    #[must_use]
    pub fn quantizer(&self) -> Quantizer {
        Quantizer { rule: self.rule, codes: self.n_embed, dimension: self.embed_dim }
    }

    /// Number of resolution levels L.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.ch_mult.len()
    }

    /// Down-sampling factor `f = 2^(L-1)`: one token stands for `f × f` pixels.
    #[must_use]
    pub fn factor(&self) -> u32 {
        1 << (self.levels().max(1) - 1)
    }

    /// Channels of level `i`.
    #[must_use]
    pub fn channels(&self, level: usize) -> u32 {
        self.ch * self.ch_mult[level]
    }

    /// Channels that enter level `i` of the encoder (`ch` for the first, else those of the level before).
    #[must_use]
    pub fn channels_in(&self, level: usize) -> u32 {
        if level == 0 { self.ch } else { self.channels(level - 1) }
    }

    /// Whether level `i` carries attention: a property of the nominal resolution, never of the actual picture.
    #[must_use]
    pub fn has_attention(&self, level: usize) -> bool {
        self.attn_resolutions.contains(&(self.resolution >> level))
    }

    /// Checks that the engine can run this configuration.
    ///
    /// # Errors
    /// [`ConfigError::Field`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let field = |field, value: String, reason| ConfigError::Field { field, value, reason };
        if self.ch == 0 || !self.ch.is_multiple_of(32) || self.ch > 4096 {
            let reason = "must be a multiple of 32 up to 4096 (GroupNorm has 32 groups)";
            return Err(field("ch", self.ch.to_string(), reason));
        }
        if self.ch_mult.is_empty() || self.ch_mult.len() > 8 {
            let reason = "must list 1 to 8 levels";
            return Err(field("ch_mult", format!("{:?}", self.ch_mult), reason));
        }
        if self.ch_mult.iter().any(|&m| m == 0 || m > 64 || m.saturating_mul(self.ch) > 8192) {
            let reason = "multipliers must be at least 1 and give at most 8192 channels";
            return Err(field("ch_mult", format!("{:?}", self.ch_mult), reason));
        }
        if self.num_res_blocks == 0 || self.num_res_blocks > 64 {
            let reason = "must be 1 to 64";
            return Err(field("num_res_blocks", self.num_res_blocks.to_string(), reason));
        }
        for (name, value, most) in [
            ("z_channels", self.z_channels, 8192),
            ("embed_dim", self.embed_dim, 8192),
            ("n_embed", self.n_embed, 1 << 24),
        ] {
            if value == 0 || value > most {
                let reason = "must be at least 1 and within what a GPU buffer can index";
                return Err(field(name, value.to_string(), reason));
            }
        }
        for (name, value) in [("in_channels", self.in_channels), ("out_ch", self.out_ch)] {
            if value != 3 {
                return Err(field(name, value.to_string(), "only RGB (3) is supported"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_configuration_has_the_published_number_of_parameters() {
        assert_eq!(TokenizerConfig::official(16_384).parameter_count(), 110_982_019);
    }

    #[test]
    fn the_factor_follows_the_levels() {
        assert_eq!(TokenizerConfig::official(1024).factor(), 16);
    }

    #[test]
    fn a_width_that_group_norm_cannot_split_is_refused_by_name() {
        let config = TokenizerConfig { ch: 48, ..TokenizerConfig::official(1024) };
        assert!(config.validate().unwrap_err().to_string().contains("`ch` is 48"));
    }
}
