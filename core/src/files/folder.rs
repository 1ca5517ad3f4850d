//! Opening model folders: `config.json` beside `model.safetensors`, or beside shards that an index lists.

use std::collections::BTreeMap;
#[cfg(not(target_arch = "wasm32"))]
use std::path::Path;

use serde::Deserialize;

#[cfg(not(target_arch = "wasm32"))]
use super::checkpoint_folder;
#[cfg(target_arch = "wasm32")]
use super::folder_config::LONGEST_JSON;
use super::{
    Model, Origin, Source, WeightsError,
    folder_config::{CONFIG_FILE, read_config, read_json},
};

/// Name of the tensors in a model folder.
pub const TENSORS_FILE: &str = "model.safetensors";
/// Name of the list of shards, where the tensors are in several files.
pub const INDEX_FILE: &str = "model.safetensors.index.json";

/// Most shards of a folder.
const MOST_SHARDS: usize = 1000;

/// The part of an index that is used.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Model {
    /// Opens a file or a model folder (`config.json` + `model.safetensors`, or shards with an index).
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn open_path(path: &Path) -> Result<Self, WeightsError> {
        if path.is_dir() { open_path(path).await } else { Self::open(Source::file(path)?).await }
    }

    /// Opens a file, or a model folder (an address that ends in `/`), over HTTP.
    ///
    /// # Errors
    /// [`WeightsError`] names the address and what is wrong with it.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_url(url: &str) -> Result<Self, WeightsError> {
        if url.ends_with('/') {
            open_url(url, Origin::At(url.to_owned())).await
        } else {
            Self::open(Source::http(url).await?).await
        }
    }

    /// Opens a model that ships with the page, from the address of its folder, which ends in `/`.
    ///
    /// # Errors
    /// [`WeightsError`] names the address and what is wrong with it.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_bundled_url(name: &str, url: &str) -> Result<Self, WeightsError> {
        open_url(url, Origin::Bundled(name.to_owned())).await
    }
}

/// Opens a model folder of this machine.
#[cfg(not(target_arch = "wasm32"))]
async fn open_path(folder: &Path) -> Result<Model, WeightsError> {
    let name = folder.display().to_string();
    let existing = |file: &str| -> Result<Option<Source>, WeightsError> {
        let path = folder.join(file);
        if path.exists() { Ok(Some(Source::file(&path)?)) } else { Ok(None) }
    };
    let config = match existing(CONFIG_FILE)? {
        Some(source) => Some(read_config(&source).await?),
        None => None,
    };
    if let Some(tensors) = existing(TENSORS_FILE)? {
        return Model::from_shards(name.clone(), Origin::At(name), config, vec![tensors]).await;
    }
    let Some(index) = existing(INDEX_FILE)? else {
        return match checkpoint_folder::find(folder) {
            Ok((file, note)) => Model::open_with(Source::file(&file)?, vec![note]).await,
            Err(reason) => Err(WeightsError::Unrecognized { name, reason }),
        };
    };
    let index = read_index(&index).await?;
    let sources = shard_names(&name, &index)?.into_iter().map(|shard| Source::file(&folder.join(shard)));
    let sources = sources.collect::<Result<_, _>>()?;
    check_index(Model::from_shards(name.clone(), Origin::At(name), config, sources).await?, &index)
}

/// Opens a model folder on the web, whose address ends in `/`.
#[cfg(target_arch = "wasm32")]
async fn open_url(url: &str, origin: Origin) -> Result<Model, WeightsError> {
    let config = match Source::http_up_to(&format!("{url}{CONFIG_FILE}"), LONGEST_JSON).await {
        Ok(source) => Some(read_config(&source).await?),
        Err(error) => {
            log::info!("{error}; the configuration is inferred from the tensors");
            None
        }
    };
    let index = match Source::http(&format!("{url}{TENSORS_FILE}")).await {
        Ok(tensors) => return Model::from_shards(url.to_owned(), origin, config, vec![tensors]).await,
        Err(error) => match Source::http_up_to(&format!("{url}{INDEX_FILE}"), LONGEST_JSON).await {
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

async fn read_index(source: &Source) -> Result<Index, WeightsError> {
    read_json(source).await
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
    match index.weight_map.keys().find(|name| !model.lists(name)) {
        None => Ok(model),
        Some(tensor) => Err(WeightsError::Missing { name: model.name().to_owned(), tensor: tensor.clone() }),
    }
}
