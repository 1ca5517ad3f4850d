//! `ibq convert`: any model file to a folder of `config.json` and `model.safetensors`.

use std::path::{Path, PathBuf};

use ibq_core::weights::{CONFIG_FILE, TENSORS_FILE, convert};

use super::{
    failure::Failure,
    inputs::shown,
    model,
    numbers::{bytes, count},
    options::{PrecisionChoice, WeightOptions},
    outputs::{self, OverwriteOption},
    session::Session,
};

/// The command line of `ibq convert`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Model file (.ckpt, .pt, .safetensors) or folder
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Storage of the weights
    #[arg(long, value_enum, default_value = "f32")]
    precision: PrecisionChoice,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    choice: WeightOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let folder = &arguments.output;
    let opened = model::open(Some(&arguments.model)).await?;
    let weights = model::tokenizer(&opened, &arguments.choice)?;
    let sources = files_of(&arguments.model);
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    let outputs = [CONFIG_FILE, TENSORS_FILE].map(|name| folder.join(name));
    outputs::protect(&outputs, &sources, arguments.existing.overwrite)?;
    outputs::create_parent(folder)?;
    session.tell("model", format_args!("{} · {} weights", opened.name, weights.set()));
    session.title(&opened.name);
    convert(&weights, arguments.precision.into(), folder, session.job()).await?;
    session.print(format_args!(
        "{}  {} parameters as {}, {} (from {})",
        shown(folder),
        count(weights.config().parameter_count()),
        arguments.precision.name(),
        bytes(stored_bytes(folder)),
        bytes(stored_bytes(&arguments.model)),
    ));
    Ok(())
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
