//! The tokenizer inside a model, its parameters under their official names.

use std::collections::{HashMap, HashSet};

#[cfg(not(target_arch = "wasm32"))]
use serde_json::{Value, json};

use crate::files::{Model, OfficialYaml, Origin, Shared, TensorEntry, WeightSet, WeightsError, read_section};

use super::{
    ModelKind, TokenizerConfig,
    family::{self, Family, InferError, Signs, Unsupported},
    naming::Naming,
};

/// The rule of the quantizer in the configuration of a folder.
const RULE_FIELD: &str = "quantizer";

impl Model {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        ModelKind::of(self)
    }

    /// The sets of weights that its tokenizer has, the default first. Empty where there is no tokenizer.
    #[must_use]
    pub fn available(&self) -> Vec<WeightSet> {
        let kind = self.kind();
        let names = self.tensors().iter().map(|entry| entry.name.as_str());
        let found = naming(kind).available(names.chain(self.unreadable()));
        match self.folder() {
            // A model folder holds one set under plain names and says which; a transformer's may be without a tokenizer.
            Some(folder) if kind != ModelKind::Transformer || !found.is_empty() => vec![folder.weights],
            _ => found,
        }
    }

    /// The tokenizer in it (of a transformer checkpoint, the one inside), with the asked set of weights (none: EMA
    /// where there is one).
    ///
    /// # Errors
    /// [`WeightsError`]: another kind of model (named), missing tensors, a set that is not there.
    pub fn tokenizer(&self, set: Option<WeightSet>) -> Result<TokenizerWeights, WeightsError> {
        TokenizerWeights::new(self, set)
    }
}

/// Where in a model of this kind the tokenizer is.
fn naming(kind: ModelKind) -> Naming {
    if kind == ModelKind::Transformer { Naming::INNER } else { Naming::TOP }
}

/// The tensors of a tokenizer, ready to be read one by one under their official names. Clones share the file.
#[derive(Clone, Debug)]
pub struct TokenizerWeights {
    model: Model,
    config: Shared<TokenizerConfig>,
    set: WeightSet,
    /// Nothing says the rule of the quantizer: files of several families have these tensors.
    rule_is_assumed: bool,
    /// Stored name of each parameter.
    stored: Shared<HashMap<String, String>>,
}

