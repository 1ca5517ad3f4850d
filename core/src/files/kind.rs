//! What a file turned out to be, told by the names of its tensors.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// An IBQ (or VQ) tokenizer: encoder, codebook, decoder.
    Tokenizer,
    /// An autoregressive transformer, with or without its tokenizer inside.
    Transformer,
    /// A discriminator alone.
    Discriminator,
    /// A tokenizer without a codebook (LFQ and relatives).
    LookupFree,
    /// Something else.
    Unknown,
}

/// Which of the two sets of weights in a training checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightSet {
    /// The exponential moving average: what the official evaluation uses.
    Ema,
    /// The weights as the optimizer left them.
    Raw,
}

impl ModelKind {
    /// Tells the kind by the names of the tensors.
    #[must_use]
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let (mut transformer, mut network, mut codebook, mut discriminator) = (false, false, false, false);
        for name in names {
            transformer |= name.starts_with("transformer.");
            network |= name.starts_with("encoder.") || name.starts_with("model_ema.encoder");
            codebook |= matches!(name, "quantize.embedding.weight" | "model_ema.quantizeembeddingweight");
            discriminator |=
                ["discriminator.", "loss.discriminator.", "main."].iter().any(|p| name.starts_with(p));
        }
        match (transformer, network, codebook, discriminator) {
            (true, ..) => Self::Transformer,
            (_, true, true, _) => Self::Tokenizer,
            (_, true, false, _) => Self::LookupFree,
            (_, false, false, true) => Self::Discriminator,
            _ => Self::Unknown,
        }
    }

    /// For messages: "a transformer".
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Tokenizer => "a tokenizer",
            Self::Transformer => "a transformer (without a tokenizer inside)",
            Self::Discriminator => "a discriminator",
            Self::LookupFree => "a tokenizer without a codebook (LFQ or similar)",
            Self::Unknown => "a model of an unknown kind",
        }
    }
}

/// A word that names no set of weights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a set of weights: use ema or raw")]
pub struct WeightSetError(pub String);

impl WeightSet {
    /// "ema" or "raw", as in settings and files; [`Display`](fmt::Display) writes it for sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ema => "ema",
            Self::Raw => "raw",
        }
    }
}

impl FromStr for WeightSet {
    type Err = WeightSetError;

    fn from_str(text: &str) -> Result<Self, WeightSetError> {
        let found = [Self::Ema, Self::Raw].into_iter().find(|set| set.name() == text);
        found.ok_or_else(|| WeightSetError(text.to_owned()))
    }
}

impl fmt::Display for WeightSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ema => "EMA",
            Self::Raw => "raw",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_names() {
        let kind = |names: &[&str]| ModelKind::of(names.iter().copied());
        let tokenizer =
            ["encoder.conv_in.weight", "quantize.embedding.weight", "loss.discriminator.main.0.weight"];
        assert_eq!(kind(&tokenizer), ModelKind::Tokenizer);
        assert_eq!(kind(&tokenizer[..1]), ModelKind::LookupFree);
        assert_eq!(kind(&tokenizer[2..]), ModelKind::Discriminator);
        assert_eq!(
            kind(&["first_stage_model.encoder.conv_in.weight", "transformer.head.weight"]),
            ModelKind::Transformer
        );
        assert_eq!(
            kind(&["model_ema.encoderconv_inweight", "model_ema.quantizeembeddingweight"]),
            ModelKind::Tokenizer
        );
        assert_eq!(kind(&["layer1.weight"]), ModelKind::Unknown);
        assert_eq!(kind(&[]), ModelKind::Unknown);
    }
}
