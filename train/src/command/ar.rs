//! `ibq-train ar`: the training of a transformer, and its export.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use burn::tensor::Device;
use ibq_core::{
    image::{encode_png, sheet, side_by_side},
    job::Job,
    transformer::Sampling,
    weights::Precision,
};
use ibq_train::{
    ar::{ArCheckpoint, ArPreset, ArTrainer, TokenSet, decode_tokens, export_transformer, sample},
    export::import,
    random::Random,
};
use image::RgbImage;
use serde::Serialize;

use super::Outcome;

/// Most pictures of a sheet of samples.
const MOST_SAMPLES: usize = 64;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A preset by name (ar-tiny, ar-scenes, ar-b, ar-l, ar-xl, ar-xxl) or a TOML file.
    #[arg(long, default_value = "ar-scenes")]
    preset: String,
    /// Training tokens, made by `ibq-train tokens`.
    #[arg(long)]
    tokens: PathBuf,
    /// Folder for checkpoints, log and samples. If it holds a checkpoint, the training goes on from there.
    #[arg(long)]
    out: PathBuf,
    /// Go on with rates, batch and steps of --preset instead of the checkpoint's.
    #[arg(long)]
    replace_training: bool,
    /// Ends the training after so many minutes in all; the learning rate then falls with the clock.
    #[arg(long)]
    minutes: Option<f64>,
    /// Steps between two lines of the log.
    #[arg(long, default_value_t = 20)]
    log_every: u64,
    /// Steps between two checkpoints, each with a measurement on pictures that are not trained on.
    #[arg(long, default_value_t = 250)]
    save_every: u64,
    /// The tokenizer: with it, every checkpoint also draws a sheet of generated pictures.
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Threads; all processors without it.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    /// The checkpoint.
    checkpoint: PathBuf,
    /// The tokenizer whose tokens it was trained on: a model folder.
    #[arg(long)]
    tokenizer: PathBuf,
    /// Folder to write.
    #[arg(long)]
    out: PathBuf,
    /// Keep 32 bits per value instead of 16.
    #[arg(long)]
    f32: bool,
}

/// One line of the log: means over the steps since the line before.
#[derive(Debug, Serialize)]
struct Record {
    step: u64,
    seconds: f64,
    rate: f64,
    pictures_per_second: f64,
    /// Nats per token.
    loss: f64,
    gradient: f64,
    /// Of the averaged weights, on pictures that are not trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<f64>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    let tokens = TokenSet::open(&arguments.tokens)?;
    let path = arguments.out.join("checkpoint.safetensors");
    let mut trainer = if path.exists() {
        let checkpoint = ArCheckpoint::open(&path)?;
        println!("going on from step {} of {}", checkpoint.step, path.display());
        ArTrainer::resume(checkpoint)
    } else {
        ArTrainer::new(ArPreset::open(&arguments.preset)?, &tokens)?
    };
    trainer.check(&tokens)?;
    if !trainer.has_codes(&tokens.codes) {
        return Err(format!(
            "{}: the tokens are those of another tokenizer than {} was trained with",
            arguments.tokens.display(),
            path.display()
        )
        .into());
    }
    if arguments.replace_training {
        trainer.set_training(ArPreset::open(&arguments.preset)?.training);
    }
    trainer.set_minutes(arguments.minutes);
    fs::create_dir_all(arguments.out.join("samples"))?;
    let mut log = OpenOptions::new().create(true).append(true).open(arguments.out.join("log.jsonl"))?;
    let batch = trainer.preset().training.batch;
    println!("{} parameters, {} pictures", trainer.preset().model.parameter_count(), tokens.len());

    let job = Job::new();
    let stop = job.clone();
    ctrlc::set_handler(move || stop.cancel())?;
    let mut steps = Vec::new();
    let mut seconds = trainer.seconds();
    while trainer.share() < 1.0 && !job.is_cancelled() {
        steps.push(trainer.step(&tokens)?);
        let step = trainer.steps();
        let save = step.is_multiple_of(arguments.save_every) || trainer.share() >= 1.0;
        if save {
            trainer.checkpoint().save(&path)?;
        }
        if save || step.is_multiple_of(arguments.log_every) {
            let mean = |of: fn(&ibq_train::ar::ArStep) -> f64| {
                steps.iter().map(of).sum::<f64>() / steps.len() as f64
            };
            let record = Record {
                step,
                seconds: trainer.seconds(),
                rate: steps.last().map_or(0.0, |step| step.rate),
                pictures_per_second: (steps.len() * batch) as f64 / (trainer.seconds() - seconds).max(1e-9),
                loss: mean(|step| step.loss),
                gradient: mean(|step| step.gradient),
                held_out: save.then(|| trainer.measure(&tokens, 64)),
            };
            writeln!(log, "{}", serde_json::to_string(&record)?)?;
            tell(&record, trainer.share());
            steps.clear();
            seconds = trainer.seconds();
        }
        if let Some(tokenizer) = arguments.tokenizer.as_ref().filter(|_| save) {
            let name = arguments.out.join("samples").join(format!("step-{step:06}.png"));
            samples(&trainer, tokenizer, &name)?;
        }
    }
    trainer.checkpoint().save(&path)?;
    let state = if job.is_cancelled() { "stopped" } else { "finished" };
    println!("{state} after step {}; the same command goes on from {}", trainer.steps(), path.display());
    Ok(())
}

pub(super) fn export(arguments: &ExportArguments) -> Outcome {
    let checkpoint = ArCheckpoint::open(&arguments.checkpoint)?;
    let precision = if arguments.f32 { Precision::F32 } else { Precision::F16 };
    let (weights, config) = import(&arguments.tokenizer, &Device::flex())?;
    export_transformer(&checkpoint, (&weights, &config), precision, &arguments.out)?;
    println!("{}: the averaged weights of step {}", arguments.out.display(), checkpoint.step);
    Ok(())
}

/// Draws a picture of every class with the averaged weights.
fn samples(trainer: &ArTrainer, tokenizer: &Path, name: &Path) -> Outcome {
    let (weights, config) = import(tokenizer, &Device::flex())?;
    let model = &trainer.preset().model;
    let classes: Vec<u16> = (0..model.class_num as u16).take(MOST_SAMPLES).collect();
    let sampling = Sampling { cfg_scale: 2.5, top_p: 0.96, ..Sampling::default() };
    let tokens = sample(&trainer.average(), model, &classes, sampling, &mut Random::new(1), |_| {});
    let pictures = decode_tokens(&weights, &config, &tokens);
    fs::write(name, encode_png(&picture_sheet(&pictures, 8))?)?;
    Ok(())
}

/// Pictures in rows of `columns`.
pub(super) fn picture_sheet(pictures: &[RgbImage], columns: usize) -> RgbImage {
    let row = |row: &[RgbImage]| side_by_side(&row.iter().collect::<Vec<_>>());
    sheet(&pictures.chunks(columns.max(1)).map(row).collect::<Vec<_>>())
}

/// One line for people.
fn tell(record: &Record, share: f64) {
    let left = Duration::from_secs_f64((record.seconds * (1.0 - share) / share.max(1e-9)).min(1e9));
    let held_out = record.held_out.map_or(String::new(), |loss| format!(" · {loss:.4} on other pictures"));
    println!(
        "step {:>6} · {:>5.1} pictures/s · {} left · rate {:.1e} · loss {:.4} nats per token{held_out} · gradient {:.2}",
        record.step,
        record.pictures_per_second,
        indicatif::HumanDuration(left),
        record.rate,
        record.loss,
        record.gradient,
    );
}
