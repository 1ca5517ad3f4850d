//! A run of a tokenizer, from its start to its last checkpoint.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use burn::tensor::Device;
use ibq_core::{
    files::WeightsError,
    job::Job,
    picture::encode_png,
    tokens::{distinct_codes, perplexity},
};
use ibq_train_events::{
    EventSink, HeldOut, ModelKind, Progress, Record, TokenizerRecord, TrainEvent, Warning,
};
use image::RgbImage;

use super::{
    adversary::AdversarialResult,
    checkpoint::Checkpoint,
    collapse::CollapseWatch,
    evaluate::{evaluate, sample_sheet},
    export::import,
    loss::LpipsError,
    preset::Preset,
    quantizer::QuantizerLosses,
    trainer::{OptionsError, StepError, StepResult, Trainer, TrainerOptions},
};
use crate::{
    data::{DataError, Pictures, Skipped, Source},
    log::LOG_FILE,
    preset_file::PresetError,
    training::{CHECKPOINT_FILE, CheckpointError, Intervals, Run, RunError, run_steps},
};

/// Images in a row of a sheet of samples.
const SHEET_COLUMNS: usize = 12;

/// What to train, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainConfig {
    /// Folder of the run. A checkpoint in it is resumed.
    pub folder: PathBuf,
    /// Name or file of the preset of a new run.
    pub preset: String,
    /// A model folder or an official checkpoint that a new run starts from, instead of random weights. Its network replaces
    /// the preset's.
    pub init: Option<PathBuf>,
    /// What the run changes about preset or checkpoint.
    pub options: TrainerOptions,
    /// How often the codebook is doubled before the first step.
    pub double_codes: u8,
    /// Rounds that move rarely used codes to the cells with the largest errors before the first step.
    pub split_codes: u8,
    /// Steps between what is written.
    pub intervals: Intervals,
}

