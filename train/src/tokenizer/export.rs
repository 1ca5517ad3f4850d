//! Model folders and files for PyTorch: what a run makes, and what one can start from.

use std::path::Path;

use burn::tensor::Device;
use ibq_core::{
    files::{FolderConfig, FolderWriter, Model, WeightSet, WeightsError},
    gpu::Precision,
    tokenizer::{ModelKind, TokenizerConfig},
};
use serde_json::json;

use super::checkpoint::{Checkpoint, DISCRIMINATOR, ema_name};
use crate::{
    pytorch::{self, Entry, Values},
    safetensors_file::TensorFileError,
    weights::Weights,
};

/// Writes a tokenizer as a model folder that the engine opens, with the official names. `source` is a word on where the
/// weights come from, for those who look into the folder.
///
/// # Errors
/// [`WeightsError`]: a place that cannot be written to or holds something else, a value beyond the precision.
pub fn export(
    weights: &Weights,
    config: &TokenizerConfig,
    precision: Precision,
    source: &str,
    out: &Path,
) -> Result<(), WeightsError> {
    let parameters = config.parameters();
    let folder = FolderConfig {
        kind: ModelKind::Tokenizer.key().to_owned(),
        weights: WeightSet::Ema,
        precision,
        source: source.to_owned(),
        tokenizer: Some(json!(config)),
        transformer: None,
        class_names: Vec::new(),
    };
    let mut writer = FolderWriter::create(out, &folder, &parameters)?;
    for (name, _) in &parameters {
        writer.append(&weights.values(name))?;
    }
    writer.finish()
}

/// Writes a checkpoint for the official PyTorch code: under `state_dict` the weights by their official names, their moving
/// averages under `model_ema.`, and the discriminator under `loss.discriminator.`, of which no average is kept: there it
/// stands as it is. Optimizers are left out.
///
/// # Errors
/// [`TensorFileError`].
pub fn export_pytorch(checkpoint: &Checkpoint, path: &Path) -> Result<(), TensorFileError> {
    let mut entries = named_entries("", &checkpoint.weights);
    let mut averages = named_entries("", &checkpoint.ema.weights);
    if let Some(adversary) = &checkpoint.adversary {
        entries.extend(named_entries(DISCRIMINATOR, &adversary.discriminator.weights));
        averages.extend(named_entries(DISCRIMINATOR, &adversary.discriminator.weights));
        let statistics = named_entries(DISCRIMINATOR, &adversary.discriminator.statistics);
        // Batch norms count the batches they saw: three a step, those of the decoder's loss and of its own two.
        let batches = Values::Long(3 * i64::try_from(adversary.adam.steps).unwrap_or(i64::MAX / 3));
        let norms = statistics.iter().filter_map(|entry| entry.name.strip_suffix("running_mean"));
        let counts: Vec<_> =
            norms.map(|norm| Entry::single(&format!("{norm}num_batches_tracked"), batches)).collect();
        entries.extend(statistics);
        entries.extend(counts);
    }
    let updates = checkpoint.ema.updates.map_or(-1, |updates| i32::try_from(updates).unwrap_or(i32::MAX));
    entries.push(Entry::single("model_ema.decay", Values::Float(checkpoint.ema.decay as f32)));
    entries.push(Entry::single("model_ema.num_updates", Values::Int(updates)));
    entries.extend(averages.into_iter().map(|entry| Entry { name: ema_name(&entry.name), ..entry }));
    pytorch::save(path, &[("global_step", i64::try_from(checkpoint.step).unwrap_or(i64::MAX))], &entries)
}

/// All weights as entries of a state dict, `prefix` before their names.
pub(crate) fn named_entries<'a>(prefix: &str, weights: &'a Weights) -> Vec<Entry<'a>> {
    let entry = |(name, tensor): (&str, &'a crate::weights::NamedTensor)| Entry {
        name: format!("{prefix}{name}"),
        shape: tensor.shape.clone(),
        values: Values::Tensor(&tensor.values),
    };
    weights.iter().map(entry).collect()
}

/// Whether nothing in the tokenizer's file or folder states the rule of its quantizer, so that IBQ is assumed.
///
/// # Errors
/// [`WeightsError`] names the file and what is wrong with it.
pub fn rule_is_assumed(path: &Path) -> Result<bool, WeightsError> {
    pollster::block_on(async { Ok(Model::open_path(path).await?.tokenizer(None)?.rule_is_assumed()) })
}

/// What is chosen or changed when a tokenizer's file or folder is opened, ready to be shown.
///
/// # Errors
/// [`WeightsError`] names the file and what is wrong with it.
pub fn notes_on(path: &Path) -> Result<Vec<String>, WeightsError> {
    pollster::block_on(async { Ok(Model::open_path(path).await?.notes().to_vec()) })
}

/// Reads a tokenizer from any file or folder that the engine opens, official checkpoints included.
///
/// # Errors
/// [`WeightsError`] names the file and what is wrong with it.
pub fn import(path: &Path, device: &Device) -> Result<(Weights, TokenizerConfig), WeightsError> {
    pollster::block_on(async {
        let tokenizer = Model::open_path(path).await?.tokenizer(None)?;
        let config = tokenizer.config().clone();
        let mut weights = Weights::default();
        for (name, shape) in config.parameters() {
            let values = tokenizer.read(&name).await?;
            weights.insert(&name, shape.into_iter().map(|size| size as usize).collect(), values, device);
        }
        Ok((weights, config))
    })
}
