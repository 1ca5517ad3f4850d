//! `ibq convert`: any model file to a folder of `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};

use ibq_core::{
    files::{CONFIG_FILE, TENSORS_FILE},
    tokenizer::{ModelKind, convert},
    transformer::{TransformerPrecision, convert_transformer},
};

use super::{
    failure::Failure,
    model::{self, OpenedModel},
    numbers::{bytes, count},
    options::{GpuOptions, TransformerPrecisionChoice, WeightOptions},
    outputs::{self, OverwriteOption},
    paths::{files_of, shown, stored_bytes},
    read::read_text,
    session::Session,
    transformer::{self, TransformerOptions},
};

/// Most bytes of a list of names.
const MAX_NAMES_BYTES: u64 = 1 << 24;

/// The command line of `ibq convert`.
#[derive(clap::Args)]
#[command(
    after_help = "Quantized transformers are made on the device, as they are while loading: the result is the same, loading is only \
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
    precision: TransformerPrecisionChoice,
    /// Names of a transformer's classes, one on each line, to go into the folder
    #[arg(long, value_name = "TEXT")]
    class_names: Option<PathBuf>,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    choice: WeightOptions,
    #[command(flatten)]
    gpu: GpuOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let folder = &arguments.output;
    let opened = model::open_quietly(Some(&arguments.model)).await?;
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
    let Some(precision) = arguments.precision.of_tokenizer() else {
        let reason = "only transformers can be quantized; tokenizers are f32 or f16";
        return Err(Failure::Usage(reason.to_owned()));
    };
    let weights = model::tokenizer(opened, &arguments.choice)?;
    session.notes(&opened.name, opened.model.notes());
    model::note_assumed_rule(&opened.name, &weights, session);
    outputs::create_parent(&arguments.output)?;
    session.tell("model", format_args!("{} · {} weights", opened.name, weights.set()));
    session.title(&opened.name);
    convert(&weights, precision.into(), &arguments.output, session.job()).await?;
    Ok(weights.config().parameter_count())
}

/// Writes a transformer, and the tokenizer inside; returns the number of the transformer's parameters.
async fn convert_ar(arguments: &Arguments, session: &Session) -> Result<u64, Failure> {
    let options =
        TransformerOptions { model: Some(arguments.model.clone()), config: arguments.choice.config.clone() };
    let opened = transformer::open(&options, session).await?;
    let precision = TransformerPrecision::from(arguments.precision);
    let names = match &arguments.class_names {
        Some(path) => read_class_names(path, opened.config().class_num)?,
        None => Vec::new(),
    };
    let device = match arguments.precision {
        TransformerPrecisionChoice::F32 | TransformerPrecisionChoice::F16 => None,
        TransformerPrecisionChoice::Int8 | TransformerPrecisionChoice::Int4 => {
            Some(model::open_device(&arguments.gpu, session).await?)
        }
    };
    outputs::create_parent(&arguments.output)?;
    session.title(opened.name());
    let (model, weights, out) = (opened.model(), opened.weights(), &arguments.output);
    convert_transformer(device.as_ref(), model, weights, precision, names, out, session.job()).await?;
    Ok(weights.config().parameter_count())
}

/// Names of classes, one on each line.
fn read_class_names(path: &Path, classes: u32) -> Result<Vec<String>, Failure> {
    let text = read_text(path, MAX_NAMES_BYTES)?;
    let names: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    if names.len() == classes as usize && names.iter().all(|name| !name.is_empty()) {
        return Ok(names);
    }
    let lines = names.iter().filter(|name| !name.is_empty()).count();
    Err(Failure::in_file(path, format_args!("has {lines} names, but the model has {classes} classes")))
}
