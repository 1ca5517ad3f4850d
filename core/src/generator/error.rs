//! What can go wrong with a generator.

use crate::{
    files::WeightsError,
    gpu::Remedy,
    picture::ImageError,
    tokenizer::TokenizerError,
    transformer::{TransformerError, TransformerPrecision},
};

/// Why a generator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The transformer.
    #[error(transparent)]
    Transformer(#[from] TransformerError),
    /// The tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The file of the tokenizer.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// There is no tokenizer that could draw the transformer's tokens.
    #[error(
        "{name} has no tokenizer inside; its pictures need the tokenizer that it was trained with, which has {codes} codes"
    )]
    NoTokenizer {
        /// The transformer.
        name: String,
        /// Codes that it was trained on.
        codes: u32,
    },
    /// A tokenizer that was asked for has other codes.
    #[error("the tokenizer {tokenizer} has {found} codes, but the transformer {name} was trained on {codes}")]
    OtherCodes {
        /// The transformer.
        name: String,
        /// Codes that it was trained on.
        codes: u32,
        /// The tokenizer.
        tokenizer: String,
        /// Codes that the tokenizer has.
        found: u32,
    },
    /// Quantized weights can be loaded only as they are stored.
    #[error("{name} is stored as {}; it cannot become {}", stored.name(), asked.name())]
    StoredPrecision {
        /// The transformer.
        name: String,
        /// How it is stored.
        stored: TransformerPrecision,
        /// What was asked for.
        asked: TransformerPrecision,
    },
    /// A picture that cannot be written.
    #[error(transparent)]
    Picture(#[from] ImageError),
    /// A recipe that cannot be read or written.
    #[error("the settings of the picture cannot be {doing}: {reason}")]
    Recipe {
        /// "read" or "written".
        doing: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl GeneratorError {
    /// What may help.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Transformer(error) => error.remedy(),
            Self::Tokenizer(error) => error.remedy(),
            _ => None,
        }
    }
}
