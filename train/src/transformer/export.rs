//! Model folders and files for PyTorch of transformers, with their tokenizer inside; models to start from.

use std::path::Path;

use burn::tensor::Device;
use ibq_core::{
    files::{FolderConfig, FolderWriter, Model, WeightSet, WeightsError},
    gpu::Precision,
    tokenizer::{ModelKind, TokenizerConfig},
    transformer::{TransformerConfig, TransformerError, TransformerWeights},
};
use serde_json::json;

use super::{checkpoint::Checkpoint, parameters::slots};
use crate::{
    pytorch::{self, Entry, Values},
    safetensors_file::TensorFileError,
    tokenizer::{CODEBOOK, named_entries},
    weights::Weights,
};

/// A transformer cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The tokenizer is another one.
    #[error("this is not the tokenizer whose tokens the transformer was trained on: its codes differ")]
    OtherTokenizer,
    /// The folder cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] TensorFileError),
}

/// Writes the averaged weights and the tokenizer as a model folder that the engine opens, names as in an official
/// checkpoint.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    checkpoint: &Checkpoint,
    tokenizer: (&Weights, &TokenizerConfig),
    precision: Precision,
    out: &Path,
) -> Result<(), ExportError> {
    let (weights, config) = tokenizer;
    if weights.values(CODEBOOK) != checkpoint.codes {
        return Err(ExportError::OtherTokenizer);
    }
    let model = &checkpoint.preset.model;
    let inner = |(name, shape): (String, Vec<u32>)| (format!("first_stage_model.{name}"), shape);
    let outer = |(name, shape): (String, Vec<u32>)| (format!("transformer.{name}"), shape);
    let parameters: Vec<(String, Vec<u32>)> =
        config.parameters().into_iter().map(inner).chain(model.parameters().into_iter().map(outer)).collect();
    let folder = FolderConfig {
        kind: ModelKind::Transformer.key().to_owned(),
        weights: WeightSet::Ema,
        precision,
        source: format!("ibq-train ar, step {}", checkpoint.step),
        tokenizer: Some(json!(config)),
        transformer: Some(json!(model)),
        class_names: checkpoint.class_names.clone(),
    };
    let mut writer = FolderWriter::create(out, &folder, &parameters)?;
    for (name, _) in config.parameters() {
        writer.append(&weights.values(&name))?;
    }
    for slot in slots(model) {
        writer.append(&checkpoint.state.average[slot.range])?;
    }
    Ok(writer.finish()?)
}

/// Writes the averaged weights and the tokenizer for the official PyTorch code: `transformer.` and `first_stage_model.` under
/// `state_dict`, as its own checkpoints have them.
///
/// # Errors
/// [`ExportError`].
pub fn export_pytorch(checkpoint: &Checkpoint, tokenizer: &Weights, path: &Path) -> Result<(), ExportError> {
    if tokenizer.values(CODEBOOK) != checkpoint.codes {
        return Err(ExportError::OtherTokenizer);
    }
    let slots = slots(&checkpoint.preset.model);
    let mut entries = named_entries("first_stage_model.", tokenizer);
    entries.extend(slots.iter().map(|slot| Entry {
        name: format!("transformer.{}", slot.name),
        shape: slot.shape.clone(),
        values: Values::Floats(&checkpoint.state.average[slot.range.clone()]),
    }));
    let step = i64::try_from(checkpoint.step).unwrap_or(i64::MAX);
    Ok(pytorch::save(path, &[("global_step", step)], &entries)?)
}

/// The codes of the tokenizer inside of a transformer's file or folder, where there is one.
///
/// # Errors
/// [`WeightsError`] names the file and what is wrong with it.
pub fn inner_codes(path: &Path) -> Result<Option<Vec<f32>>, WeightsError> {
    pollster::block_on(async {
        let model = Model::open_path(path).await?;
        if model.available().is_empty() {
            return Ok(None);
        }
        Ok(Some(model.tokenizer(None)?.read(CODEBOOK).await?))
    })
}

/// Reads a transformer from any file or folder that the engine opens, official checkpoints included. `yaml` is the official
/// configuration, which alone knows the number of heads where there is no `config.json`.
///
/// # Errors
/// [`TransformerError`] names the file and what is wrong with it.
pub fn import(
    path: &Path,
    yaml: Option<&str>,
    device: &Device,
) -> Result<(Weights, TransformerConfig), TransformerError> {
    pollster::block_on(async {
        let transformer = TransformerWeights::new(&Model::open_path(path).await?, yaml)?;
        let config = transformer.config().clone();
        let mut weights = Weights::default();
        for (name, shape) in config.parameters() {
            let values = transformer.read(&name).await?;
            weights.insert(&name, shape.into_iter().map(|size| size as usize).collect(), values, device);
        }
        Ok((weights, config))
    })
}