/// A run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The checkpoint to resume.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The preset.
    #[error(transparent)]
    Preset(#[from] PresetError),
    /// The model to start from.
    #[error(transparent)]
    Model(#[from] WeightsError),
    /// The options.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The weights of the perceptual loss.
    #[error(transparent)]
    Lpips(#[from] LpipsError),
    /// A sink.
    #[error(transparent)]
    Events(#[from] io::Error),
}

/// A run of a tokenizer ended before its time.
pub type TrainError = RunError<StepError>;

/// Starts or resumes a run: a checkpoint in the folder comes before a model, and a model before random weights.
///
/// # Errors
/// [`StartError`].
pub fn open_trainer(
    config: &TrainConfig,
    device: &Device,
    sink: &mut dyn EventSink,
) -> Result<Trainer, StartError> {
    let path = config.folder.join(CHECKPOINT_FILE);
    let mut trainer = if path.exists() {
        let checkpoint = Checkpoint::open(&path, device)?;
        sink.receive(&TrainEvent::Resumed { step: checkpoint.step, path: path.display().to_string() })?;
        Trainer::resume(checkpoint, device.clone())
    } else if let Some(model) = &config.init {
        let (weights, network) = import(model, device)?;
        let path = model.display().to_string();
        sink.receive(&TrainEvent::Initialized { path, changed_codes: 0, classes: None })?;
        Trainer::from_model(Preset::open(&config.preset)?, weights, network, device.clone())?
    } else {
        Trainer::new(Preset::open(&config.preset)?, device.clone())
    };
    trainer.configure(&config.options)?;
    trainer.open_lpips()?;
    if let Some(change) = trainer.batch_change() {
        sink.receive(&TrainEvent::Warning { warning: change.into() })?;
    }
    Ok(trainer)
}

/// Trains on `images` until the run is done or `job` is cancelled, and measures with the images `held_out`. The folder of the
/// run gets the checkpoint.
///
/// # Errors
/// [`TrainError`]; the last checkpoint stays.
pub fn train(
    trainer: &mut Trainer,
    images: &impl Source,
    held_out: &Pictures,
    config: &TrainConfig,
    job: &Job,
    sink: &mut dyn EventSink,
) -> Result<(), TrainError> {
    fs::create_dir_all(&config.folder)?;
    let no_images = |error: DataError| RunError::Step(StepError::Data(error));
    for _ in 0..config.double_codes {
        trainer.double_codes(images).map_err(no_images)?;
    }
    for round in 1..=usize::from(config.split_codes) {
        sink.receive(&TrainEvent::SplittingCodes { round })?;
        let split = trainer.split_codes(images).map_err(no_images)?;
        sink.receive(&TrainEvent::CodesSplit { round, rare: split.rare, moved: split.moved })?;
    }
    let watch = CollapseWatch::of_log(&config.folder.join(LOG_FILE))?;
    let recorded = trainer.seconds();
    let mut run = TokenizerRun { trainer, images, held_out, watch, recorded, steps: vec![], samples: None };
    let model = &run.trainer.preset().model;
    sink.receive(&TrainEvent::Started {
        model: ModelKind::Tokenizer,
        parameters: model.parameter_count(),
        codes: model.n_embed,
        images: images.len(),
        held_out: held_out.len(),
        progress: run.progress(),
    })?;
    run_steps(&mut run, &config.folder, config.intervals, job, sink)
}

/// A tokenizer in training.
struct TokenizerRun<'a, S> {
    trainer: &'a mut Trainer,
    images: &'a S,
    held_out: &'a Pictures,
    watch: CollapseWatch,
    /// Seconds of training at the last record.
    recorded: f64,
    /// Steps since the last record.
    steps: Vec<StepResult>,
    /// Reconstructions of the held-out images, from a measurement to its sheet.
    samples: Option<Vec<RgbImage>>,
}

impl<S: Source> Run for TokenizerRun<'_, S> {
    type StepError = StepError;

    fn progress(&self) -> Progress {
        let (step, seconds, fraction) =
            (self.trainer.steps(), self.trainer.seconds(), self.trainer.fraction());
        Progress { step, seconds, fraction }
    }

    fn step(&mut self) -> Result<Option<f64>, StepError> {
        match self.trainer.step(self.images) {
            Ok(step) => {
                let loss = f64::from(step.reconstruction);
                self.steps.push(step);
                Ok(Some(loss))
            }
            Err(StepError::Data(DataError::Stopped)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        self.trainer.checkpoint().save(path)
    }

    fn measure(&mut self) -> Option<HeldOut> {
        let preset = self.trainer.preset();
        let (quality, samples) = evaluate(
            self.trainer.average(),
            &preset.model,
            &preset.quantizer,
            self.held_out,
            self.trainer.device(),
        );
        self.samples = Some(samples);
        Some(HeldOut::Tokenizer(quality))
    }

    fn sheet(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(samples) = self.samples.take() else { return Ok(None) };
        let sheet = sample_sheet(self.held_out, &samples, SHEET_COLUMNS);
        encode_png(&sheet).map(Some).map_err(io::Error::other)
    }

    fn record(&mut self, held_out: Option<HeldOut>) -> Record {
        let preset = self.trainer.preset();
        let steps = std::mem::take(&mut self.steps);
        let mut record = summarize(&steps, preset.model.n_embed as usize);
        record.step = self.trainer.steps();
        record.seconds = self.trainer.seconds();
        let seconds = (record.seconds - self.recorded).max(1e-9);
        record.pictures_per_second = (steps.len() * preset.training.batch) as f64 / seconds;
        if let Some(HeldOut::Tokenizer(quality)) = held_out {
            record.held_out = Some(quality);
        }
        self.recorded = record.seconds;
        Record::Tokenizer(record)
    }

    fn warnings(&mut self, record: &Record) -> Vec<Warning> {
        match record {
            Record::Tokenizer(record) => self.watch.examine(record),
            Record::Transformer(_) => Vec::new(),
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        self.images.newly_skipped()
    }

    fn waited(&self) -> Duration {
        self.images.waited()
    }
}

/// Means over steps with a codebook of this many codes.
fn summarize(steps: &[StepResult], codes: usize) -> TokenizerRecord {
    let mean =
        |value: &dyn Fn(&StepResult) -> f64| steps.iter().map(value).sum::<f64>() / steps.len().max(1) as f64;
    let quantizer = |loss: fn(&QuantizerLosses) -> f32| {
        mean(&|step| f64::from(step.quantizer.as_ref().map_or(0.0, loss)))
    };
    let adversarial = |loss: fn(&AdversarialResult) -> f32| {
        mean(&|step| step.adversarial.as_ref().map_or(0.0, |result| f64::from(loss(result))))
    };
    let chosen: Vec<u32> = steps.iter().flat_map(|step| step.codes.iter().copied()).collect();
    let in_use = distinct_codes(&chosen);
    TokenizerRecord {
        rate: steps.last().map_or(0.0, |step| step.rate),
        reconstruction: mean(&|step| f64::from(step.reconstruction)),
        quantization: quantizer(|losses| losses.quantization),
        sample_entropy: quantizer(|losses| losses.sample_entropy),
        mean_entropy: quantizer(|losses| losses.mean_entropy),
        gradient: mean(&|step| step.gradient),
        latent_energy: mean(&|step| f64::from(step.latent_energy)),
        usage: in_use as f64 / codes as f64,
        codes_in_use: in_use as u64,
        positions: chosen.len() as u64,
        perplexity: if chosen.is_empty() { 0.0 } else { perplexity(&chosen) },
        adversarial: steps
            .iter()
            .any(|step| step.adversarial.is_some())
            .then(|| [adversarial(|result| result.generator), adversarial(|result| result.discriminator)]),
        ..TokenizerRecord::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(codes: &[u32], loss: f32) -> StepResult {
        StepResult {
            reconstruction: loss,
            quantizer: Some(QuantizerLosses { quantization: 0.1, ..Default::default() }),
            gradient: 1.0,
            rate: 1e-3,
            codes: codes.to_vec(),
            latent_energy: 1.0,
            adversarial: None,
        }
    }

    #[test]
    fn a_record_has_the_means_of_its_steps_and_the_codes_of_all_of_them() {
        let record = summarize(&[step(&[0, 1, 2], 0.5), step(&[2, 3, 3], 1.5)], 16);
        assert_eq!((record.codes_in_use, record.positions, record.usage), (4, 6, 0.25));
        assert!((record.reconstruction - 1.0).abs() < 1e-9 && (record.quantization - 0.1).abs() < 1e-6);
        assert_eq!(record.adversarial, None);
        let empty = summarize(&[], 16);
        assert_eq!((empty.reconstruction, empty.perplexity, empty.usage), (0.0, 0.0, 0.0));
    }
}
