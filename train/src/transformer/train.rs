//! A run of a transformer, from its start to its last checkpoint.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use ibq_core::{
    files::WeightsError,
    job::Job,
    picture::encode_png,
    tokenizer::TokenizerConfig,
    transformer::{Sampling, TransformerError},
};
use ibq_train_events::{
    EventSink, HeldOut, ModelKind, Progress, Record, TrainEvent, TransformerRecord, Warning,
};

use super::{
    checkpoint::Checkpoint,
    export::{import, inner_codes},
    loss_watch::LossWatch,
    preset::Preset,
    remap_codes::CodeMap,
    sampler::{decode_tokens, sample},
    tokens::{TokenMismatch, TokenSet},
    trainer::{OptionsError, StepResult, Trainer, TrainerOptions},
};
use crate::{
    data::image_grid,
    input_file::read_text,
    preset_file::PresetError,
    random::Random,
    tokenizer,
    training::{CHECKPOINT_FILE, CheckpointError, Intervals, NotFinite, Run, RunError, run_steps},
    weights::Weights,
};

/// Most images of a sheet of samples.
const SHEET_IMAGES: usize = 64;
/// Images in a row of a sheet.
const SHEET_COLUMNS: usize = 8;
/// Held-out images of a measurement.
const MEASURED_IMAGES: usize = 64;

