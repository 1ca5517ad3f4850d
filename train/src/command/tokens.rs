//! `ibq-train tokens`: encodes training pictures as tokens.

use std::path::{Path, PathBuf};

use ibq_core::{data_set::DataSet, tokenizer::TokenizerConfig};
use ibq_scenes::{Class, FIRST_HELD_OUT_SEED};
use ibq_train::{
    data::{DataError, Pictures, middle_squares},
    device::DeviceChoice,
    transformer::TokenSet,
    weights::Weights,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, console::SkipReporter, import_tokenizer, output::say, pictures::draw_scenes};

/// Pictures that are in memory at a time.
const CHUNK: usize = 256;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The tokenizer: a model folder, or an official checkpoint.
    #[arg(long)]
    tokenizer: PathBuf,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Pictures with their classes: a folder with a sub-folder per class, or tar shards ('shards-{000..012}.tar', one file, or
    /// their folder) with labels in members `.cls`. Without it, scenes are drawn.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Side of the pictures in pixels.
    #[arg(long, default_value_t = 64)]
    side: usize,
    /// Scenes of each class; each is used as it is and mirrored.
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// First seed of the scenes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to encode: auto (a GPU if the program was built for one and there is one), cpu, gpu.
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (device, name) = arguments.device.open()?;
    say!("encoding on {name}");
    let (weights, config) = import_tokenizer(&arguments.tokenizer, &device)?;
    let factor = config.factor() as usize;
    if arguments.side == 0 || !arguments.side.is_multiple_of(factor) {
        let side = arguments.side;
        return Err(format!("--side {side} is not a multiple of the tokenizer's factor {factor}").into());
    }
    if config.n_embed > 65_536 {
        return Err(format!("the tokenizer has {} codes; at most 65,536 are stored", config.n_embed).into());
    }
    if arguments.count == 0 || arguments.seed.saturating_add(arguments.count as u64) > FIRST_HELD_OUT_SEED {
        return Err(format!("--count must be 1 or more, and seeds stay below {FIRST_HELD_OUT_SEED}").into());
    }
    let tokens = match &arguments.pictures {
        Some(path) => encode_pictures(path, arguments.side, &weights, &config)?,
        None => encode_scenes(arguments, &weights, &config),
    };
    tokens.save(&arguments.out)?;
    let (count, classes) = (tokens.len(), tokens.class_names.len());
    let (each, out) = (tokens.each, arguments.out.display());
    say!("{count} pictures of {each} tokens, mirrored ones among them, of {classes} classes, in {out}");
    Ok(())
}

fn encode_scenes(arguments: &Arguments, weights: &Weights, config: &TokenizerConfig) -> TokenSet {
    let classes = Class::ALL.len();
    let names = Class::ALL.iter().map(|class| class.name().to_owned()).collect();
    let pictures = draw_scenes(classes * arguments.count, arguments.side, arguments.seed, &[1]);
    let of_picture: Vec<u16> = (0..pictures.len()).map(|index| (index % classes) as u16).collect();
    let mut tokens = TokenSet::new(weights, config, arguments.side, names);
    let bar = encoding_bar(pictures.len());
    tokens.add(weights, config, &pictures, &of_picture, |done| bar.inc(done));
    bar.finish_and_clear();
    tokens
}

/// Tokens of the middle squares of all pictures of a folder or of shards, with their classes.
fn encode_pictures(
    path: &Path,
    side: usize,
    weights: &Weights,
    config: &TokenizerConfig,
) -> Result<TokenSet, Box<dyn std::error::Error>> {
    let set = DataSet::open(path)?.labeled();
    let mut reporter = SkipReporter::default();
    reporter.report(set.skipped());
    let mut tokens = TokenSet::new(weights, config, side, set.class_names().to_vec());
    let bar = encoding_bar(set.len());
    for first in (0..set.len()).step_by(CHUNK) {
        let range = first..(first + CHUNK).min(set.len());
        let (mut squares, mut classes) = (Vec::new(), Vec::new());
        for (index, square) in range.clone().zip(middle_squares(&set, range, side)) {
            match square {
                Ok(square) => {
                    squares.push(square);
                    classes.extend(set.class(index));
                }
                Err(file) => bar.suspend(|| reporter.report(&[file])),
            }
        }
        if let Some(pictures) = Pictures::of(&squares) {
            tokens.add(weights, config, &pictures, &classes, |_| {});
        }
        bar.inc((first + CHUNK).min(set.len()) as u64 - bar.position());
    }
    bar.finish_and_clear();
    reporter.report_total(&format!("{} pictures used", tokens.len() / 2));
    if tokens.is_empty() {
        let skipped = set.skipped().len() + set.len();
        return Err(DataError::NoPictures { path: path.to_owned(), side, skipped }.into());
    }
    Ok(tokens)
}

fn encoding_bar(pictures: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("encoding {wide_bar} {pos}/{len} · {eta} left");
    ProgressBar::new(pictures as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
