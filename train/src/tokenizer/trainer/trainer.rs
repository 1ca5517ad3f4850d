//! The state of a run between two steps: how it starts, what can be changed about it, and its checkpoint.

use std::path::PathBuf;

use burn::tensor::Device;
use ibq_core::tokenizer::TokenizerConfig;

use crate::{
    optim::{Adam, Ema},
    precision::{LossScale, PrecisionError, TrainingPrecision},
    preset_file::PresetError,
    random::Random,
    tokenizer::{
        adversary::Adversary,
        checkpoint::Checkpoint,
        loss::{Lpips, LpipsError},
        parameters::initial_weights,
        preset::Preset,
    },
    training::BatchChange,
    weights::Weights,
};

/// What a run changes about its preset or checkpoint, and when it ends. What is not given stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerOptions {
    /// Ends the run after this many minutes in total, if its steps do not end it before; the learning rate then follows the
    /// clock.
    pub minutes: Option<f64>,
    /// In what the network multiplies.
    pub precision: TrainingPrecision,
    /// Side of the training images in pixels.
    pub side: Option<usize>,
    /// Images per step.
    pub batch: Option<usize>,
    /// Highest learning rate.
    pub learning_rate: Option<f64>,
    /// Steps between two resets of unused codes; 0: none.
    pub revive_every: Option<u64>,
    /// Trains the decoder alone: for the encoder and the codes of the averages, which are the model, so that its tokens stay.
    pub only_decoder: bool,
    /// Files with the weights of LPIPS, which then takes part in the loss.
    pub vgg: Vec<PathBuf>,
}

