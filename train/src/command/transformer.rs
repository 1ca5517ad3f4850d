//! `ibq-train ar`: trains a transformer. `ibq-train export-ar`: exports it.

use std::{io::Write, num::NonZeroUsize, path::PathBuf};

use burn::tensor::Device;
use ibq_core::{
    files::{FolderLock, write_whole},
    gpu::Precision,
    interruption::Interruption,
    job::Job,
};
use ibq_train::{
    device::DeviceChoice,
    log::{JsonLog, SheetFolder, TensorBoardLog},
    precision::TrainingPrecision,
    training::Intervals,
    transformer::{
        self, Checkpoint, StartError, TokenSet, TrainConfig, TrainerOptions, export_pytorch,
        official_yaml::transformer_yaml, open_tokenizer, open_trainer, train,
    },
};
use ibq_train_events::Sinks;

use super::{
    Outcome,
    console::{Console, SkipReporter},
    import_tokenizer, outcome_of,
    output::say,
    set_threads,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A preset by name (ar-tiny, ar-scenes, ar-b, ar-l, ar-xl, ar-xxl) or a TOML file.
    #[arg(long, default_value = "ar-scenes")]
    preset: String,
    /// A model folder or an official checkpoint to start from, instead of random weights. Its network replaces the preset's.
    #[arg(long, value_name = "MODEL")]
    init: Option<PathBuf>,
    /// The official YAML of --init, which alone has the number of heads where it is not the official one.
    #[arg(long, value_name = "FILE.yaml", requires = "init")]
    init_yaml: Option<PathBuf>,
    /// Training tokens, made by `ibq-train tokens`.
    #[arg(long)]
    tokens: PathBuf,
    /// Folder for checkpoints, log and samples. If it holds a checkpoint, the run resumes from it.
    #[arg(long)]
    out: PathBuf,
    /// Take the numbers of codes, of tokens per picture and of classes from the tokens instead of from the preset.
    #[arg(long)]
    fit: bool,
    /// Resume with rates, batch and steps of --preset instead of the checkpoint's.
    #[arg(long)]
    replace_training: bool,
    /// Stop after this many minutes in total; the learning-rate schedule then follows the clock.
    #[arg(long)]
    minutes: Option<f64>,
    /// Steps between two lines of the log.
    #[arg(long, default_value_t = 20)]
    log_every: u64,
    /// Steps between two checkpoints, each with a measurement on held-out pictures.
    #[arg(long, default_value_t = 250)]
    save_every: u64,
    /// The tokenizer: with it, every checkpoint also makes a sheet of generated pictures.
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
    /// Threads; without it, all of the CPU's.
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

impl Arguments {
    fn config(&self, devices: Vec<Device>) -> TrainConfig {
        TrainConfig {
            folder: self.out.clone(),
            preset: self.preset.clone(),
            init: self.init.clone(),
            init_yaml: self.init_yaml.clone(),
            fit: self.fit,
            replace_training: self.replace_training,
            tokenizer: self.tokenizer.clone(),
            options: TrainerOptions {
                minutes: self.minutes,
                devices,
                micro_batch: self.micro_batch,
                precision: self.precision,
                training: None,
                batch: self.batch,
                learning_rate: self.learning_rate,
            },
            intervals: Intervals { log_every: self.log_every, save_every: self.save_every },
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    set_threads(arguments.threads)?;
    let (devices, names) = arguments.device.open_several(arguments.gpus)?;
    say!("training on {names}");
    let config = arguments.config(devices);
    let _lock = FolderLock::acquire(&config.folder)?;
    let tokens = TokenSet::open(&arguments.tokens)?;
    let mut console = Console::new(None, SkipReporter::default(), &[]);
    let mut trainer = open_trainer(&config, &tokens, &mut console).map_err(|error| match error {
        error @ (StartError::Tokens(_)
        | StartError::OtherTokenizer { .. }
        | StartError::UnrelatedTokenizer { .. }) => format!("{}: {error}", arguments.tokens.display()).into(),
        error => Box::<dyn std::error::Error>::from(error),
    })?;
    let tokenizer = open_tokenizer(&config)?;
    let job = Job::new();
    let interruption = Interruption::cancels(&job)?;
    let mut sinks = Sinks::new()
        .with(JsonLog::resume(&config.folder, trainer.steps())?)
        .with(TensorBoardLog::new(&config.folder)?)
        .with(SheetFolder::open(&config.folder)?)
        .with(console);
    outcome_of(train(&mut trainer, &tokens, tokenizer.as_ref(), &config, &job, &mut sinks), &interruption)
}

pub(super) fn export(arguments: &ExportArguments) -> Outcome {
    let checkpoint = Checkpoint::open(&arguments.checkpoint)?;
    let (weights, config) = import_tokenizer(&arguments.tokenizer, &Device::flex())?;
    let step = checkpoint.step;
    if let Some(out) = &arguments.out {
        let precision = if arguments.f32 { Precision::F32 } else { Precision::F16 };
        transformer::export(&checkpoint, (&weights, &config), precision, out)?;
        say!("{}: the averaged weights of step {step}", out.display());
    }
    if let Some(path) = &arguments.pytorch {
        let model = &checkpoint.preset.model;
        let yaml = transformer_yaml(model, &config).ok_or_else(|| {
            format!(
                "the official code has no feed-forward layers of {} at a width of {}",
                model.ffn_dim, model.n_embd
            )
        })?;
        export_pytorch(&checkpoint, &weights, path)?;
        let beside = path.with_extension("yaml");
        write_whole(&beside, |file| file.write_all(yaml.as_bytes()))?;
        say!("{}: the averaged weights of step {step}; model: {}", path.display(), beside.display());
    }
    Ok(())
}
