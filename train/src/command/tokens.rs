//! `ibq-train tokens`: training pictures become tokens.

use std::path::PathBuf;

use burn::tensor::Device;
use ibq_scenes::{Class, FIRST_HELD_OUT_SEED};
use ibq_train::{ar::TokenSet, export::import};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, pictures::draw_scenes};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The tokenizer: a model folder, or an official checkpoint.
    #[arg(long)]
    tokenizer: PathBuf,
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Side of the pictures in pixels.
    #[arg(long, default_value_t = 64)]
    side: usize,
    /// Scenes of each class; each is used as it is and mirrored.
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// First seed of the scenes.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (weights, config) = import(&arguments.tokenizer, &Device::flex())?;
    let factor = config.factor() as usize;
    if arguments.side == 0 || !arguments.side.is_multiple_of(factor) {
        let side = arguments.side;
        return Err(format!("--side {side} is no multiple of the tokenizer's factor {factor}").into());
    }
    if config.n_embed > 65_536 {
        return Err(format!("the tokenizer has {} codes; at most 65,536 are stored", config.n_embed).into());
    }
    if arguments.count == 0 || arguments.seed.saturating_add(arguments.count as u64) > FIRST_HELD_OUT_SEED {
        return Err(format!("--count must be 1 or more, and seeds stay below {FIRST_HELD_OUT_SEED}").into());
    }
    let classes = Class::ALL.len();
    let names = Class::ALL.iter().map(|class| class.name().to_owned()).collect();
    let pictures = draw_scenes(classes * arguments.count, arguments.side, arguments.seed, &[1]);
    let of_picture: Vec<u16> = (0..pictures.len()).map(|index| (index % classes) as u16).collect();
    let mut tokens = TokenSet::new(&weights, &config, arguments.side, names);
    let style = ProgressStyle::with_template("encoding {wide_bar} {pos}/{len} · {eta} left");
    let bar = ProgressBar::new(pictures.len() as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    tokens.add(&weights, &config, &pictures, &of_picture, |done| bar.inc(done));
    bar.finish_and_clear();
    tokens.save(&arguments.out)?;
    println!("{} pictures of {} tokens in {}", tokens.len(), tokens.each, arguments.out.display());
    Ok(())
}
