//! What a model file turned out to be, recognized by the names and shapes of its tensors.

use crate::files::Model;

use super::family::{self, Signs, Unsupported};

/// What a model file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// A tokenizer of a family that can be run: encoder, quantizer, decoder.
    Tokenizer,
    /// An autoregressive transformer, with or without its tokenizer inside.
    Transformer,
    /// A discriminator alone.
    Discriminator,
    /// A model of a known family that cannot be run.
    Unsupported(&'static Unsupported),
    /// Something else.
    Unknown,
}

impl ModelKind {
    /// Recognizes a model. A folder written by this program says itself what it holds.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        match model.folder().map(|folder| folder.kind.as_str()) {
            Some("tokenizer") => Self::Tokenizer,
            Some("transformer") => Self::Transformer,
            Some("discriminator") => Self::Discriminator,
            Some(_) => Self::Unknown,
            None => Self::of_signs(&Signs::of(model)),
        }
    }

    fn of_signs(signs: &Signs<'_>) -> Self {
        if let Some(unsupported) = Unsupported::recognize(signs) {
            Self::Unsupported(unsupported)
        } else if signs.any("transformer.") {
            Self::Transformer
        } else if !family::candidates(signs).is_empty() {
            Self::Tokenizer
        } else if ["discriminator.", "loss.discriminator.", "main."].iter().any(|part| signs.any(part)) {
            Self::Discriminator
        } else {
            Self::Unknown
        }
    }

    /// The word for it in `config.json` and in JSON documents.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Tokenizer => "tokenizer",
            Self::Transformer => "transformer",
            Self::Discriminator => "discriminator",
            Self::Unsupported(unsupported) => unsupported.key,
            Self::Unknown => "unknown",
        }
    }

    /// For messages: "a transformer".
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Tokenizer => "a tokenizer",
            Self::Transformer => "a transformer (without a tokenizer inside)",
            Self::Discriminator => "a discriminator",
            Self::Unsupported(unsupported) => unsupported.name,
            Self::Unknown => "a model of an unknown kind",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognized_by_names() {
        let kind = |names: &[&str]| {
            let tensors: Vec<_> = names.iter().map(|&name| (name, &[][..])).collect();
            ModelKind::of_signs(&Signs::new(tensors)).key()
        };
        let tokenizer =
            ["encoder.conv_in.weight", "quantize.embedding.weight", "loss.discriminator.main.0.weight"];
        assert_eq!(kind(&tokenizer), "tokenizer");
        assert_eq!(kind(&tokenizer[..1]), "lookup-free");
        assert_eq!(kind(&tokenizer[2..]), "discriminator");
        assert_eq!(
            kind(&["first_stage_model.encoder.conv_in.weight", "transformer.head.weight"]),
            "transformer"
        );
        assert_eq!(
            kind(&["model_ema.encoderconv_inweight", "model_ema.quantizeembeddingweight"]),
            "tokenizer"
        );
        assert_eq!(kind(&["layer1.weight"]), "unknown");
        assert_eq!(kind(&[]), "unknown");
    }
}
