//! Writing a tokenizer as a model folder.

use std::path::Path;

use crate::{
    files::{FolderConfig, FolderWriter, WeightsError},
    gpu::Precision,
    job::Job,
};

use super::{ModelKind, TokenizerWeights};

/// Values that are read, converted and written at once.
const CHUNK: u64 = 1 << 20;

/// Writes a tokenizer as a model folder with the official names, holding a small part of one tensor at a time.
///
/// The folder appears under its name only when it is complete. One that is already there is replaced if it is a model
/// folder; anything else is left alone.
///
/// # Errors
/// [`WeightsError`]: a tensor that cannot be read or does not fit the precision, a place that cannot be written to or
/// holds something else, cancelled.
pub async fn convert(
    weights: &TokenizerWeights,
    precision: Precision,
    out: &Path,
    job: &Job,
) -> Result<(), WeightsError> {
    job.stage("convert");
    let source =
        Path::new(weights.name()).file_name().map_or(weights.name().into(), |name| name.to_string_lossy());
    let config = FolderConfig {
        kind: ModelKind::Tokenizer.key().to_owned(),
        weights: weights.set(),
        precision,
        source: source.into_owned(),
        tokenizer: Some(weights.config_section()),
        transformer: None,
        class_names: Vec::new(),
    };
    let parameters = weights.config().parameters();
    let mut writer = FolderWriter::create(out, &config, &parameters)?;
    let all = weights.config().parameter_count().max(1);
    let mut done = 0u64;
    for (name, shape) in &parameters {
        let rows = u64::from(shape.first().copied().unwrap_or(1));
        let row = shape.iter().skip(1).map(|&size| u64::from(size)).product::<u64>().max(1);
        let step = (CHUNK / row).max(1);
        let mut first = 0;
        while first < rows {
            job.check()?;
            let count = step.min(rows - first);
            writer.append(&weights.read_rows(name, first, count).await?)?;
            first += count;
            done += count * row;
            job.set_progress(done as f32 / all as f32);
        }
    }
    writer.finish()
}
