//! `ibq-train export`: a checkpoint becomes a model folder, or a file for PyTorch.

use std::{io::Write, path::PathBuf};

use burn::tensor::Device;
use ibq_core::{files::write_whole, gpu::Precision};
use ibq_train::tokenizer::{Checkpoint, export, export_pytorch, official_yaml::tokenizer_yaml};

use super::{Outcome, output::say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The checkpoint.
    checkpoint: PathBuf,
    /// Model folder to write.
    #[arg(long, required_unless_present = "pytorch")]
    out: Option<PathBuf>,
    /// File to write for the official PyTorch code, with raw and averaged weights; its configuration is written beside it, with
    /// the ending `.yaml`.
    #[arg(long, value_name = "FILE.ckpt")]
    pytorch: Option<PathBuf>,
    /// Keep 32 bits per value of the folder instead of 16.
    #[arg(long)]
    f32: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let checkpoint = Checkpoint::open(&arguments.checkpoint, &Device::flex())?;
    let step = checkpoint.step;
    if let Some(out) = &arguments.out {
        let precision = if arguments.f32 { Precision::F32 } else { Precision::F16 };
        let source = format!("ibq-train, step {step}");
        export(&checkpoint.ema.weights, &checkpoint.preset.model, precision, &source, out)?;
        say!("{}: the averaged weights of step {step}", out.display());
    }
    if let Some(path) = &arguments.pytorch {
        export_pytorch(&checkpoint, path)?;
        let yaml = path.with_extension("yaml");
        let text = tokenizer_yaml(&checkpoint.preset.model);
        write_whole(&yaml, |file| file.write_all(text.as_bytes()))?;
        say!("{}: weights and averages of step {step}; model: {}", path.display(), yaml.display());
    }
    Ok(())
}
