//! `ibq-train tokenizer`: the training of a tokenizer.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use ibq_core::job::Job;
use ibq_train::{
    checkpoint::Checkpoint,
    data::{DataError, Pictures},
    device::DeviceChoice,
    export::import,
    loss::ReconstructionLoss,
    precision::TrainingPrecision,
    preset::Preset,
    run::{Evaluation, Observer, StepRecord, Trainer, TrainingError, evaluate, sample_sheet},
};

use super::{Outcome, material::Material, pictures::open_folder};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A preset by name (tiny, scenes, ibq-1024, ibq-8192, ibq-16384, ibq-262144, ibq-16384-pretrain,
    /// ibq-262144-pretrain), a TOML file, or a YAML file of the official code.
    #[arg(long, default_value = "tiny")]
    preset: String,
    /// A model folder or an official checkpoint to start from, instead of random weights. Its network replaces the preset's.
    #[arg(long)]
    init: Option<PathBuf>,
    /// Weights of LPIPS, which then takes the place of the structural loss: torchvision's VGG16 and the heads of LPIPS, in
    /// one file or two, PyTorch or safetensors.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    vgg: Vec<PathBuf>,
    /// Folder for checkpoints, log and samples. If it holds a checkpoint, the training goes on from there.
    #[arg(long)]
    out: PathBuf,
    /// Pictures: a folder, tar shards ('shards-{000..012}.tar', one file, or their folder), or a file made by `ibq-train
    /// pictures`. Without it, scenes are drawn.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Folder of pictures that are only measured and shown on the sheets of samples; without it, scenes that no training
    /// uses.
    #[arg(long, value_name = "FOLDER")]
    held_out: Option<PathBuf>,
    /// Threads that read pictures from a folder or from shards ahead of the training; without it, a quarter of the
    /// processors.
    #[arg(long)]
    readers: Option<NonZeroUsize>,
    /// Scenes to draw when no pictures are given.
    #[arg(long, default_value_t = 2000)]
    scenes: usize,
    /// Ends the training after so many minutes in all; the learning rate then falls with the clock.
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
    /// Doubles the codebook of the checkpoint so many times before going on; the new codes are latents of the pictures.
    #[arg(long, default_value_t = 0)]
    double_codes: u8,
    /// Gives codes that the pictures hardly need to the cells that err most, so many times before going on.
    #[arg(long, default_value_t = 0)]
    split_codes: u8,
    /// Steps between two revivals of unused codes, instead of the preset's or checkpoint's; 0: none.
    #[arg(long)]
    revive_every: Option<u64>,
    /// Trains the decoder alone: encoder and codes, and with them the tokens of every picture, stay as they are.
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
    /// Threads; all processors without it.
    #[arg(long)]
    threads: Option<usize>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    let (device, name) = arguments.device.open()?;
    println!("training on {name}");
    let path = arguments.out.join("checkpoint.safetensors");
    let mut trainer = if path.exists() {
        let checkpoint = Checkpoint::open(&path, &device)?;
        println!("going on from step {} of {}", checkpoint.step, path.display());
        Trainer::resume(checkpoint, device.clone())
    } else if let Some(model) = &arguments.init {
        let (weights, config) = import(model, &device)?;
        println!("starting from {}", model.display());
        Trainer::from_model(Preset::open(&arguments.preset)?, weights, config, device.clone())?
    } else {
        Trainer::new(Preset::open(&arguments.preset)?, device.clone())
    };
    trainer.set_minutes(arguments.minutes);
    trainer.set_precision(arguments.precision)?;
    trainer.set_revival(arguments.revive_every);
    trainer.set_only_decoder(arguments.only_decoder);
    trainer.set_pictures(arguments.side, arguments.batch, arguments.learning_rate);
    if !arguments.vgg.is_empty() {
        trainer.set_vgg(arguments.vgg.clone());
    }
    trainer.preset().check("the training as asked for")?;
    trainer.open_lpips()?;
    if let Some(change) = trainer.batch_change() {
        eprintln!("note: {change}; if losses grow, try --learning-rate {:.1e}", change.advised_rate());
    }
    let job = Job::new();
    let stop = job.clone();
    ctrlc::set_handler(move || stop.cancel())?;
    let side = trainer.preset().training.side;
    let (path_of_pictures, readers) = (arguments.pictures.as_deref(), arguments.readers);
    let mut training = Material::open(path_of_pictures, arguments.scenes, &trainer, readers, &job)?;
    for _ in 0..arguments.double_codes {
        trainer.double_codes(&training)?;
    }
    for round in 1..=arguments.split_codes {
        println!("splitting, round {round}: looking for codes that the pictures hardly need");
        let split = trainer.split_codes(&training)?;
        println!(
            "{} codes were hardly needed; {} of them now share the cell of another one",
            split.rare, split.moved
        );
    }
    let preset = trainer.preset().clone();
    println!(
        "{} parameters, {} codes; {}",
        preset.model.parameter_count(),
        preset.model.n_embed,
        perceptual(&preset.loss)
    );
    let held_out = match &arguments.held_out {
        Some(folder) => open_folder(folder, 64.max(side))?,
        None => Pictures::held_out_scenes(2, 64.max(side), 0),
    };
    let what = if arguments.held_out.is_some() { "pictures" } else { "scenes" };
    println!("{training} to train on, {} held-out {what} to measure with", held_out.len());

    let codes = preset.model.n_embed as usize;
    let mut observer = Observer::new(&arguments.out, codes, preset.training.batch, trainer.seconds())?;

    let mut told = trainer.seconds();
    while trainer.share() < 1.0 && !job.is_cancelled() {
        match trainer.step(&training) {
            Ok(step) => observer.note(step),
            // Ctrl-C while it waited for pictures.
            Err(TrainingError::Data(DataError::Stopped)) => break,
            Err(error) => {
                training.tell(Duration::ZERO);
                return Err(error.into());
            }
        }
        let step = trainer.steps();
        let mut held_out_quality = None;
        if step.is_multiple_of(arguments.save_every) || trainer.share() >= 1.0 {
            trainer.checkpoint().save(&path)?;
            let (quality, pictures) =
                evaluate(trainer.average(), &preset.model, &preset.quantizer, &held_out, &device);
            observer.samples(step, &sample_sheet(&held_out, &pictures, 12))?;
            held_out_quality = Some(quality);
        }
        if held_out_quality.is_some() || step.is_multiple_of(arguments.log_every) {
            let record = observer.write(step, trainer.seconds(), held_out_quality)?;
            tell(&record, &trainer);
            training.tell(Duration::from_secs_f64(trainer.seconds() - told));
            told = trainer.seconds();
            for warning in observer.warnings(&record) {
                eprintln!("warning: {warning}");
            }
        }
    }
    trainer.checkpoint().save(&path)?;
    training.sum();
    let state = if job.is_cancelled() { "stopped" } else { "finished" };
    let once = if arguments.double_codes > 0 || arguments.split_codes > 0 {
        ", without --double-codes and --split-codes,"
    } else {
        ""
    };
    println!(
        "{state} after step {}; the same command{once} goes on from {}",
        trainer.steps(),
        path.display()
    );
    Ok(())
}

