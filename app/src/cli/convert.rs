//! `ibq convert`: any model file to a folder of `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};

use ibq_core::{
    files::{CONFIG_FILE, ModelKind, TENSORS_FILE, convert},
    transformer::{TransformerPrecision, convert_transformer},
};

use super::{
    failure::Failure,
    inputs::{read_bounded, shown},
    model::{self, OpenedModel},
    numbers::{bytes, count},
    options::{GpuOptions, PrecisionChoice as FloatChoice, WeightOptions},
    outputs::{self, OverwriteOption},
    session::Session,
    transformer::{self, PrecisionChoice, TransformerOptions},
};

/// Most bytes of a list of names.
const MAX_NAMES_BYTES: u64 = 1 << 24;

/// The command line of `ibq convert`.
#[derive(clap::Args)]
#[command(
    after_help = "Quantized transformers are made on the GPU, as they are while loading: the result is the same, loading is only \
                  copying. Their tables, and the tokenizer inside, are stored as 16-bit floats."
)]
pub(crate) struct Arguments {
    /// Model file (.ckpt, .pt, .safetensors) or folder
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Storage of the weights; int8 and int4 for transformers only
    #[arg(long, value_enum, default_value = "f32")]
    precision: PrecisionChoice,
    /// Names of a transformer's classes, one on each line, to go into the folder
    #[arg(long, value_name = "TEXT")]
    class_names: Option<PathBuf>,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    choice: WeightOptions,
    /// Adapter that quantizes: part of its name, or software
    #[arg(long, value_name = "NAME", default_value = "best")]
    adapter: ibq_core::gpu::AdapterChoice,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let folder = &arguments.output;
    let opened = model::open(Some(&arguments.model)).await?;
    let sources = files_of(&arguments.model);
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    let outputs = [CONFIG_FILE, TENSORS_FILE].map(|name| folder.join(name));
    outputs::protect(&outputs, &sources, arguments.existing.overwrite)?;
    let parameters = if opened.model.kind() == ModelKind::Transformer {
        convert_ar(arguments, session).await?
    } else {
        convert_tokenizer(arguments, &opened, session).await?
    };
    session.print(format_args!(
        "{}  {} parameters as {}, {} (from {})",
        shown(folder),
        count(parameters),
        TransformerPrecision::from(arguments.precision).name(),
        bytes(stored_bytes(folder)),
        bytes(stored_bytes(&arguments.model)),
    ));
    Ok(())
}

/// Writes a tokenizer; returns the number of its parameters.
async fn convert_tokenizer(
    arguments: &Arguments,
    opened: &OpenedModel,
    session: &Session,
) -> Result<u64, Failure> {
    let precision = match arguments.precision {
        PrecisionChoice::F32 => FloatChoice::F32,
        PrecisionChoice::F16 => FloatChoice::F16,
        PrecisionChoice::Int8 | PrecisionChoice::Int4 => {
            return Err(Failure::Usage(
                "only transformers can be quantized; tokenizers are f32 or f16".to_owned(),
            ));
        }
    };
    let weights = model::tokenizer(opened, &arguments.choice)?;
    outputs::create_parent(&arguments.output)?;
    session.tell("model", format_args!("{} · {} weights", opened.name, weights.set()));
    session.title(&opened.name);
    convert(&weights, precision.into(), &arguments.output, session.job()).await?;
    Ok(weights.config().parameter_count())
}

/// Writes a transformer, and the tokenizer inside; returns the number of the transformer's parameters.
async fn convert_ar(arguments: &Arguments, session: &Session) -> Result<u64, Failure> {
    let options = TransformerOptions {
        model: Some(arguments.model.clone()),
        config: arguments.choice.config.clone(),
        adapter: arguments.adapter.clone(),
        precision: Some(arguments.precision),
    };
    let opened = transformer::open(&options, options.model.clone(), None, session).await?;
    let precision = TransformerPrecision::from(arguments.precision);
    let names = match &arguments.class_names {
        Some(path) => class_names(path, opened.weights.config().class_num)?,
        None => Vec::new(),
    };
    let gpu = match arguments.precision {
        PrecisionChoice::F32 | PrecisionChoice::F16 => None,
        PrecisionChoice::Int8 | PrecisionChoice::Int4 => {
            let adapter =
                GpuOptions { adapter: arguments.adapter.clone(), precision: FloatChoice::F32, tier: None };
            Some(model::open_gpu(&adapter).await?)
        }
    };
    outputs::create_parent(&arguments.output)?;
    session.title(&opened.opened.name);
    let (model, weights, out) = (&opened.opened.model, &opened.weights, &arguments.output);
    convert_transformer(gpu.as_ref(), model, weights, precision, names, out, session.job()).await?;
    Ok(weights.config().parameter_count())
}

/// Names of classes, one on each line.
fn class_names(path: &Path, classes: u32) -> Result<Vec<String>, Failure> {
    let text = String::from_utf8(read_bounded(path, MAX_NAMES_BYTES)?)
        .map_err(|_| Failure::at(path, "is no text"))?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    if names.len() == classes as usize && names.iter().all(|name| !name.is_empty()) {
        return Ok(names);
    }
    let lines = names.iter().filter(|name| !name.is_empty()).count();
    Err(Failure::at(path, format_args!("has {lines} names, but the model has {classes} classes")))
}

/// The files of a model: itself, or those of its folder.
fn files_of(model: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(model) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![model.to_owned()],
    }
}

/// Bytes of a model file, or of the files of a model folder.
pub(super) fn stored_bytes(model: &Path) -> u64 {
    let size = |path: &PathBuf| {
        std::fs::metadata(path).map_or(0, |data| if data.is_file() { data.len() } else { 0 })
    };
    files_of(model).iter().map(size).sum()
}
