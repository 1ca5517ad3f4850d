//! `ibq-train evaluate`: how good a tokenizer is.

use std::{io::Write, path::PathBuf};

use ibq_core::{files::write_whole, picture::encode_png};
use ibq_train::{
    data::Pictures,
    device::DeviceChoice,
    tokenizer::{evaluate, quantizer::QuantizerConfig, sample_sheet},
};

use super::{Outcome, import_tokenizer, output::say, pictures::open_folder};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A model folder, or an official checkpoint.
    model: PathBuf,
    /// Folder of pictures; without it, scenes that no run trains on.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Side in pixels: a multiple of the model's factor.
    #[arg(long, default_value_t = 64)]
    side: usize,
    /// Scenes of each class, when no pictures are given.
    #[arg(long, default_value_t = 8)]
    scenes: usize,
    /// Picture file for pictures and reconstructions, side by side.
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Pictures in a row of the sheet.
    #[arg(long, default_value_t = 12)]
    columns: usize,
    /// Where to compute: auto (a GPU if the program was built for one and there is one), cpu, gpu.
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (device, _) = arguments.device.open()?;
    let (weights, config) = import_tokenizer(&arguments.model, &device)?;
    if arguments.side == 0 || !arguments.side.is_multiple_of(config.factor() as usize) {
        return Err(format!(
            "--side {} is not a multiple of the model's factor {}",
            arguments.side,
            config.factor()
        )
        .into());
    }
    let pictures = match &arguments.pictures {
        Some(folder) => open_folder(folder, arguments.side)?,
        None => Pictures::held_out_scenes(arguments.scenes, arguments.side, 0),
    };
    let (quality, reconstructed) =
        evaluate(&weights, &config, &QuantizerConfig::of(config.rule), &pictures, &device);
    if let Some(path) = &arguments.sheet {
        let png = encode_png(&sample_sheet(&pictures, &reconstructed, arguments.columns))?;
        write_whole(path, |file| file.write_all(&png))?;
    }
    say!("pictures    {} of {side}×{side}", quality.pictures, side = arguments.side);
    say!("PSNR        {:.2} dB", quality.psnr);
    say!("SSIM        {:.4}", quality.ssim);
    say!("usage       {:.1} % of {} codes", 100.0 * quality.usage, config.n_embed);
    say!("perplexity  {:.0}", quality.perplexity);
    Ok(())
}