/// Which perceptual loss takes part, for people.
fn perceptual(loss: &ReconstructionLoss) -> String {
    if loss.has_lpips() {
        let files: Vec<String> = loss.vgg.iter().map(|file| file.display().to_string()).collect();
        format!("LPIPS with the weights in {}", files.join(" and "))
    } else {
        "structural loss in place of LPIPS, which needs the weights of a VGG network (--vgg)".to_owned()
    }
}

/// One line for people.
fn tell(record: &StepRecord, trainer: &Trainer) {
    let share = trainer.share();
    let left = Duration::from_secs_f64((trainer.seconds() * (1.0 - share) / share.max(1e-9)).min(1e9));
    let codes = if record.positions == 0 {
        "no codes yet".to_owned()
    } else {
        let (quantization, usage) = (record.quantization, 100.0 * record.usage);
        format!("quantization {quantization:.4} · usage {usage:.1} % · perplexity {:.0}", record.perplexity)
    };
    println!(
        "step {:>6} · {:>5.1} pictures/s · {} left · rate {:.1e} · loss {:.4} · {codes} · gradient {:.2} · energy {:.1}",
        record.step,
        record.pictures_per_second,
        indicatif::HumanDuration(left),
        record.rate,
        record.reconstruction,
        record.gradient,
        record.latent_energy,
    );
    if let Some(Evaluation { pictures, psnr, ssim, usage, perplexity }) = &record.held_out {
        println!(
            "  on {pictures} held-out pictures: PSNR {psnr:.2} dB · SSIM {ssim:.4} · usage {:.1} % · perplexity {perplexity:.0}",
            100.0 * usage
        );
    }
}