/// A run cannot be configured like this.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The device cannot multiply in this precision.
    #[error(transparent)]
    Precision(#[from] PrecisionError),
    /// A number is out of range.
    #[error(transparent)]
    Preset(#[from] PresetError),
}

/// A run in progress.
#[derive(Debug)]
pub struct Trainer {
    pub(super) device: Device,
    pub(super) preset: Preset,
    pub(super) weights: Weights,
    pub(super) ema: Ema,
    pub(super) adam: Adam,
    pub(super) adversary: Option<Adversary>,
    /// The weights of the perceptual loss, once they are needed.
    pub(super) lpips: Option<Lpips>,
    pub(super) random: Random,
    pub(super) step: u64,
    pub(super) seconds: f64,
    /// How often each code was chosen since unused codes were last reset.
    pub(super) uses: Vec<u32>,
    /// The change of the batch size at an unchanged rate, if there was one.
    pub(super) batch_change: Option<BatchChange>,
    /// Minutes that the run may take in total: the learning rate then follows the clock.
    minutes: Option<f64>,
    /// The factor on the loss, in mixed precision.
    pub(super) loss_scale: Option<LossScale>,
}

impl Trainer {
    /// A run before its first step.
    #[must_use]
    pub fn new(preset: Preset, device: Device) -> Self {
        let mut random = Random::new(preset.training.seed);
        let weights = initial_weights(&preset.model, &mut random, &device);
        let ema = Ema::new(&weights, preset.training.ema_decay, false);
        let uses = vec![0; preset.model.n_embed as usize];
        let adam = Adam::default();
        let adversary =
            preset.adversarial.as_ref().map(|config| Adversary::new(config, &mut random, &device));
        Self {
            device,
            preset,
            weights,
            ema,
            adam,
            adversary,
            lpips: None,
            random,
            step: 0,
            seconds: 0.0,
            uses,
            batch_change: None,
            minutes: None,
            loss_scale: None,
        }
    }

    /// A run that resumes from a checkpoint.
    #[must_use]
    pub fn resume(checkpoint: Checkpoint, device: Device) -> Self {
        Self {
            device,
            preset: checkpoint.preset,
            weights: checkpoint.weights,
            ema: checkpoint.ema,
            adam: checkpoint.adam,
            adversary: checkpoint.adversary,
            lpips: None,
            random: Random::new(checkpoint.random),
            step: checkpoint.step,
            seconds: checkpoint.seconds,
            uses: checkpoint.uses,
            batch_change: checkpoint.batch_change,
            minutes: None,
            loss_scale: checkpoint.loss_scale,
        }
    }

    /// A run that starts from the weights of a model instead of random ones. The network is the model's; the rest is the
    /// preset's, except for the start of the codebook, which exists already.
    ///
    /// # Errors
    /// [`PresetError`] when the preset does not fit the model.
    pub fn from_model(
        mut preset: Preset,
        weights: Weights,
        model: TokenizerConfig,
        device: Device,
    ) -> Result<Self, PresetError> {
        preset.model = TokenizerConfig { rule: preset.quantizer.engine_rule(), ..model };
        preset.training.continuous_steps = 0;
        preset.check("the preset with this model")?;
        let ema = Ema::new(&weights, preset.training.ema_decay, false);
        Ok(Self { ema, weights, ..Self::new(preset, device) })
    }

    /// Applies the options.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn configure(&mut self, options: &TrainerOptions) -> Result<(), OptionsError> {
        options.precision.check(&self.device)?;
        self.minutes = options.minutes;
        let kept = self.loss_scale.unwrap_or_default();
        self.loss_scale = (options.precision == TrainingPrecision::Mixed).then_some(kept);
        let training = &mut self.preset.training;
        let before = (training.batch, training.learning_rate);
        training.side = options.side.unwrap_or(training.side);
        training.batch = options.batch.unwrap_or(training.batch);
        training.learning_rate = options.learning_rate.unwrap_or(training.learning_rate);
        training.revive_every = options.revive_every.unwrap_or(training.revive_every);
        let after = (training.batch, training.learning_rate);
        self.batch_change = BatchChange::after(self.batch_change, self.step, before, after);
        if !options.vgg.is_empty() {
            self.preset.loss.use_vgg(options.vgg.clone());
            self.lpips = None;
        }
        if options.only_decoder {
            self.freeze_tokens();
        }
        Ok(self.preset.check("the run as configured")?)
    }

    /// From now on the decoder alone is trained.
    fn freeze_tokens(&mut self) {
        if std::mem::replace(&mut self.preset.training.only_decoder, true) {
            return;
        }
        for (name, average) in self.ema.weights.iter() {
            if !["decoder.", "post_quant_conv."].iter().any(|part| name.starts_with(part)) {
                self.weights.update(name, |_| average.values.clone());
            }
        }
    }

    /// Reads the weights of the perceptual loss, if the preset names their files and they are not read yet. Every step does
    /// so by itself; this reports earlier what is wrong with them.
    ///
    /// # Errors
    /// [`LpipsError`].
    pub fn open_lpips(&mut self) -> Result<(), LpipsError> {
        if self.lpips.is_none() && self.preset.loss.has_lpips() {
            self.lpips = Some(Lpips::open(&self.preset.loss.vgg, &self.device)?);
        }
        Ok(())
    }

    /// The state, ready to be saved.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            preset: self.preset.clone(),
            weights: self.weights.clone(),
            ema: self.ema.clone(),
            adam: self.adam.clone(),
            adversary: self.adversary.clone(),
            step: self.step,
            seconds: self.seconds,
            random: self.random.state(),
            uses: self.uses.clone(),
            batch_change: self.batch_change,
            loss_scale: self.loss_scale,
        }
    }

    /// What is trained, and how.
    #[must_use]
    pub fn preset(&self) -> &Preset {
        &self.preset
    }

    /// Moving average of the weights.
    #[must_use]
    pub fn average(&self) -> &Weights {
        &self.ema.weights
    }

    /// Steps done.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Seconds spent in steps.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Fraction of the run that is done, 0 to 1: by steps, or by the clock if that is further.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let by_steps = self.step as f64 / self.preset.training.steps.max(1) as f64;
        let by_clock = self.minutes.map_or(0.0, |minutes| self.seconds / (60.0 * minutes));
        by_steps.max(by_clock).min(1.0)
    }

    /// The change of the batch size at an unchanged rate, if there was one.
    #[must_use]
    pub fn batch_change(&self) -> Option<BatchChange> {
        self.batch_change
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }
}
