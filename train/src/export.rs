//! Model folders: what a training makes, and what one can start from.

use std::path::Path;

use burn::tensor::Device;
use ibq_core::{
    tokenizer::TokenizerConfig,
    weights::{FolderConfig, FolderWriter, Model, ModelKind, Precision, WeightSet, WeightsError},
};

use crate::weights::Weights;

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
        kind: ModelKind::Tokenizer,
        weights: WeightSet::Ema,
        precision,
        source: source.to_owned(),
        tokenizer: Some(config.clone()),
        transformer: None,
        class_names: Vec::new(),
    };
    let mut writer = FolderWriter::create(out, &folder, &parameters)?;
    for (name, _) in &parameters {
        writer.append(&weights.values(name))?;
    }
    writer.finish()
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
