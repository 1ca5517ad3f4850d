//! The preset of a transformer: its fields, and what they may be.

use ibq_core::transformer::TransformerConfig;
use serde::{Deserialize, Serialize};

use crate::{
    optim::{AdamWConfig, Annealing},
    preset_file::{self, PresetError},
    transformer::tokens::TokenSet,
};

/// Everything that determines a run but the tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The network.
    pub model: TransformerConfig,
    /// Steps, rates, batches.
    pub training: Training,
    /// The optimizer.
    #[serde(default)]
    pub optimizer: AdamWConfig,
    /// The weights before training.
    #[serde(default)]
    pub start: Start,
}

/// Steps, rates, batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Pictures per step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Steps over which the rate rises.
    pub warm_up: u64,
    /// Fraction of the rate at which it starts to rise.
    pub first_rate: f64,
    /// Fraction of the rate that is left at the end.
    pub final_rate: f64,
    /// Weight decay at the start and at the end.
    pub weight_decay: [f64; 2],
    /// Fraction of the values that are dropped in embeddings, attention and feed-forward layers.
    pub dropout: f64,
    /// Fraction of the pictures whose class becomes "no class", which guidance needs.
    pub class_dropout: f64,
    /// Decay of the moving average of the weights.
    pub ema_decay: f64,
    /// Seed of weights, batches and dropout.
    #[serde(default)]
    pub seed: u64,
}

/// The weights before training. The defaults are the official ones: normal with deviation 0.02, the last layer zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Start {
    /// What the gates of the blocks are for every class: 0 begins with blocks that add nothing.
    pub gamma: f32,
    /// Factor on the rows that make the gates depend on the class; official: 1e-3 (B, L) to 1e-5 (XXL).
    pub gamma_rows: f32,
    /// Deviation of the classes' vectors.
    pub class: f32,
    /// Root mean square of token embeddings that begin as a projection of the tokenizer's codes; 0: random ones.
    pub tokens_from_codes: f32,
    /// The same for the last layer; 0: it begins at zero.
    pub head_from_codes: f32,
}

impl Default for Start {
    fn default() -> Self {
        Self { gamma: 0.0, gamma_rows: 1e-3, class: 0.02, tokens_from_codes: 0.0, head_from_codes: 0.0 }
    }
}

impl Preset {
    /// Presets that come with the program: name and text.
    pub const BUILT_IN: &'static [(&'static str, &'static str)] = &[
        ("ar-tiny", include_str!("../../../presets/ar-tiny.toml")),
        ("ar-scenes", include_str!("../../../presets/ar-scenes.toml")),
        ("ar-b", include_str!("../../../presets/ar-b.toml")),
        ("ar-l", include_str!("../../../presets/ar-l.toml")),
        ("ar-xl", include_str!("../../../presets/ar-xl.toml")),
        ("ar-xxl", include_str!("../../../presets/ar-xxl.toml")),
    ];

    /// One of the presets that come with the program.
    ///
    /// # Errors
    /// [`PresetError`] when there is none of this name.
    pub(super) fn built_in(name: &str) -> Result<Self, PresetError> {
        preset_file::built_in(name, Self::BUILT_IN, Self::parse)
    }

    /// Reads a preset from TOML; `name` is for messages.
    ///
    /// # Errors
    /// [`PresetError`] names the field at fault.
    pub fn parse(name: &str, text: &str) -> Result<Self, PresetError> {
        let preset: Self = toml::from_str(text)
            .map_err(|error| PresetError::Toml { name: name.to_owned(), reason: error.to_string() })?;
        preset.check(name)?;
        Ok(preset)
    }

    /// The same for the codes, the tokens per image and the classes of these tokens; `name` is for messages.
    ///
    /// # Errors
    /// [`PresetError`] when there can be no such model.
    pub fn fitted_to(mut self, tokens: &TokenSet, name: &str) -> Result<Self, PresetError> {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        self.model.vocab_size = size(tokens.vocab);
        self.model.block_size = size(tokens.each);
        self.model.class_num = size(tokens.class_names.len());
        self.check(&format!("{name}, fitted to the tokens"))?;
        Ok(self)
    }

    /// Whether all numbers are in range; `name` is for messages.
    ///
    /// # Errors
    /// [`PresetError`] names the field at fault.
    pub fn check(&self, name: &str) -> Result<(), PresetError> {
        self.model.validate().map_err(|source| PresetError::Model { name: name.to_owned(), source })?;
        let t = &self.training;
        let field = |holds: bool, field, reason| {
            if holds { Ok(()) } else { Err(PresetError::Field { name: name.to_owned(), field, reason }) }
        };
        field(self.model.vocab_size <= 65_536, "model.vocab_size", "must be at most 65,536 for training")?;
        field(self.model.class_num < 65_536, "model.class_num", "must be below 65,536 for training")?;
        field((1..=65_536).contains(&t.batch), "training.batch", "must be 1 to 65,536")?;
        field(t.steps > 0, "training.steps", "must be at least 1")?;
        let rate = t.learning_rate > 0.0 && t.learning_rate < 10.0;
        field(rate, "training.learning_rate", "must be above 0 and below 10")?;
        for (share, name) in [
            (t.dropout, "training.dropout"),
            (t.class_dropout, "training.class_dropout"),
            (t.ema_decay, "training.ema_decay"),
        ] {
            field((0.0..1.0).contains(&share), name, "must be at least 0 and below 1")?;
        }
        Ok(())
    }
}

impl Training {
    /// Learning rate and weight decay when `done` steps' worth of the run is over.
    #[must_use]
    pub fn at(&self, done: u64) -> (f64, f64) {
        let annealing = Annealing {
            peak: self.learning_rate,
            weight_decay: self.weight_decay,
            warm_up: self.warm_up as f64,
            steps: self.steps.max(2),
            start: self.first_rate,
            end: self.final_rate,
        };
        annealing.at(done.min(self.steps - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_presets_are_valid_and_the_official_ones_have_the_official_sizes() {
        for (name, _) in Preset::BUILT_IN {
            let preset = Preset::built_in(name).unwrap();
            if let Some(official) = TransformerConfig::official(&name[3..].to_uppercase()) {
                assert_eq!(preset.model, official, "{name}");
            }
        }
    }

    #[test]
    fn a_preset_is_fitted_to_tokens_or_says_why_not() {
        let names = vec!["cat".to_owned(), "dog".to_owned()];
        let tokens = TokenSet {
            each: 64,
            tokens: vec![],
            classes: vec![],
            class_names: names,
            codes: vec![],
            vocab: 512,
        };
        let fitted = Preset::built_in("ar-tiny").unwrap().fitted_to(&tokens, "ar-tiny").unwrap();
        let model = fitted.model;
        assert_eq!((model.vocab_size, model.block_size, model.class_num), (512, 64, 2));
        let odd = TokenSet { each: 63, ..tokens };
        let message =
            Preset::built_in("ar-tiny").unwrap().fitted_to(&odd, "ar-tiny").unwrap_err().to_string();
        assert!(message.contains("fitted to the tokens") && message.contains("block_size"), "{message}");
    }

    #[test]
    fn a_field_that_is_out_of_range_or_unknown_is_named() {
        let text = Preset::BUILT_IN[0].1;
        let message = |text: &str| Preset::parse("mine", text).unwrap_err().to_string();
        assert!(message(&text.replace("dropout = 0.0", "dropout = 1.0")).contains("training.dropout"));
        assert!(message(&text.replace("steps", "stepz")).contains("stepz"));
    }
}
