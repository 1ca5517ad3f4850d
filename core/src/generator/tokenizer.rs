//! The tokenizer of a generator: the one inside of the transformer's file, or one from outside.

use crate::{
    device::Device,
    files::{Model, Origin, WeightSet, short_name},
    gpu::Precision,
    job::Job,
    tokenizer::{Tokenizer, TokenizerConfig, TokenizerError, TokenizerWeights},
};

use super::{RecipeTokenizer, TokenizerDescription};

/// A tokenizer that could draw a generator's tokens.
#[derive(Clone, Debug)]
pub enum TokenizerSource {
    /// Weights in a file, and how they are to be stored on the device.
    Weights(TokenizerWeights, Precision),
    /// It is on the device already.
    Loaded(Tokenizer),
}

/// The tokenizer that was chosen for a generator.
#[derive(Clone, Debug)]
pub(super) struct ChosenTokenizer {
    pub(super) source: TokenizerSource,
    /// Whether it is in the transformer's file.
    pub(super) inside: bool,
}

impl From<TokenizerWeights> for TokenizerSource {
    /// In 32-bit floats.
    fn from(weights: TokenizerWeights) -> Self {
        Self::Weights(weights, Precision::F32)
    }
}

impl From<Tokenizer> for TokenizerSource {
    fn from(tokenizer: Tokenizer) -> Self {
        Self::Loaded(tokenizer)
    }
}

impl TokenizerSource {
    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Weights(weights, _) => weights.name(),
            Self::Loaded(tokenizer) => tokenizer.name(),
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Weights(weights, _) => weights.origin(),
            Self::Loaded(tokenizer) => tokenizer.origin(),
        }
    }

    /// The model of its weights.
    pub(super) fn model(&self) -> &Model {
        match self {
            Self::Weights(weights, _) => weights.model(),
            Self::Loaded(tokenizer) => tokenizer.model(),
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        match self {
            Self::Weights(weights, _) => weights.config(),
            Self::Loaded(tokenizer) => tokenizer.config(),
        }
    }

    /// Which of its weights.
    #[must_use]
    pub fn set(&self) -> WeightSet {
        match self {
            Self::Weights(weights, _) => weights.set(),
            Self::Loaded(tokenizer) => tokenizer.set(),
        }
    }

    /// How they are stored on the device.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::Weights(_, precision) => *precision,
            Self::Loaded(tokenizer) => tokenizer.precision(),
        }
    }

    /// Puts its weights on the device.
    ///
    /// # Errors
    /// [`TokenizerError`]: weights that cannot be read, no memory, cancelled.
    pub(super) async fn load(&self, device: &Device, job: &Job) -> Result<Tokenizer, TokenizerError> {
        match self {
            Self::Weights(weights, precision) => Tokenizer::load(device, weights, *precision, job).await,
            Self::Loaded(tokenizer) => Ok(tokenizer.clone()),
        }
    }
}

impl ChosenTokenizer {
    /// How a recipe names it; none for the one inside.
    pub(super) fn in_recipe(&self) -> Option<RecipeTokenizer> {
        let Self { source, inside } = self;
        (!inside).then(|| RecipeTokenizer {
            name: source.origin().name().unwrap_or_else(|| short_name(source.name())).to_owned(),
            path: source.origin().published(),
            sha256: source.model().known_sha256().map(str::to_owned),
            weights: Some(source.set()),
            precision: source.precision(),
        })
    }

    pub(super) fn describe(&self) -> TokenizerDescription {
        let Self { source, inside } = self;
        TokenizerDescription {
            name: source.name().to_owned(),
            inside: *inside,
            origin: source.origin().clone(),
            weights: source.set(),
            precision: source.precision(),
            factor: source.config().factor(),
        }
    }
}
