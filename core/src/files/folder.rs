//! Model folders: `config.json` beside `model.safetensors`, or beside shards that an index lists.

use std::collections::BTreeMap;
#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{gpu::Precision, tokenizer::TokenizerConfig, transformer::TransformerConfig};

use super::{Model, ModelKind, Origin, Source, WeightSet, WeightsError};

/// Name of the configuration in a model folder.
pub const CONFIG_FILE: &str = "config.json";
/// Name of the tensors in a model folder.
pub const TENSORS_FILE: &str = "model.safetensors";
/// Name of the list of shards, where the tensors are in several files.
pub const INDEX_FILE: &str = "model.safetensors.index.json";

/// Longest configuration or index that is read, in bytes.
const LONGEST_JSON: u64 = 16 << 20;
/// Most shards of a folder.
const MOST_SHARDS: usize = 1000;

/// What `config.json` of a model folder says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderConfig {
    /// What the folder holds.
    pub kind: ModelKind,
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
    pub tokenizer: Option<TokenizerConfig>,
    /// Configuration of the transformer, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transformer: Option<TransformerConfig>,
    /// Names of the transformer's classes, where they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
}

/// The part of an index that is used.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Opens a model folder of this machine.
#[cfg(not(target_arch = "wasm32"))]
pub(super) async fn open_path(folder: &Path) -> Result<Model, WeightsError> {
    let name = folder.display().to_string();
    let existing = |file: &str| -> Result<Option<Source>, WeightsError> {
        let path = folder.join(file);
        if path.exists() { Ok(Some(Source::file(&path)?)) } else { Ok(None) }
    };
    let config = match existing(CONFIG_FILE)? {
        Some(source) => read_config(&source).await?,
        None => None,
    };
    if let Some(tensors) = existing(TENSORS_FILE)? {
        return Model::from_shards(name.clone(), Origin::At(name), config, vec![tensors]).await;
    }
    let Some(index) = existing(INDEX_FILE)? else {
        let reason = format!("a folder without `{TENSORS_FILE}` or `{INDEX_FILE}`");
        return Err(WeightsError::Unrecognized { name, reason });
    };
    let index = read_index(&index).await?;
    let sources = shard_names(&name, &index)?.into_iter().map(|shard| Source::file(&folder.join(shard)));
    let sources = sources.collect::<Result<_, _>>()?;
    check_index(Model::from_shards(name.clone(), Origin::At(name), config, sources).await?, &index)
}

/// Opens a model folder on the web, whose address ends in `/`.
#[cfg(target_arch = "wasm32")]
pub(super) async fn open_url(url: &str, origin: Origin) -> Result<Model, WeightsError> {
    let config = match Source::http(&format!("{url}{CONFIG_FILE}")).await {
        Ok(source) => read_config(&source).await?,
        Err(error) => {
            log::info!("{error}; the configuration is inferred from the tensors");
            None
        }
    };
    let index = match Source::http(&format!("{url}{TENSORS_FILE}")).await {
        Ok(tensors) => return Model::from_shards(url.to_owned(), origin, config, vec![tensors]).await,
        Err(error) => match Source::http(&format!("{url}{INDEX_FILE}")).await {
            Ok(index) => read_index(&index).await?,
            Err(_) => return Err(error.into()),
        },
    };
    let mut sources = Vec::new();
    for shard in shard_names(url, &index)? {
        sources.push(Source::http(&format!("{url}{shard}")).await?);
    }
    check_index(Model::from_shards(url.to_owned(), origin, config, sources).await?, &index)
}

/// Reads `config.json`. None when it is not one of a model folder of ours: then names and shapes decide.
pub(super) async fn read_config(source: &Source) -> Result<Option<FolderConfig>, WeightsError> {
    let value: serde_json::Value = read_json(source).await?;
    if value.get("kind").is_none() {
        log::info!("{}: has no `kind`, so the configuration is inferred from the tensors", source.name());
        return Ok(None);
    }
    serde_json::from_value(value).map(Some).map_err(|error| broken(source, &error))
}

async fn read_index(source: &Source) -> Result<Index, WeightsError> {
    read_json(source).await
}

async fn read_json<T: for<'de> Deserialize<'de>>(source: &Source) -> Result<T, WeightsError> {
    if source.len() > LONGEST_JSON {
        let reason = format!("has {} bytes, more than {LONGEST_JSON}", source.len());
        return Err(WeightsError::Broken { name: source.name().to_owned(), reason });
    }
    let bytes = source.read_at(0, source.len() as usize).await?;
    serde_json::from_slice(&bytes).map_err(|error| broken(source, &error))
}

fn broken(source: &Source, error: &serde_json::Error) -> WeightsError {
    WeightsError::Broken { name: source.name().to_owned(), reason: error.to_string() }
}

/// The files that an index names: plain file names only, so that none lies outside of the folder.
fn shard_names<'a>(folder: &str, index: &'a Index) -> Result<Vec<&'a str>, WeightsError> {
    let mut shards: Vec<&str> = index.weight_map.values().map(String::as_str).collect();
    shards.sort_unstable();
    shards.dedup();
    let plain = |shard: &&str| {
        shard.ends_with(".safetensors")
            && shard.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let wrong = shards.iter().find(|shard| !plain(shard)).map(|shard| format!("names the shard `{shard}`"));
    let many = (shards.len() > MOST_SHARDS).then(|| format!("names {} shards", shards.len()));
    match wrong.or(many) {
        None => Ok(shards),
        Some(reason) => {
            Err(WeightsError::Broken { name: folder.to_owned(), reason: format!("{INDEX_FILE} {reason}") })
        }
    }
}

/// Every tensor that an index names must be in the shards.
fn check_index(model: Model, index: &Index) -> Result<Model, WeightsError> {
    match index.weight_map.keys().find(|name| model.tensor(name).is_none()) {
        None => Ok(model),
        Some(tensor) => Err(WeightsError::Missing { name: model.name().to_owned(), tensor: tensor.clone() }),
    }
}
