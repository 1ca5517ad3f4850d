//! `ibq-train export`: a checkpoint becomes a model folder.

use std::path::PathBuf;

use burn::tensor::Device;
use ibq_core::weights::Precision;
use ibq_train::{checkpoint::Checkpoint, export::export};

use super::Outcome;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The checkpoint.
    checkpoint: PathBuf,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// Keep 32 bits per value instead of 16.
    #[arg(long)]
    f32: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let checkpoint = Checkpoint::open(&arguments.checkpoint, &Device::flex())?;
    let precision = if arguments.f32 { Precision::F32 } else { Precision::F16 };
    let source = format!("ibq-train, step {}", checkpoint.step);
    export(&checkpoint.ema.weights, &checkpoint.preset.model, precision, &source, &arguments.out)?;
    println!("{}: the averaged weights of step {}", arguments.out.display(), checkpoint.step);
    Ok(())
}