impl TokenizerWeights {
    /// Finds every parameter and checks its shape; nothing is read.
    fn new(model: &Model, set: Option<WeightSet>) -> Result<Self, WeightsError> {
        let name = || model.name().to_owned();
        let (kind, available) = (model.kind(), model.available());
        if let ModelKind::Unsupported(unsupported) = kind {
            return Err(refusal(name(), unsupported));
        }
        let has_tokenizer = matches!(kind, ModelKind::Tokenizer | ModelKind::Transformer);
        let (Some(&default), true) = (available.first(), has_tokenizer) else {
            return Err(WeightsError::Kind { name: name(), found: kind.description().to_owned() });
        };
        let set = set.unwrap_or(default);
        if !available.contains(&set) {
            return Err(WeightsError::NoSuchSet { name: name(), asked: set, available });
        }
        let naming = naming(kind);
        // In a model folder the one set has plain names. Parameters that were frozen in training have no average:
        // there, as in the official code, the weight itself stands for it.
        let stored_name = |official: &str| {
            let averaged = naming.stored(set, official);
            let plain = naming.stored(WeightSet::Raw, official);
            if model.folder().is_none() && model.tensor(&averaged).is_some() { averaged } else { plain }
        };
        check_readable(model, naming, set)?;
        let shape = |official: &str| Some(model.tensor(&stored_name(official))?.shape.clone());
        let section = model.folder().and_then(|folder| folder.tokenizer.as_ref());
        let (config, rule_is_assumed) = match section {
            Some(section) => {
                let config: TokenizerConfig = read_section(model.name(), "tokenizer", section)?;
                (config, section.get(RULE_FIELD).is_none())
            }
            None => {
                let (family, alone) = recognize(model, naming)?;
                let config = family.infer(&shape).map_err(|error| match error {
                    InferError::Missing(tensor) => model.missing(&stored_name(&tensor)),
                    InferError::Shape(tensor) => WeightsError::Tensor {
                        name: name(),
                        reason: format!("has a shape that no {} tokenizer has", family.name()),
                        tensor,
                    },
                })?;
                (config, !alone)
            }
        };
        config.validate().map_err(|error| WeightsError::Config { name: name(), error })?;

        let mut stored = HashMap::new();
        for (official, expected) in config.parameters() {
            let stored_as = stored_name(&official);
            let Some(entry) = model.tensor(&stored_as) else {
                return Err(model.missing(&stored_as));
            };
            let expected: Vec<u64> = expected.into_iter().map(u64::from).collect();
            if entry.shape != expected {
                let (tensor, found) = (stored_as, entry.shape.clone());
                return Err(WeightsError::Shape { name: name(), tensor, found, expected });
            }
            stored.insert(official, stored_as);
        }
        let known: HashSet<&str> = stored.keys().map(String::as_str).collect();
        let foreign = |entry: &&TensorEntry| {
            naming.official(&entry.name).is_some_and(|official| !known.contains(official))
        };
        if let Some(entry) = model.tensors().iter().find(foreign) {
            let (family, tensor) = (config.family_name(), entry.name.clone());
            return Err(WeightsError::Unexpected { name: name(), family, tensor });
        }
        let (config, stored) = (Shared::new(config), Shared::new(stored));
        Ok(Self { model: model.clone(), config, set, rule_is_assumed, stored })
    }

    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// The model.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Where the model comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.model.origin()
    }

    /// The configuration, inferred from names and shapes (or from the folder's `config.json`).
    /// [`with_yaml`](Self::with_yaml) may add the rule.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// Which set of weights this is.
    #[must_use]
    pub fn set(&self) -> WeightSet {
        self.set
    }

    /// Whether nothing said by which rule the quantizer chooses codes, so that [`Rule::Ibq`](super::Rule::Ibq) was
    /// assumed. Files of other families with the same tensors then give wrong tokens.
    #[must_use]
    pub fn rule_is_assumed(&self) -> bool {
        self.rule_is_assumed
    }

    /// The configuration as the `config.json` of a folder has it: without the rule where it was assumed, so that no
    /// assumption becomes a statement.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn config_section(&self) -> Value {
        let mut section = json!(self.config());
        if self.rule_is_assumed
            && let Some(fields) = section.as_object_mut()
        {
            fields.remove(RULE_FIELD);
        }
        section
    }

    /// The same with what an official YAML file says, of a tokenizer or of a transformer with its tokenizer: its class
    /// tells the rule of the quantizer, and its fields must agree with the weights.
    ///
    /// # Errors
    /// [`WeightsError`] names the class, if it is another kind of model's, or the first field that disagrees.
    pub fn with_yaml(mut self, text: &str) -> Result<Self, WeightsError> {
        let yaml = OfficialYaml::read(text)?;
        let Some(family) = family::check(self.name(), &self.config, &yaml)? else { return Ok(self) };
        if family.rule() != self.config.rule && !self.rule_is_assumed {
            return Err(WeightsError::Disagreement {
                name: self.name().to_owned(),
                field: RULE_FIELD.to_owned(),
                yaml: family.rule().key().to_owned(),
                found: self.config.rule.key().to_owned(),
            });
        }
        self.config =
            Shared::new(TokenizerConfig { rule: family.rule(), ..TokenizerConfig::clone(&self.config) });
        self.rule_is_assumed = false;
        Ok(self)
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

/// Refuses a set of weights of which a tensor is in the file and cannot be read.
fn check_readable(model: &Model, naming: Naming, set: WeightSet) -> Result<(), WeightsError> {
    let is_needed = |name: &&str| match (set, naming.official(name)) {
        (WeightSet::Ema, None) => naming.is_average(name),
        // The weight stands for an average that is not there.
        (WeightSet::Ema, Some(official)) => model.tensor(&naming.stored(set, official)).is_none(),
        (WeightSet::Raw, official) => official.is_some(),
    };
    // The first by name, so that a file gives the same error each time.
    model.unreadable().filter(is_needed).min().map_or(Ok(()), |name| Err(model.missing(name)))
}

/// The family of the tokenizer in a file, and whether it is the only one that it can be of.
fn recognize(model: &Model, naming: Naming) -> Result<(&'static dyn Family, bool), WeightsError> {
    let signs = Signs::inside(model, naming.prefix());
    if let Some(unsupported) = Unsupported::recognize(&signs) {
        return Err(refusal(model.name().to_owned(), unsupported));
    }
    let candidates = family::candidates(&signs);
    let Some(&family) = candidates.first() else {
        let found = model.kind().description().to_owned();
        return Err(WeightsError::Kind { name: model.name().to_owned(), found });
    };
    Ok((family, candidates.iter().all(|other| other.rule() == family.rule())))
}

fn refusal(name: String, unsupported: &Unsupported) -> WeightsError {
    WeightsError::Unsupported { name, family: unsupported.name, reason: unsupported.reason }
}
