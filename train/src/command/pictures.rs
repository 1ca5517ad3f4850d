//! `ibq-train pictures`: draws or gathers training pictures once, into one file.

use std::path::PathBuf;

use ibq_train::data::Pictures;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, console::SkipReporter, output::say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Folder of pictures, or tar shards; without it, scenes are drawn.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Side in pixels.
    #[arg(long, default_value_t = 64)]
    side: usize,
    /// Scenes to draw.
    #[arg(long, default_value_t = 20_000)]
    count: usize,
    /// How much of its scene each picture shows, taken in turn: 1 is all, 2 half of the width, 4 a quarter.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    zooms: Vec<u8>,
    /// First seed of the scenes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let pictures = match &arguments.folder {
        Some(folder) => open_folder(folder, arguments.side)?,
        None => draw_scenes(arguments.count, arguments.side, arguments.seed, &arguments.zooms),
    };
    pictures.save(&arguments.out)?;
    say!(
        "{} pictures of {side}×{side} in {}",
        pictures.len(),
        arguments.out.display(),
        side = pictures.side()
    );
    Ok(())
}

/// Opens a folder or shards, and names the files that cannot be used.
pub(super) fn open_folder(
    folder: &std::path::Path,
    side: usize,
) -> Result<Pictures, Box<dyn std::error::Error>> {
    let (pictures, skipped) = Pictures::folder(folder, side)?;
    let mut reporter = SkipReporter::default();
    reporter.report(&skipped);
    reporter.report_total(&format!("{} pictures used", pictures.len()));
    Ok(pictures)
}

/// Draws scenes behind a progress bar.
pub(super) fn draw_scenes(count: usize, side: usize, seed: u64, zooms: &[u8]) -> Pictures {
    let zooms: Vec<usize> = zooms.iter().map(|zoom| usize::from(*zoom)).collect();
    let style = ProgressStyle::with_template("drawing scenes {wide_bar} {pos}/{len} · {eta} left");
    let bar =
        ProgressBar::new(count as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let pictures = Pictures::scenes(count, side, seed, &zooms, |_| bar.inc(1));
    bar.finish_and_clear();
    pictures
}