/// What to train, and how.
#[derive(Clone, Debug)]
pub struct TrainConfig {
    /// Folder of the run. A checkpoint in it is resumed.
    pub folder: PathBuf,
    /// Name or file of the preset of a new run.
    pub preset: String,
    /// A model folder or an official checkpoint that a new run starts from, instead of random weights. Its network replaces
    /// the preset's.
    pub init: Option<PathBuf>,
    /// The official YAML of `init`, which alone has the number of heads where it is not the official one.
    pub init_yaml: Option<PathBuf>,
    /// Takes the numbers of codes, of tokens per image and of classes from the tokens instead of from the preset.
    pub fit: bool,
    /// Takes rates, batch and steps from the preset instead of from the checkpoint.
    pub replace_training: bool,
    /// The tokenizer: with it, every checkpoint also makes a sheet of generated images.
    pub tokenizer: Option<PathBuf>,
    /// What the run changes about preset or checkpoint, and where it computes.
    pub options: TrainerOptions,
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
    Model(#[from] TransformerError),
    /// The tokenizer inside of the model to start from, or the one for samples.
    #[error(transparent)]
    Tokenizer(#[from] WeightsError),
    /// The YAML file of the model to start from.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The tokens do not fit the preset, the checkpoint or the model.
    #[error(transparent)]
    Tokens(#[from] TokenMismatch),
    /// The tokens are those of another tokenizer.
    #[error("the tokens are not those of the tokenizer that {} was trained with", path.display())]
    OtherTokenizer {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The tokens are those of a tokenizer that has nothing in common with the model's.
    #[error("the tokens are not those of the tokenizer inside {}, not even with half of its codes changed", path.display())]
    UnrelatedTokenizer {
        /// The model.
        path: PathBuf,
    },
    /// The options.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A sink.
    #[error(transparent)]
    Events(#[from] io::Error),
}

/// A run of a transformer ended before its time.
pub type TrainError = RunError<NotFinite>;

/// Starts or resumes a run: a checkpoint in the folder comes before a model, and a model before random weights.
///
/// # Errors
/// [`StartError`].
pub fn open_trainer(
    config: &TrainConfig,
    tokens: &TokenSet,
    sink: &mut dyn EventSink,
) -> Result<Trainer, StartError> {
    let path = config.folder.join(CHECKPOINT_FILE);
    let mut trainer = if path.exists() {
        let checkpoint = Checkpoint::open(&path)?;
        sink.receive(&TrainEvent::Resumed { step: checkpoint.step, path: path.display().to_string() })?;
        Trainer::resume(checkpoint)
    } else if let Some(model) = &config.init {
        start_from_model(config, model, tokens, sink)?
    } else {
        let preset = Preset::open(&config.preset)?;
        let preset = if config.fit { preset.fitted_to(tokens, &config.preset)? } else { preset };
        Trainer::new(preset, tokens)?
    };
    trainer.check(tokens)?;
    if !trainer.has_codes(&tokens.codes) {
        return Err(StartError::OtherTokenizer { path });
    }
    let mut options = config.options.clone();
    if config.replace_training {
        options.training = Some(Preset::open(&config.preset)?.training);
    }
    trainer.configure(&options)?;
    if let Some(change) = trainer.batch_change() {
        sink.receive(&TrainEvent::Warning { warning: change.into() })?;
    }
    Ok(trainer)
}

fn start_from_model(
    config: &TrainConfig,
    path: &Path,
    tokens: &TokenSet,
    sink: &mut dyn EventSink,
) -> Result<Trainer, StartError> {
    let yaml = config
        .init_yaml
        .as_ref()
        .map(|path| read_text(path).map_err(|source| StartError::Yaml { path: path.clone(), source }));
    let (weights, model) = import(path, yaml.transpose()?.as_deref(), &Device::flex())?;
    let code_map = match inner_codes(path)? {
        Some(codes) => Some(
            CodeMap::find(&codes, &tokens.codes, tokens.vocab)
                .ok_or_else(|| StartError::UnrelatedTokenizer { path: path.to_owned() })?,
        ),
        None => None,
    };
    let classes = [model.class_num as usize, tokens.class_names.len()];
    sink.receive(&TrainEvent::Initialized {
        path: path.display().to_string(),
        changed_codes: code_map.as_ref().map_or(0, |code_map| code_map.changed),
        classes: (classes[0] != classes[1]).then_some(classes),
    })?;
    let preset = Preset::open(&config.preset)?;
    Ok(Trainer::from_model(preset, (&weights, model), code_map.as_ref(), tokens)?)
}

/// Opens the tokenizer for sheets of samples, if the configuration names one.
///
/// # Errors
/// [`StartError`].
pub fn open_tokenizer(config: &TrainConfig) -> Result<Option<(Weights, TokenizerConfig)>, StartError> {
    let open = |path: &PathBuf| tokenizer::import(path, &Device::flex());
    Ok(config.tokenizer.as_ref().map(open).transpose()?)
}

/// Trains on `tokens` until the run is done or `job` is cancelled, and measures with some of them, which are held out. With a
/// tokenizer every checkpoint comes with a sheet of generated images. The folder of the run gets the checkpoint.
///
/// # Errors
/// [`TrainError`]; the last checkpoint stays.
pub fn train(
    trainer: &mut Trainer,
    tokens: &TokenSet,
    tokenizer: Option<&(Weights, TokenizerConfig)>,
    config: &TrainConfig,
    job: &Job,
    sink: &mut dyn EventSink,
) -> Result<(), TrainError> {
    fs::create_dir_all(&config.folder)?;
    let recorded = trainer.seconds();
    let watch = LossWatch::default();
    let mut run = TransformerRun { trainer, tokens, tokenizer, watch, recorded, steps: vec![] };
    let model = &run.trainer.preset().model;
    let held_out = Trainer::held_out(tokens);
    sink.receive(&TrainEvent::Started {
        model: ModelKind::Transformer,
        parameters: model.parameter_count(),
        codes: model.vocab_size,
        images: tokens.len() - held_out,
        held_out,
        progress: run.progress(),
    })?;
    run_steps(&mut run, &config.folder, config.intervals, job, sink)
}

/// A transformer in training.
struct TransformerRun<'a> {
    trainer: &'a mut Trainer,
    tokens: &'a TokenSet,
    tokenizer: Option<&'a (Weights, TokenizerConfig)>,
    watch: LossWatch,
    /// Seconds of training at the last record.
    recorded: f64,
    /// Steps since the last record.
    steps: Vec<StepResult>,
}

impl Run for TransformerRun<'_> {
    type StepError = NotFinite;

    fn progress(&self) -> Progress {
        let (step, seconds, fraction) =
            (self.trainer.steps(), self.trainer.seconds(), self.trainer.fraction());
        Progress { step, seconds, fraction }
    }

    fn step(&mut self) -> Result<Option<f64>, NotFinite> {
        let step = self.trainer.step(self.tokens)?;
        self.steps.push(step);
        Ok(Some(step.loss))
    }

    fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        self.trainer.checkpoint().save(path)
    }

    fn measure(&mut self) -> Option<HeldOut> {
        self.trainer.measure(self.tokens, MEASURED_IMAGES).map(HeldOut::Transformer)
    }

    /// An image of every class by the averaged weights.
    fn sheet(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((weights, config)) = self.tokenizer else { return Ok(None) };
        let model = &self.trainer.preset().model;
        let classes: Vec<u16> = (0..model.class_num as u16).take(SHEET_IMAGES).collect();
        let sampling = Sampling { cfg_scale: 2.5, top_p: 0.96, ..Sampling::default() };
        let tokens = sample(&self.trainer.average(), model, &classes, sampling, &mut Random::new(1), |_| {});
        let images = decode_tokens(weights, config, &tokens);
        encode_png(&image_grid(&images, SHEET_COLUMNS)).map(Some).map_err(io::Error::other)
    }

    fn record(&mut self, held_out: Option<HeldOut>) -> Record {
        let steps = std::mem::take(&mut self.steps);
        let mean =
            |value: fn(&StepResult) -> f64| steps.iter().map(value).sum::<f64>() / steps.len().max(1) as f64;
        let seconds = self.trainer.seconds();
        let images = steps.len() * self.trainer.preset().training.batch;
        let record = TransformerRecord {
            step: self.trainer.steps(),
            seconds,
            rate: steps.last().map_or(0.0, |step| step.rate),
            pictures_per_second: images as f64 / (seconds - self.recorded).max(1e-9),
            loss: mean(|step| step.loss),
            gradient: mean(|step| step.gradient),
            held_out: match held_out {
                Some(HeldOut::Transformer(loss)) => Some(loss),
                _ => None,
            },
        };
        self.recorded = seconds;
        Record::Transformer(record)
    }

    fn warnings(&mut self, record: &Record) -> Vec<Warning> {
        match record {
            Record::Transformer(record) => self.watch.examine(record.loss, record.held_out),
            Record::Tokenizer(_) => Vec::new(),
        }
    }
}
