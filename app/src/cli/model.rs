//! Opening the model and the adapter, and saying which they are.

use std::path::Path;

use ibq_core::{
    files::{Model, TokenizerWeights, WeightSet},
    gpu::{Gpu, GpuInfo, GpuOptions as OpenOptions, Tier},
    tokenizer::Tokenizer,
};
use ibq_studio::bundled;
use serde::Serialize;

use super::{
    failure::Failure,
    inputs::shown,
    numbers,
    options::{GpuOptions, ModelOptions, WeightOptions},
    session::Session,
    transformer::read_yaml,
};

/// A tokenizer on the GPU, and what is to be said about it.
pub(crate) struct Loaded {
    /// The tokenizer.
    pub(crate) tokenizer: Tokenizer,
    /// The model, for people and for token files.
    pub(crate) name: String,
    /// What was used, for JSON documents.
    pub(crate) used: Used,
}

/// Which model, weights and adapter gave a result.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Used {
    model: String,
    weights: &'static str,
    precision: &'static str,
    codebook_size: u32,
    factor: u32,
    adapter: Adapter,
}

/// An adapter, for JSON documents.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Adapter {
    name: String,
    backend: String,
    driver: String,
    kind: String,
    tier: &'static str,
}

impl From<&GpuInfo> for Adapter {
    fn from(info: &GpuInfo) -> Self {
        Self {
            name: info.name.clone(),
            backend: info.backend.clone(),
            driver: info.driver.clone(),
            kind: info.kind.to_string(),
            tier: info.tier.name(),
        }
    }
}

impl Adapter {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        format!("{} · {} · {}", self.name, self.backend, self.kind)
    }
}

/// An opened model and its name.
pub(crate) struct OpenedModel {
    /// The model.
    pub(crate) model: Model,
    /// Its file or folder name.
    pub(crate) name: String,
}

/// Opens a file or folder, or the bundled model.
pub(crate) async fn open(path: Option<&Path>) -> Result<OpenedModel, Failure> {
    if let Some(path) = path {
        let model = Model::open_path(path).await?;
        let name = std::fs::canonicalize(path)
            .ok()
            .and_then(|path| path.file_name().map(|name| shown(Path::new(name))));
        return Ok(OpenedModel { model, name: name.unwrap_or_else(|| shown(path)) });
    }
    let bundled = bundled::bundled_tokenizer().map_err(|error| Failure::Failed(error.to_string()))?;
    let model = Model::open_folder(bundled.config, vec![bundled.weights]).await?;
    Ok(OpenedModel { model, name: bundled.name.to_owned() })
}

/// The asked weights of a model, checked against the configuration file if one was given.
pub(crate) fn tokenizer(opened: &OpenedModel, options: &WeightOptions) -> Result<TokenizerWeights, Failure> {
    let weights = opened.model.tokenizer(options.weights.map(WeightSet::from))?;
    if let Some(path) = &options.config {
        let text = read_yaml(path)?;
        weights.check_against_yaml(&text).map_err(|error| Failure::at(path, error))?;
    }
    Ok(weights)
}

/// Opens the adapter.
pub(crate) async fn open_gpu(options: &GpuOptions) -> Result<Gpu, Failure> {
    let tier = options.tier.map(Tier::from);
    let open = OpenOptions { adapter: options.adapter.clone(), tier, ..OpenOptions::default() };
    let gpu = Gpu::open(&open).await?;
    match tier {
        Some(wanted) if gpu.info().tier != wanted => Err(Failure::Failed(format!(
            "the adapter {} has no {wanted} tier, only {}; leave --tier out, or choose another --adapter",
            gpu.info().name,
            gpu.info().tier,
        ))),
        _ => Ok(gpu),
    }
}

/// Opens model and adapter, says which they are, and uploads the weights.
pub(crate) async fn load(
    model: &ModelOptions,
    gpu: &GpuOptions,
    session: &Session,
) -> Result<Loaded, Failure> {
    let opened = open(model.model.as_deref()).await?;
    let weights = tokenizer(&opened, &model.choice)?;
    let config = weights.config();
    let origin = if model.model.is_none() { " (bundled)" } else { "" };
    let codes = numbers::count(u64::from(config.n_embed));
    let set = weights.set();
    session.tell("model", format_args!("{}{origin} · {set} weights · {codes} codes", opened.name));
    let device = open_gpu(gpu).await?;
    let adapter = Adapter::from(device.info());
    session.tell("adapter", format_args!("{} · {}", adapter.line(), gpu.precision.name()));
    let used = Used {
        model: opened.name.clone(),
        weights: set_key(weights.set()),
        precision: gpu.precision.name(),
        codebook_size: config.n_embed,
        factor: config.factor(),
        adapter,
    };
    session.title(&opened.name);
    let tokenizer = Tokenizer::load(&device, &weights, gpu.precision.into(), session.job()).await?;
    Ok(Loaded { tokenizer, name: opened.name, used })
}

/// A set of weights, as on the command line.
pub(crate) fn set_key(set: WeightSet) -> &'static str {
    match set {
        WeightSet::Ema => "ema",
        WeightSet::Raw => "raw",
    }
}
