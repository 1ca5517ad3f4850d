//! The preset of a tokenizer: its fields, and what they may be.

use ibq_core::tokenizer::TokenizerConfig;
use serde::{Deserialize, Serialize};

use crate::{
    optim::{AdamConfig, warm_up_then_cosine},
    preset_file::{self, PresetError},
    tokenizer::{
        adversary::AdversarialConfig,
        loss::{Lpips, ReconstructionLoss},
        quantizer::{QuantizerConfig, QuantizerWeights},
    },
};

/// Everything that determines a run but the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The network. Its rule is that of [`quantizer`](Self::quantizer), whatever stands here.
    pub model: TokenizerConfig,
    /// The quantizer.
    pub quantizer: QuantizerConfig,
    /// Weights of the quantizer's losses.
    #[serde(default)]
    pub quantizer_loss: QuantizerWeights,
    /// Weights of the losses that compare pictures.
    #[serde(default)]
    pub loss: ReconstructionLoss,
    /// Steps, rates, batches.
    pub training: Training,
    /// The discriminator, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<AdversarialConfig>,
    /// The optimizer.
    #[serde(default)]
    pub adam: AdamConfig,
}

/// Steps, rates, batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Side of the training pictures in pixels.
    pub side: usize,
    /// Pictures per step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Steps over which the rate rises from 0.
    #[serde(default)]
    pub warm_up: u64,
    /// Fraction of the rate that is left at the end.
    #[serde(default = "one")]
    pub final_rate: f64,
    /// Steps at which the rate falls to a tenth.
    #[serde(default)]
    pub drops: Vec<u64>,
    /// Decay of the moving average of the weights.
    #[serde(default = "official_decay")]
    pub ema_decay: f64,
    /// First steps in which the latents go to the decoder unquantized. After them the codebook starts from latents that
    /// the encoder made. None: the codebook starts from small random numbers, as in the official code.
    #[serde(default)]
    pub continuous_steps: u64,
    /// After every so many steps, codes that no latent has chosen since the last time are moved onto latents of the step
    /// (at most half as many as the step has). 0: never, as in the official code. Stops when 85 % of the run are
    /// done.
    #[serde(default)]
    pub revive_every: u64,
    /// Trains the decoder alone. Encoder and codes stay as they are, and with them the tokens of every picture, so that a
    /// transformer trained on these tokens goes with the better decoder.
    #[serde(default)]
    pub only_decoder: bool,
    /// Weight of `mean((|z|² / latent_energy - 1)²)`, which keeps latents on a sphere while they are not quantized. Dot
    /// products then pick the nearest code.
    #[serde(default)]
    pub latent_energy_weight: f64,
    /// The squared length of a latent that this term asks for.
    #[serde(default = "one")]
    pub latent_energy: f64,
    /// Seed of weights and pictures.
    #[serde(default)]
    pub seed: u64,
}

fn one() -> f64 {
    1.0
}

fn official_decay() -> f64 {
    0.999
}

impl Preset {
    /// Presets that come with the program: name and text.
    pub const BUILT_IN: &'static [(&'static str, &'static str)] = &[
        ("scenes", include_str!("../../../presets/scenes.toml")),
        ("tiny", include_str!("../../../presets/tiny.toml")),
        ("ibq-1024", include_str!("../../../presets/ibq-1024.toml")),
        ("ibq-8192", include_str!("../../../presets/ibq-8192.toml")),
        ("ibq-16384", include_str!("../../../presets/ibq-16384.toml")),
        ("ibq-262144", include_str!("../../../presets/ibq-262144.toml")),
        ("ibq-16384-pretrain", include_str!("../../../presets/ibq-16384-pretrain.toml")),
        ("ibq-262144-pretrain", include_str!("../../../presets/ibq-262144-pretrain.toml")),
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
        let mut preset: Self = toml::from_str(text)
            .map_err(|error| PresetError::Toml { name: name.to_owned(), reason: error.to_string() })?;
        preset.model.rule = preset.quantizer.engine_rule();
        preset.check(name)?;
        Ok(preset)
    }

    /// Whether all numbers are in range; `name` is for messages.
    ///
    /// # Errors
    /// [`PresetError`] names the field at fault.
    pub fn check(&self, name: &str) -> Result<(), PresetError> {
        self.model.validate().map_err(|source| PresetError::Model { name: name.to_owned(), source })?;
        let factor = self.model.factor() as usize;
        let t = &self.training;
        let field = |field, reason| Err(PresetError::Field { name: name.to_owned(), field, reason });
        if t.side == 0 || !t.side.is_multiple_of(factor) || t.side > 4096 {
            return field("training.side", "must be a multiple of the down-sampling factor, up to 4096");
        }
        if t.batch == 0 || t.batch > 65_536 {
            return field("training.batch", "must be 1 to 65536");
        }
        if !(t.learning_rate > 0.0 && t.learning_rate < 10.0) {
            return field("training.learning_rate", "must be above 0 and below 10");
        }
        if !(0.0..1.0).contains(&t.ema_decay) {
            return field("training.ema_decay", "must be at least 0 and below 1");
        }
        if self.loss.has_lpips() && t.side < Lpips::SMALLEST_SIDE {
            return field("training.side", "must be 16 or more for LPIPS");
        }
        if let Some(adversarial) = &self.adversarial {
            if !(1..=5).contains(&adversarial.layers) || !(1..=1024).contains(&adversarial.filters) {
                return field("adversarial", "needs 1 to 5 layers and 1 to 1024 filters");
            }
            if t.side < adversarial.smallest_side() {
                return field(
                    "adversarial.layers",
                    "leaves no patch of the training pictures: take fewer layers",
                );
            }
        }
        Ok(())
    }
}

impl Training {
    /// Learning rate at a step, when this fraction of the whole run is done.
    #[must_use]
    pub fn rate(&self, step: u64, fraction: f64) -> f64 {
        let warm_up = self.warm_up as f64;
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / warm_up;
        }
        let drops = self.drops.iter().filter(|drop| **drop <= step).count();
        let dropped = 0.1f64.powi(i32::try_from(drops).unwrap_or(i32::MAX));
        self.learning_rate * dropped * warm_up_then_cosine(fraction, 0.0, 1.0, self.final_rate)
    }
}
