//! What can be wrong with a model.

use crate::job::Cancelled;

use super::{SourceError, WeightSet};

/// Why a model cannot be used. `name` is always the path or address of the file.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WeightsError {
    /// Its bytes cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The file has none of the forms that can be read.
    #[error("{name}: {reason}")]
    Unrecognized {
        /// The file.
        name: String,
        /// What it seems to be, and what would be read.
        reason: String,
    },
    /// The file has a known form but does not keep its rules, or is beyond a limit.
    #[error("{name}: broken file: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// The rule that is not kept.
        reason: String,
    },
    /// One tensor cannot be read.
    #[error("{name}: tensor `{tensor}`: {reason}")]
    Tensor {
        /// The file.
        name: String,
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor that the model needs is not there.
    #[error("{name}: tensor `{tensor}` is missing")]
    Missing {
        /// The file.
        name: String,
        /// The tensor.
        tensor: String,
    },
    /// A tensor of the network that no model of this family has.
    #[error("{name}: tensor `{tensor}` belongs to no {family} model with the configuration of this file")]
    Unexpected {
        /// The file.
        name: String,
        /// Name of the family.
        family: &'static str,
        /// The tensor.
        tensor: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error("{name}: tensor `{tensor}` has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The file.
        name: String,
        /// The tensor.
        tensor: String,
        /// Its shape in the file.
        found: Vec<u64>,
        /// The shape that the configuration asks for.
        expected: Vec<u64>,
    },
    /// A weight is infinite or not a number.
    #[error("{name}: tensor `{tensor}` holds {value} at element {index}: weights must be finite")]
    NotFinite {
        /// The file.
        name: String,
        /// The tensor.
        tensor: String,
        /// Position of the first such value.
        index: u64,
        /// The value.
        value: f32,
    },
    /// The file holds another kind of model than asked for.
    #[error("{name} is {found}, not a tokenizer")]
    Kind {
        /// The file.
        name: String,
        /// What it is: "a transformer".
        found: String,
    },
    /// The file holds a model of a known family that cannot be run.
    #[error("{name} is {family}, which is not supported: {reason}")]
    Unsupported {
        /// The file.
        name: String,
        /// The family: "a GumbelVQ tokenizer of taming-transformers".
        family: &'static str,
        /// What is different there.
        reason: &'static str,
    },
    /// The file does not have the asked set of weights.
    #[error("{name} has no {asked} weights, only {}", list(available))]
    NoSuchSet {
        /// The file.
        name: String,
        /// The set asked for.
        asked: WeightSet,
        /// The sets that it has.
        available: Vec<WeightSet>,
    },
    /// The engine cannot run this configuration.
    #[error("{name}: {error}")]
    Config {
        /// The file.
        name: String,
        /// The field and its value.
        error: ConfigError,
    },
    /// The YAML configuration is not one of the official form.
    #[error("configuration file: {reason}")]
    Yaml {
        /// What is wrong, with the line.
        reason: String,
    },
    /// The YAML configuration is for another class of model.
    #[error("configuration file: is for the class `{class}`{}, not for {expected}", note(known))]
    Class {
        /// The class that it names.
        class: String,
        /// What that is, where it is known.
        known: Option<String>,
        /// The classes that can be used.
        expected: String,
    },
    /// The YAML configuration and the weights disagree.
    #[error("the configuration file says `{field}: {yaml}`, but the weights in {name} have {found}")]
    Disagreement {
        /// The file with the weights.
        name: String,
        /// Official name of the field.
        field: String,
        /// Value in the YAML.
        yaml: String,
        /// Value that follows from the weights.
        found: String,
    },
    /// A model folder cannot be written.
    #[error("{path}: {reason}")]
    Write {
        /// The file or folder.
        path: String,
        /// What went wrong.
        reason: String,
    },
    /// Its owner stopped the work.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

fn note(known: &Option<String>) -> String {
    known.as_ref().map_or_else(String::new, |known| format!(" ({known})"))
}

fn list(sets: &[WeightSet]) -> String {
    let words: Vec<String> = sets.iter().map(ToString::to_string).collect();
    if words.is_empty() { "none at all".to_owned() } else { words.join(" and ") }
}

/// Why a configuration cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A field has a value outside of what is allowed.
    #[error("configuration field `{field}` is {value}: {reason}")]
    Field {
        /// Official name of the field.
        field: &'static str,
        /// The offending value.
        value: String,
        /// What is allowed.
        reason: &'static str,
    },
}
