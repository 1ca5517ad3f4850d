//! The tokenizer inside a model, its parameters under their official names.

use std::collections::{HashMap, HashSet};

use crate::tokenizer::TokenizerConfig;

use super::{
    Model, ModelKind, Origin, WeightSet, WeightsError,
    infer::{InferError, infer},
    naming::Naming,
    source::Shared,
    yaml,
};

/// The tensors of a tokenizer, ready to be read one by one under their official names. Clones share the file.
#[derive(Clone, Debug)]
pub struct TokenizerWeights {
    model: Model,
    config: Shared<TokenizerConfig>,
    set: WeightSet,
    /// Stored name of each parameter.
    stored: Shared<HashMap<String, String>>,
}

impl TokenizerWeights {
    /// Finds every parameter and checks its shape; nothing is read.
    pub(super) fn new(model: &Model, naming: Naming, set: Option<WeightSet>) -> Result<Self, WeightsError> {
        let name = || model.name().to_owned();
        let has_tokenizer = match model.kind() {
            ModelKind::Tokenizer => true,
            ModelKind::Transformer => !model.available().is_empty(),
            ModelKind::Discriminator | ModelKind::LookupFree | ModelKind::Unknown => false,
        };
        let (Some(&default), true) = (model.available().first(), has_tokenizer) else {
            return Err(WeightsError::Kind { name: name(), found: model.kind() });
        };
        let set = set.unwrap_or(default);
        if !model.available().contains(&set) {
            let available = model.available().to_vec();
            return Err(WeightsError::NoSuchSet { name: name(), asked: set, available });
        }
        // In a model folder the one set has plain names. Parameters that were frozen in training have no average:
        // there, as in the official code, the weight itself stands for it.
        let stored_name = |official: &str| {
            let averaged = naming.stored(set, official);
            let plain = naming.stored(WeightSet::Raw, official);
            if model.folder().is_none() && model.tensor(&averaged).is_some() { averaged } else { plain }
        };
        let shape = |official: &str| Some(model.tensor(&stored_name(official))?.shape.clone());
        let config = match model.folder().and_then(|folder| folder.tokenizer.clone()) {
            Some(config) => config,
            None => infer(shape).map_err(|error| match error {
                InferError::Missing(tensor) => WeightsError::Missing { name: name(), tensor },
                InferError::Shape(tensor) => WeightsError::Tensor {
                    name: name(),
                    reason: "has a shape that no IBQ tokenizer has".to_owned(),
                    tensor,
                },
            })?,
        };
        config.validate().map_err(|error| WeightsError::Config { name: name(), error })?;

        let mut stored = HashMap::new();
        for (official, expected) in config.parameters() {
            let stored_as = stored_name(&official);
            let Some(entry) = model.tensor(&stored_as) else {
                return Err(WeightsError::Missing { name: name(), tensor: stored_as });
            };
            let expected: Vec<u64> = expected.into_iter().map(u64::from).collect();
            if entry.shape != expected {
                let (tensor, found) = (stored_as, entry.shape.clone());
                return Err(WeightsError::Shape { name: name(), tensor, found, expected });
            }
            stored.insert(official, stored_as);
        }
        let known: HashSet<&str> = stored.keys().map(String::as_str).collect();
        let foreign = |entry: &&super::TensorEntry| {
            naming.official(&entry.name).is_some_and(|official| !known.contains(official))
        };
        if let Some(entry) = model.tensors().iter().find(foreign) {
            return Err(WeightsError::Unexpected { name: name(), tensor: entry.name.clone() });
        }
        Ok(Self { model: model.clone(), config: Shared::new(config), set, stored: Shared::new(stored) })
    }

    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// Where the model comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.model.origin()
    }

    /// The configuration, inferred from names and shapes (or from the folder's `config.json`).
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// Which set of weights this is.
    #[must_use]
    pub fn set(&self) -> WeightSet {
        self.set
    }

    /// Compares the configuration with an official YAML, of a tokenizer or of a transformer with its tokenizer.
    ///
    /// # Errors
    /// [`WeightsError`] names the first field that disagrees, with both values.
    pub fn check_against_yaml(&self, yaml: &str) -> Result<(), WeightsError> {
        yaml::check(self.name(), &self.config, yaml)
    }

    /// Reads one parameter by its official name, in PyTorch's layout, as f32. Values that are not finite are an error.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        self.model.read_tensor(self.stored_name(name)?).await
    }

    /// Reads `count` entries along the first axis from `first` on: the way to read a large codebook in pieces.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_rows(&self, name: &str, first: u64, count: u64) -> Result<Vec<f32>, WeightsError> {
        self.model.read_tensor_rows(self.stored_name(name)?, first, count).await
    }

    fn stored_name(&self, official: &str) -> Result<&str, WeightsError> {
        self.stored.get(official).map(String::as_str).ok_or_else(|| WeightsError::Missing {
            name: self.name().to_owned(),
            tensor: official.to_owned(),
        })
    }
}
