//! Writing a transformer, with the tokenizer inside of its file, as a model folder.

use std::path::Path;

use ibq_shaders::WeightFormat;
use serde_json::json;

use crate::{
    device::Device,
    files::{FolderConfig, FolderTensor, FolderWriter, Model, StoredAs, WeightSet},
    gpu::Precision,
    job::Job,
    tokenizer::{ModelKind, TokenizerConfig, TokenizerWeights},
};

use super::{
    TransformerError, TransformerPrecision, TransformerWeights,
    layers::{BlockLayers, Layer},
    loader::Loader,
};

/// Values that are read, converted and written at once.
const CHUNK: u64 = 1 << 20;
/// Before the names of the tokenizer and of the transformer.
const PREFIXES: [&str; 2] = ["first_stage_model.", "transformer."];

/// Writes a transformer as a model folder: as floats under the official names, or with its linear layers quantized as the
/// kernels read them, which a device does; then everything else is in 16-bit floats, and loading is only copying. The
/// tokenizer inside of the file goes along. `class_names` are its classes' names; where there are none, those that the model
/// has already.
///
/// # Errors
/// [`TransformerError`]: weights that cannot be read or do not fit the precision, no memory, a place that cannot be written
/// to or holds something else, cancelled.
pub async fn convert_transformer(
    device: Option<&Device>,
    model: &Model,
    weights: &TransformerWeights,
    precision: TransformerPrecision,
    class_names: Vec<String>,
    out: &Path,
    job: &Job,
) -> Result<(), TransformerError> {
    job.stage("convert");
    if let Some(stored) = weights.quantized() {
        let reason = format!("{} is stored as {} already", weights.name(), stored.name());
        return Err(TransformerError::Input(reason));
    }
    let format = match (precision.format(), device) {
        (WeightFormat::Float, _) => None,
        (format, Some(device)) => Some((format, device)),
        (..) => return Err(TransformerError::Input("quantizing needs a device".to_owned())),
    };
    let floats = if precision == TransformerPrecision::F32 { Precision::F32 } else { Precision::F16 };
    let tokenizer = if model.available().is_empty() { None } else { Some(model.tokenizer(None)?) };
    let source =
        Path::new(weights.name()).file_name().map_or(weights.name().into(), |name| name.to_string_lossy());
    let own = model.folder().map_or(Vec::new(), |folder| folder.class_names.clone());
    let config = FolderConfig {
        kind: ModelKind::Transformer.key().to_owned(),
        weights: tokenizer.as_ref().map_or(WeightSet::Raw, TokenizerWeights::set),
        precision: floats,
        source: source.into_owned(),
        tokenizer: tokenizer.as_ref().map(TokenizerWeights::config_section),
        transformer: Some(json!(weights.config())),
        class_names: if class_names.is_empty() { own } else { class_names },
    };

    let [inner, outer] = PREFIXES;
    let stored_as = if floats == Precision::F32 { StoredAs::F32 } else { StoredAs::F16 };
    // Norms and biases are few, and what is multiplied with them is rounded only once when they are exact.
    let of_shape = |shape: &[u32]| if shape.len() == 1 { StoredAs::F32 } else { stored_as };
    let plain = |prefix: &str, (name, shape): (String, Vec<u32>)| FolderTensor {
        name: format!("{prefix}{name}"),
        stored: of_shape(&shape),
        shape,
    };
    let inside = tokenizer.as_ref().map_or(Vec::new(), |tokenizer| tokenizer.config().parameters());
    let mut tensors: Vec<FolderTensor> = inside.into_iter().map(|tensor| plain(inner, tensor)).collect();
    match format {
        None => tensors.extend(weights.config().parameters().into_iter().map(|tensor| plain(outer, tensor))),
        Some((format, _)) => tensors.extend(weights.config().stored_parts(format).into_iter().map(|part| {
            let stored = if part.words { StoredAs::U32 } else { of_shape(&part.shape) };
            FolderTensor { name: format!("{outer}{}", part.name), shape: part.shape, stored }
        })),
    }
    let writer = FolderWriter::create_mixed(out, &config, tensors)?;
    let values = weights.config().parameter_count()
        + tokenizer.as_ref().map_or(0, |tokenizer| TokenizerConfig::parameter_count(tokenizer.config()));
    let mut copier = Copier { weights, writer, job, values, done: 0 };
    if let Some(tokenizer) = &tokenizer {
        copier.tokenizer(tokenizer).await?;
    }
    match format {
        None => {
            for (name, shape) in weights.config().parameters() {
                copier.floats(&name, &shape).await?;
            }
        }
        Some((format, device)) => {
            for part in weights.config().stored_parts(format).iter().take(2) {
                copier.floats(&part.name, &part.shape).await?;
            }
            copier.quantized(device, precision).await?;
        }
    }
    Ok(copier.writer.finish()?)
}

