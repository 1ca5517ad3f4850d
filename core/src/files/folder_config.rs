//! The `config.json` of a model folder.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{formats::text::to_utf8, gpu::Precision};

use super::{Source, WeightSet, WeightsError};

/// Name of the configuration in a model folder.
pub const CONFIG_FILE: &str = "config.json";

/// Longest configuration or index that is read, in bytes.
pub(super) const LONGEST_JSON: u64 = 16 << 20;

/// What `config.json` of a model folder says. The sections on the models are kept as they are: what they mean is for
/// those who run the models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderConfig {
    /// What the folder holds: "tokenizer" or "transformer".
    pub kind: String,
    /// Which set of weights it was made from.
    pub weights: WeightSet,
    /// How the tensors are stored.
    #[serde(default)]
    pub precision: Precision,
    /// Where the weights came from: a file name, or a word on their training.
    #[serde(default)]
    pub source: String,
    /// Configuration of the tokenizer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<Value>,
    /// Configuration of the transformer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transformer: Option<Value>,
    /// Names of the transformer's classes, where they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
}

/// The `config.json` of a model folder.
#[derive(Clone, Debug)]
pub(super) struct ConfigJson {
    /// What it says, where it is one of a folder written by this program; else names and shapes decide.
    pub(super) folder: Option<FolderConfig>,
    /// All of it.
    pub(super) json: Value,
}

/// Reads a section of a folder's `config.json`; `name` is that of the model, for messages.
pub(crate) fn read_section<T: DeserializeOwned>(
    name: &str,
    section: &str,
    value: &Value,
) -> Result<T, WeightsError> {
    T::deserialize(value).map_err(|error| WeightsError::Broken {
        name: name.to_owned(),
        reason: format!("{CONFIG_FILE}, section `{section}`: {error}"),
    })
}

/// Reads `config.json`, whoever wrote it.
pub(super) async fn read_config(source: &Source) -> Result<ConfigJson, WeightsError> {
    let json: Value = read_json(source).await?;
    if json.get("kind").is_none() {
        log::info!("{}: has no `kind`, so the configuration is inferred from the tensors", source.name());
        return Ok(ConfigJson { folder: None, json });
    }
    let folder = FolderConfig::deserialize(&json).map_err(|error| broken(source, &error))?;
    Ok(ConfigJson { folder: Some(folder), json })
}

/// Reads a JSON file of bounded length.
pub(super) async fn read_json<T: for<'de> Deserialize<'de>>(source: &Source) -> Result<T, WeightsError> {
    if source.len() > LONGEST_JSON {
        let reason = format!("has {} bytes, more than {LONGEST_JSON}", source.len());
        return Err(WeightsError::Broken { name: source.name().to_owned(), reason });
    }
    let bytes = source.read_at(0, source.len() as usize).await?;
    serde_json::from_slice(&to_utf8(&bytes)).map_err(|error| broken(source, &error))
}

fn broken(source: &Source, error: &serde_json::Error) -> WeightsError {
    WeightsError::Broken { name: source.name().to_owned(), reason: error.to_string() }
}
