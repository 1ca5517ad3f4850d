//! `ibq convert`: any model file to a folder of `config.json` and `model.safetensors`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use half::f16;
use ibq_core::{job::Job, weights::TokenizerWeights};
use serde_json::{Map, json};

use super::{
    failure::Failure,
    info::stored_bytes,
    inputs::{readable, shown},
    model::{self, set_key, set_name},
    numbers::{bytes, count},
    options::{PrecisionChoice, WeightOptions},
    outputs::{self, OutputFile, OverwriteOption},
    session::Session,
};

/// Most values that are read at once: large codebooks pass through memory in pieces.
const VALUES_AT_ONCE: u64 = 1 << 22;

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
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::at(folder, "exists and is no folder"));
    }
    let opened = model::open(Some(&arguments.model)).await?;
    let weights = model::tokenizer(&opened, &arguments.choice)?;
    let files = ["config.json", "model.safetensors"].map(|name| folder.join(name));
    let sources = model_files(&arguments.model);
    let sources: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    outputs::protect(&files, &sources, arguments.existing.overwrite)?;
    outputs::create_folder(folder)?;
    let set = set_name(weights.set());
    session.tell("model", format_args!("{} · {set} weights", opened.name));
    session.title(&opened.name);
    let [config_path, weights_path] = &files;
    let written = write_weights(&weights, arguments.precision, weights_path, session.job()).await?;
    let config =
        serde_json::to_string_pretty(weights.config()).map_err(|error| Failure::at(config_path, error))?;
    outputs::write(config_path, format!("{config}\n").as_bytes())?;
    let parameters = count(weights.config().parameter_count());
    let precision = arguments.precision.name();
    session.print(format_args!(
        "{}  {parameters} parameters as {precision}, {} (from {})",
        shown(folder),
        bytes(written),
        bytes(stored_bytes(&arguments.model)),
    ));
    Ok(())
}

/// The files that a model is read from.
fn model_files(model: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(model) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![model.to_owned()],
    }
}

/// Writes a safetensors file tensor by tensor, under the official names, and returns its size in bytes.
async fn write_weights(
    weights: &TokenizerWeights,
    precision: PrecisionChoice,
    path: &Path,
    job: &Job,
) -> Result<u64, Failure> {
    let parameters = weights.config().parameters();
    let header = header(&parameters, weights, precision);
    let mut file = OutputFile::create(path)?;
    let fail = |error: std::io::Error| Failure::at(path, readable(&error));
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(fail)?;
    file.write_all(header.as_bytes()).map_err(fail)?;
    let mut written = 8 + header.len() as u64;
    let all = weights.config().parameter_count() as f64;
    let mut done = 0;
    job.stage("convert");
    for (name, shape) in &parameters {
        let rows = u64::from(shape[0]);
        let row: u64 = shape[1..].iter().map(|&length| u64::from(length)).product();
        let at_once = (VALUES_AT_ONCE / row.max(1)).clamp(1, rows);
        let mut first = 0;
        while first < rows {
            job.check()?;
            let piece = at_once.min(rows - first);
            let values = weights.read_rows(name, first, piece).await?;
            let stored = stored(&values, precision).ok_or_else(|| {
                Failure::Failed(format!("tensor `{name}` holds values beyond f16; use --precision f32"))
            })?;
            file.write_all(&stored).map_err(fail)?;
            written += stored.len() as u64;
            first += piece;
            done += piece * row;
            job.set_progress((done as f64 / all) as f32);
        }
    }
    file.finish()?;
    Ok(written)
}

/// The JSON header of a safetensors file: type, shape and place of every tensor, padded with blanks to 8 bytes.
fn header(
    parameters: &[(String, Vec<u32>)],
    weights: &TokenizerWeights,
    precision: PrecisionChoice,
) -> String {
    let (dtype, width) = match precision {
        PrecisionChoice::F32 => ("F32", 4),
        PrecisionChoice::F16 => ("F16", 2),
    };
    let mut entries = Map::new();
    entries.insert("__metadata__".to_owned(), json!({ "format": "pt", "weights": set_key(weights.set()) }));
    let mut begin = 0;
    for (name, shape) in parameters {
        let values: u64 = shape.iter().map(|&length| u64::from(length)).product();
        let end = begin + values * width;
        entries.insert(name.clone(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [begin, end] }));
        begin = end;
    }
    let mut text = serde_json::Value::Object(entries).to_string();
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    text
}

/// The values as they lie in the file; none when one is too large for f16.
fn stored(values: &[f32], precision: PrecisionChoice) -> Option<Vec<u8>> {
    match precision {
        PrecisionChoice::F32 => Some(values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        PrecisionChoice::F16 => {
            let halves = values.iter().map(|&value| f16::from_f32(value));
            let bytes = halves.map(|half| half.is_finite().then(|| half.to_le_bytes()));
            bytes.collect::<Option<Vec<[u8; 2]>>>().map(Vec::into_flattened)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_f16_cannot_hold_is_noticed() {
        assert_eq!(stored(&[1.0, -2.0], PrecisionChoice::F16), Some(vec![0, 0x3c, 0, 0xc0]));
        assert_eq!(stored(&[70_000.0], PrecisionChoice::F16), None);
        assert_eq!(stored(&[1.0], PrecisionChoice::F32), Some(1.0_f32.to_le_bytes().to_vec()));
    }
}
