//! `ibq-train ar`: the training of a transformer, and its export.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use burn::tensor::Device;
use ibq_core::{
    gpu::Precision,
    job::Job,
    picture::{encode_png, sheet, side_by_side},
    transformer::Sampling,
};
use ibq_train::{
    ar::{
        ArCheckpoint, ArPreset, ArTrainer, LossWatch, Origins, TokenSet, decode_tokens, export_transformer,
        export_transformer_pytorch, import_transformer, inner_codes, sample,
    },
    device::DeviceChoice,
    export::import,
    official_yaml::transformer_yaml,
    precision::TrainingPrecision,
    random::Random,
    run::EventLog,
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
    /// A model folder or an official checkpoint to start from, instead of random weights. Its network replaces the preset's.
    #[arg(long, value_name = "MODEL")]
    init: Option<PathBuf>,
    /// The official YAML of --init, which alone knows the number of heads where it is not the official one.
    #[arg(long, value_name = "FILE.yaml", requires = "init")]
    init_yaml: Option<PathBuf>,
    /// Training tokens, made by `ibq-train tokens`.
    #[arg(long)]
    tokens: PathBuf,
    /// Folder for checkpoints, log and samples. If it holds a checkpoint, the training goes on from there.
    #[arg(long)]
    out: PathBuf,
    /// Takes the numbers of codes, of tokens per picture and of classes from the tokens instead of from the preset.
    #[arg(long)]
    fit: bool,
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
    /// Pictures per step, instead of the preset's or checkpoint's.
    #[arg(long)]
    batch: Option<usize>,
    /// Highest learning rate, instead of the preset's or checkpoint's.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Where to train: auto (a GPU if the program was built for one and there is one), cpu, gpu.
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// GPUs that share the pictures of every step.
    #[arg(long, default_value_t = NonZeroUsize::MIN)]
    gpus: NonZeroUsize,
    /// full (32 bits), or mixed: on GPUs, products with weights in 16 bits and all else in 32.
    #[arg(long, default_value = "full")]
    precision: TrainingPrecision,
    /// Pictures of a step that go through the network at once on a GPU. What they need there grows with them.
    #[arg(long, default_value_t = 16)]
    micro_batch: usize,
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
    /// Model folder to write.
    #[arg(long, required_unless_present = "pytorch")]
    out: Option<PathBuf>,
    /// File to write for the official PyTorch code, with the averaged weights; its configuration is written beside it, with
    /// the ending `.yaml`.
    #[arg(long, value_name = "FILE.ckpt")]
    pytorch: Option<PathBuf>,
    /// Keep 32 bits per value of the folder instead of 16.
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

impl Record {
    /// The numbers of the line by name, in groups.
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        let mut numbers = vec![
            ("training/rate", self.rate),
            ("training/pictures_per_second", self.pictures_per_second),
            ("training/gradient", self.gradient),
            ("loss/training", self.loss),
        ];
        numbers.extend(self.held_out.map(|loss| ("loss/held_out", loss)));
        numbers
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    let (devices, names) = arguments.device.open_several(arguments.gpus)?;
    println!("training on {names}");
    let tokens = TokenSet::open(&arguments.tokens)?;
    let path = arguments.out.join("checkpoint.safetensors");
    let mut trainer = if path.exists() {
        let checkpoint = ArCheckpoint::open(&path)?;
        println!("going on from step {} of {}", checkpoint.step, path.display());
        ArTrainer::resume(checkpoint)
    } else if let Some(model) = &arguments.init {
        from_model(arguments, model, &tokens)?
    } else {
        let preset = ArPreset::open(&arguments.preset)?;
        let preset = if arguments.fit { preset.fitted_to(&tokens, &arguments.preset)? } else { preset };
        ArTrainer::new(preset, &tokens)?
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
    trainer.set_devices(devices, arguments.micro_batch, arguments.precision)?;
    let mut training = trainer.preset().training.clone();
    training.batch = arguments.batch.unwrap_or(training.batch);
    training.learning_rate = arguments.learning_rate.unwrap_or(training.learning_rate);
    trainer.set_training(training);
    trainer.preset().check("the training as asked for")?;
    fs::create_dir_all(arguments.out.join("samples"))?;
    let mut log = OpenOptions::new().create(true).append(true).open(arguments.out.join("log.jsonl"))?;
    let mut events = EventLog::new(&arguments.out)?;
    let batch = trainer.preset().training.batch;
    println!("{} parameters, {} pictures", trainer.preset().model.parameter_count(), tokens.len());

    let job = Job::new();
    let stop = job.clone();
    ctrlc::set_handler(move || stop.cancel())?;
    let mut watch = LossWatch::default();
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
                held_out: if save { trainer.measure(&tokens, 64) } else { None },
            };
            writeln!(log, "{}", serde_json::to_string(&record)?)?;
            events.write(step, &record.numbers())?;
            tell(&record, trainer.share());
            for warning in watch.look(record.loss, record.held_out) {
                eprintln!("warning: {warning}");
            }
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

/// A training that starts from a model.
fn from_model(
    arguments: &Arguments,
    path: &Path,
    tokens: &TokenSet,
) -> Result<ArTrainer, Box<dyn std::error::Error>> {
    let yaml = arguments
        .init_yaml
        .as_ref()
        .map(|yaml| fs::read_to_string(yaml).map_err(|error| format!("{}: {error}", yaml.display())));
    let (weights, model) = import_transformer(path, yaml.transpose()?.as_deref(), &Device::flex())?;
    let origins = match inner_codes(path)? {
        Some(codes) => Some(Origins::find(&codes, &tokens.codes, tokens.vocab).ok_or_else(|| {
            let tokens = arguments.tokens.display();
            format!(
                "{tokens}: these are not the tokens of the tokenizer inside {}, not even with half of its codes changed",
                path.display()
            )
        })?),
        None => None,
    };
    println!("starting from {}", path.display());
    if let Some(Origins { changed, .. }) = origins.as_ref().filter(|origins| origins.changed > 0) {
        println!("{changed} codes of its tokenizer changed: they begin like the nearest ones of before");
    }
    if model.class_num as usize != tokens.class_names.len() {
        let (known, new) = (model.class_num, tokens.class_names.len());
        println!("it knows {known} classes, the tokens have {new}: classes begin anew");
    }
    Ok(ArTrainer::from_model(
        ArPreset::open(&arguments.preset)?,
        (&weights, model),
        origins.as_ref(),
        tokens,
    )?)
}

pub(super) fn export(arguments: &ExportArguments) -> Outcome {
    let checkpoint = ArCheckpoint::open(&arguments.checkpoint)?;
    let (weights, config) = import(&arguments.tokenizer, &Device::flex())?;
    let step = checkpoint.step;
    if let Some(out) = &arguments.out {
        let precision = if arguments.f32 { Precision::F32 } else { Precision::F16 };
        export_transformer(&checkpoint, (&weights, &config), precision, out)?;
        println!("{}: the averaged weights of step {step}", out.display());
    }
    if let Some(path) = &arguments.pytorch {
        let model = &checkpoint.preset.model;
        let yaml = transformer_yaml(model, &config).ok_or_else(|| {
            format!(
                "the official code has no feed-forward layers of {} at a width of {}",
                model.ffn_dim, model.n_embd
            )
        })?;
        export_transformer_pytorch(&checkpoint, &weights, path)?;
        let beside = path.with_extension("yaml");
        fs::write(&beside, yaml)?;
        println!("{}: the averaged weights of step {step}; model: {}", path.display(), beside.display());
    }
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
