//! A model whose directory was read and that is not on the GPU yet.

use ibq_core::{
    files::{Model, WeightSet},
    tokenizer::{ModelKind, TokenizerWeights},
    transformer::TransformerWeights,
};

#[cfg(target_arch = "wasm32")]
use crate::studio::files::PickedFile;

#[cfg(target_arch = "wasm32")]
use super::source::ModelSource;

/// What is known of the SHA-256 of a model's files.
#[derive(Clone, Debug, Default)]
pub(crate) enum Digests {
    /// Nobody asked: it takes reading the whole file.
    #[default]
    Unknown,
    Running,
    /// One line per file, as `sha256sum` prints them.
    Known(Vec<String>),
}

/// A model whose directory was read and that is not on the GPU yet.
pub(crate) struct OpenedModel {
    pub(crate) name: String,
    pub(crate) kind: ModelKind,
    pub(crate) sets: Vec<WeightSet>,
    pub(crate) model: Model,
    /// The tokenizer in it with the chosen set of weights, or why there is none.
    pub(crate) weights: Result<TokenizerWeights, String>,
    /// The transformer in it, or why it cannot be used; none where there is none.
    pub(crate) transformer: Option<Result<TransformerWeights, String>>,
    pub(crate) digests: Digests,
    /// Where it can be copied from, to be kept in the browser.
    #[cfg(target_arch = "wasm32")]
    pub(crate) origin: Option<Origin>,
}

impl OpenedModel {
    /// Reads what the file says about itself.
    pub(crate) fn describe(name: String, model: Model) -> Self {
        Self {
            name,
            kind: model.kind(),
            sets: model.available(),
            weights: model.tokenizer(None).map_err(|error| error.to_string()),
            transformer: (model.kind() == ModelKind::Transformer)
                .then(|| TransformerWeights::new(&model, None).map_err(|error| error.to_string())),
            model,
            digests: Digests::default(),
            #[cfg(target_arch = "wasm32")]
            origin: None,
        }
    }

    /// Uses another set of weights.
    pub(crate) fn use_set(&mut self, set: WeightSet) {
        self.weights = self.model.tokenizer(Some(set)).map_err(|error| error.to_string());
    }
}

/// Where an opened model can be copied from.
#[cfg(target_arch = "wasm32")]
#[derive(Clone)]
pub(crate) enum Origin {
    File(PickedFile),
    Address(String),
}

#[cfg(target_arch = "wasm32")]
impl Origin {
    /// That of a source, if it is one file.
    pub(crate) fn of(source: &ModelSource) -> Option<Self> {
        match source {
            ModelSource::File(file) => Some(Self::File(file.clone())),
            ModelSource::Url(url) if !url.ends_with('/') => Some(Self::Address(url.clone())),
            _ => None,
        }
    }

    /// Name to keep it under: that of the file.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Address(address) => {
                let path = address.split(['?', '#']).next().unwrap_or(address);
                path.rsplit('/').next().unwrap_or(path).to_owned()
            }
        }
    }
}