struct Copier<'a> {
    weights: &'a TransformerWeights,
    writer: FolderWriter,
    job: &'a Job,
    values: u64,
    done: u64,
}

impl Copier<'_> {
    fn progress(&mut self, values: u64) -> Result<(), TransformerError> {
        self.job.check()?;
        self.done += values;
        self.job.set_progress((self.done as f32 / self.values.max(1) as f32).min(1.0));
        Ok(())
    }

    async fn tokenizer(&mut self, tokenizer: &TokenizerWeights) -> Result<(), TransformerError> {
        for (name, shape) in tokenizer.config().parameters() {
            for (first, count, row) in pieces(&shape) {
                self.writer.append(&tokenizer.read_rows(&name, first, count).await?)?;
                self.progress(count * row)?;
            }
        }
        Ok(())
    }

    async fn floats(&mut self, name: &str, shape: &[u32]) -> Result<(), TransformerError> {
        for (first, count, row) in pieces(shape) {
            self.writer.append(&self.weights.read_rows(name, first as u32, count as u32).await?)?;
            self.progress(count * row)?;
        }
        Ok(())
    }

    /// All linear layers, quantized on the device one by one, as it is done while loading.
    async fn quantized(
        &mut self,
        device: &Device,
        precision: TransformerPrecision,
    ) -> Result<(), TransformerError> {
        let config = self.weights.config();
        // A job of its own: this one's progress is that of the whole.
        let quiet = Job::new();
        let mut loader = Loader::new(device, self.weights, precision, &quiet).await?;
        for index in 0..config.n_layer {
            let BlockLayers { condition, qkv, output, gate, down } = config.block_layers(index);
            for layer in [&condition, &qkv, &output, &gate, &down] {
                self.layer(&mut loader, layer, 0).await?;
            }
        }
        self.layer(&mut loader, &config.head_condition(), 0).await?;
        for (first, piece) in config.head_pieces() {
            self.layer(&mut loader, &piece, first).await?;
        }
        Ok(())
    }

    /// A layer of the rows from `first` on in the file.
    async fn layer(
        &mut self,
        loader: &mut Loader<'_>,
        layer: &Layer,
        first: u32,
    ) -> Result<(), TransformerError> {
        let (bias, factors) = if layer.norms.is_empty() {
            (None, None)
        } else {
            let (bias, factors) = loader.folded(layer).await?;
            (Some(bias), factors)
        };
        loader.made(layer, first, factors.as_deref()).await?;
        for (_, words) in loader.parameters.take_linear_words(&layer.stem).await? {
            self.writer.append_words(bytemuck::cast_slice(&words))?;
        }
        if let Some(bias) = bias {
            self.writer.append(&bias)?;
        }
        self.progress(u64::from(layer.rows) * u64::from(layer.columns) * layer.weights.len() as u64)
    }
}

/// First row, number of rows and values of a row, of the pieces in which a tensor is read.
fn pieces(shape: &[u32]) -> impl Iterator<Item = (u64, u64, u64)> {
    let rows = u64::from(shape.first().copied().unwrap_or(1));
    let row = shape.iter().skip(1).map(|&size| u64::from(size)).product::<u64>().max(1);
    let step = (CHUNK / row).max(1);
    (0..rows.div_ceil(step)).map(move |piece| (piece * step, step.min(rows - piece * step), row))
}
