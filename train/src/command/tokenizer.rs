//! `ibq-train tokenizer`: trains a tokenizer.

use std::{num::NonZeroUsize, path::PathBuf, thread};

use ibq_core::{files::FolderLock, interruption::Interruption, job::Job};
use ibq_train::{
    data::{Pictures, Plan, TrainingImages},
    device::DeviceChoice,
    log::{JsonLog, SheetFolder, TensorBoardLog},
    precision::TrainingPrecision,
    tokenizer::{TrainConfig, Trainer, TrainerOptions, loss::ReconstructionLoss, open_trainer, train},
    training::Intervals,
};
use ibq_train_events::Sinks;

use super::{
    Outcome,
    console::{Console, SkipReporter},
    outcome_of,
    output::say,
    pictures::{draw_scenes, open_folder},
    set_threads,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A preset by name (tiny, scenes, ibq-1024, ibq-8192, ibq-16384, ibq-262144, ibq-16384-pretrain,
    /// ibq-262144-pretrain), a TOML file, or a YAML file of the official code.
    #[arg(long, default_value = "tiny")]
    preset: String,
    /// A model folder or an official checkpoint to start from, instead of random weights. Its network replaces the preset's.
    #[arg(long)]
    init: Option<PathBuf>,
    /// Weights of LPIPS, which then replaces the structural loss: torchvision's VGG16 and the heads of LPIPS, in
    /// one file or two, PyTorch or safetensors.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    vgg: Vec<PathBuf>,
    /// Folder for checkpoints, log and samples. If it holds a checkpoint, the run resumes from it.
    #[arg(long)]
    out: PathBuf,
    /// Pictures: a folder, tar shards ('shards-{000..012}.tar', one file, or their folder), or a file made by `ibq-train
    /// pictures`. Without it, scenes are drawn.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Folder of held-out pictures, which are only measured and shown on the sheets of samples; without it, scenes that no
    /// run trains on.
    #[arg(long, value_name = "FOLDER")]
    held_out: Option<PathBuf>,
    /// Threads that read pictures from a folder or from shards ahead of the run; without it, a quarter of the CPU's.
    #[arg(long)]
    readers: Option<NonZeroUsize>,
    /// Scenes to draw when no pictures are given.
    #[arg(long, default_value_t = 2000)]
    scenes: usize,
    /// Stop after this many minutes in total; the learning-rate schedule then follows the clock.
    #[arg(long)]
    minutes: Option<f64>,
    /// Side of the training pictures in pixels, instead of the preset's or checkpoint's.
    #[arg(long)]
    side: Option<usize>,
    /// Pictures per step, instead of the preset's or checkpoint's.
    #[arg(long)]
    batch: Option<usize>,
    /// Highest learning rate, instead of the preset's or checkpoint's.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Double the codebook of the checkpoint this many times before the first step; the new codes are latents of the pictures.
    #[arg(long, default_value_t = 0)]
    double_codes: u8,
    /// Reassign rarely used codes to the cells with the largest error, in this many rounds before the first step.
    #[arg(long, default_value_t = 0)]
    split_codes: u8,
    /// Steps between two resets of unused codes, instead of the preset's or checkpoint's; 0: none.
    #[arg(long)]
    revive_every: Option<u64>,
    /// Train the decoder alone: encoder and codes, and with them the tokens of every picture, stay as they are.
    #[arg(long)]
    only_decoder: bool,
    /// Steps between two lines of the log.
    #[arg(long, default_value_t = 20)]
    log_every: u64,
    /// Steps between two checkpoints, each with a measurement on held-out pictures and a sheet of samples.
    #[arg(long, default_value_t = 500)]
    save_every: u64,
    /// Where to train: auto (a GPU if the program was built for one and there is one), cpu, gpu.
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// full (32 bits), or mixed: on a GPU, convolutions in 16 bits and all else in 32.
    #[arg(long, default_value = "full")]
    precision: TrainingPrecision,
    /// Threads; without it, all of the CPU's.
    #[arg(long)]
    threads: Option<usize>,
}

impl Arguments {
    fn config(&self) -> TrainConfig {
        TrainConfig {
            folder: self.out.clone(),
            preset: self.preset.clone(),
            init: self.init.clone(),
            options: TrainerOptions {
                minutes: self.minutes,
                precision: self.precision,
                side: self.side,
                batch: self.batch,
                learning_rate: self.learning_rate,
                revive_every: self.revive_every,
                only_decoder: self.only_decoder,
                vgg: self.vgg.clone(),
            },
            double_codes: self.double_codes,
            split_codes: self.split_codes,
            intervals: Intervals { log_every: self.log_every, save_every: self.save_every },
        }
    }

    /// Pictures for a run that is as far as the trainer.
    fn open_images(
        &self,
        trainer: &Trainer,
        job: &Job,
    ) -> Result<TrainingImages, Box<dyn std::error::Error>> {
        let training = &trainer.preset().training;
        let Some(path) = &self.pictures else {
            return Ok(TrainingImages::Memory(draw_scenes(self.scenes, training.side, 0, &[1, 2, 4])));
        };
        let quarter = thread::available_parallelism().map_or(1, |all| all.get().div_ceil(4));
        let plan = Plan {
            seed: training.seed,
            step: trainer.steps(),
            batch: training.batch,
            side: training.side,
            threads: self.readers.map_or(quarter, NonZeroUsize::get),
        };
        Ok(TrainingImages::open(path, plan, job)?)
    }

    /// Options that the command to resume must not repeat.
    fn once(&self) -> &'static [&'static str] {
        if self.double_codes > 0 || self.split_codes > 0 { &["--double-codes", "--split-codes"] } else { &[] }
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    set_threads(arguments.threads)?;
    let (device, name) = arguments.device.open()?;
    say!("training on {name}");
    let config = arguments.config();
    let _lock = FolderLock::acquire(&config.folder)?;
    let mut trainer = open_trainer(&config, &device, &mut Console::new(None, SkipReporter::default(), &[]))?;
    say!("{}", perceptual_loss(&trainer.preset().loss));
    let job = Job::new();
    let interruption = Interruption::cancels(&job)?;
    let images = match arguments.open_images(&trainer, &job) {
        Err(error) => return outcome_of(Err(error), &interruption),
        Ok(images) => images,
    };
    let mut skipped = SkipReporter::default();
    skipped.report(images.skipped());
    say!("training images: {images}");
    let side = trainer.preset().training.side;
    let held_out = match &arguments.held_out {
        Some(folder) => open_folder(folder, 64.max(side))?,
        None => Pictures::held_out_scenes(2, 64.max(side), 0),
    };
    let mut sinks = Sinks::new()
        .with(JsonLog::resume(&config.folder, trainer.steps())?)
        .with(TensorBoardLog::new(&config.folder)?)
        .with(SheetFolder::open(&config.folder)?)
        .with(Console::new(images.listed(), skipped, arguments.once()));
    outcome_of(train(&mut trainer, &images, &held_out, &config, &job, &mut sinks), &interruption)
}

/// Which perceptual loss there is, for people.
fn perceptual_loss(loss: &ReconstructionLoss) -> String {
    if loss.has_lpips() {
        let files: Vec<String> = loss.vgg.iter().map(|file| file.display().to_string()).collect();
        format!("perceptual loss: LPIPS with the weights in {}", files.join(" and "))
    } else {
        "perceptual loss: structural, in place of LPIPS, which needs the weights of a VGG network (--vgg)"
            .to_owned()
    }
}
