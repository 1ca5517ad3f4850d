//! One step of a training.

use std::{mem::take, path::PathBuf, time::Instant};

use burn::tensor::{Device, Int, Tensor};
use ibq_core::tokenizer::TokenizerConfig;

use crate::{
    adam::Adam,
    adversary::{AdversarialResult, Adversary},
    checkpoint::Checkpoint,
    data::{DataError, Draw, Source},
    ema::Ema,
    loss::{Lpips, LpipsError},
    precision::{LossScale, PrecisionError, TrainingPrecision},
    preset::{Preset, PresetError},
    quantizer::QuantizerLosses,
    random::Random,
    weights::Weights,
};

use super::{BatchChange, pass::Pass};

/// A training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A loss or a gradient is no number any more.
    #[error("step {step}: the {what} is {value}. The last checkpoint is from before that. {}", causes(*batch_change, *mixed))]
    NotANumber {
        /// Step at which it appeared.
        step: u64,
        /// Which loss, or "gradient".
        what: &'static str,
        /// What it is instead.
        value: f64,
        /// The batch that changed before, if one did.
        batch_change: Option<BatchChange>,
        /// Whether products were computed in 16 bits.
        mixed: bool,
    },
    /// The weights of the perceptual loss cannot be used.
    #[error(transparent)]
    Lpips(#[from] LpipsError),
    /// There are no pictures to go on with.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Why a loss or a gradient may have become no number, and what to do.
fn causes(batch_change: Option<BatchChange>, mixed: bool) -> String {
    let range =
        ". It may also be a number beyond the range of 16 bits, which is up to 65,504: try --precision full";
    let causes = match batch_change {
        Some(change) => format!(
            "The likely cause: {change}. Go on from the checkpoint with a lower rate, such as {:.1e}, or with the old batch",
            change.advised_rate()
        ),
        None => "Usual causes: a learning rate that is too high for the batch (halve it, or warm up longer), no gradient \
                 clipping (`adam.clip_norm = 1.0`), or a batch size that changed while the rate did not"
            .to_owned(),
    };
    if mixed { causes + range } else { causes }
}

/// What a step measured.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// The reconstruction loss, weighted.
    pub reconstruction: f32,
    /// The quantizer's losses, unweighted; none while latents are not quantized.
    pub quantizer: Option<QuantizerLosses>,
    /// Length of the gradient before clipping.
    pub gradient: f64,
    /// Learning rate.
    pub rate: f64,
    /// The codes that were chosen.
    pub codes: Vec<u32>,
    /// Mean squared length of the latents.
    pub latent_energy: f32,
    /// Losses of the game with the discriminator, if it takes part in this step.
    pub adversarial: Option<AdversarialResult>,
}

/// Share of the training after which unused codes are left alone.
const LAST_REVIVAL: f64 = 0.85;

/// A training in progress.
#[derive(Debug)]
pub struct Trainer {
    pub(super) device: Device,
    pub(super) preset: Preset,
    pub(super) weights: Weights,
    pub(super) ema: Ema,
    pub(super) adam: Adam,
    adversary: Option<Adversary>,
    /// The weights of the perceptual loss, once they are needed.
    pub(super) lpips: Option<Lpips>,
    pub(super) random: Random,
    pub(super) step: u64,
    seconds: f64,
    /// How often each code was chosen since unused codes were last revived.
    pub(super) uses: Vec<u32>,
    /// The batch that changed while the rate did not, if one did.
    batch_change: Option<BatchChange>,
    /// Minutes that the training may take in all: the rate then falls with the clock.
    minutes: Option<f64>,
    /// The factor on the loss, in mixed precision.
    pub(super) loss_scale: Option<LossScale>,
}

impl Trainer {
    /// A training before its first step.
    #[must_use]
    pub fn new(preset: Preset, device: Device) -> Self {
        let mut random = Random::new(preset.training.seed);
        let weights = Weights::initial(&preset.model, &mut random, &device);
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

    /// A training that goes on from a checkpoint.
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

    /// A training that starts from the weights of a model instead of from random ones. The network is the model's; the rest
    /// is the preset's, but for the start of the codebook, which is there already.
    ///
    /// # Errors
    /// [`PresetError`] when the preset does not fit the model.
    pub fn from_model(
        mut preset: Preset,
        weights: Weights,
        model: TokenizerConfig,
        device: Device,
    ) -> Result<Self, PresetError> {
        preset.model = model;
        preset.training.continuous_steps = 0;
        preset.check("the preset with this model")?;
        let ema = Ema::new(&weights, preset.training.ema_decay, false);
        Ok(Self { ema, weights, ..Self::new(preset, device) })
    }

    /// Ends the training after so many minutes in all, if its steps do not end it before.
    pub fn set_minutes(&mut self, minutes: Option<f64>) {
        self.minutes = minutes;
    }

    /// From now on the network multiplies in this precision.
    ///
    /// # Errors
    /// [`PrecisionError`] when the device cannot.
    pub fn set_precision(&mut self, precision: TrainingPrecision) -> Result<(), PrecisionError> {
        precision.check(&self.device)?;
        let kept = self.loss_scale.unwrap_or_default();
        self.loss_scale = (precision == TrainingPrecision::Mixed).then_some(kept);
        Ok(())
    }

    /// From now on LPIPS takes part in the loss, with the weights in these files.
    pub fn set_vgg(&mut self, files: Vec<PathBuf>) {
        self.preset.loss.use_vgg(files);
        self.lpips = None;
    }

    /// Reads the weights of the perceptual loss, if the preset names their files and they are not read yet. Every step does
    /// so by itself; this tells earlier what is wrong with them.
    ///
    /// # Errors
    /// [`LpipsError`].
    pub fn open_lpips(&mut self) -> Result<(), LpipsError> {
        if self.lpips.is_none() && self.preset.loss.has_lpips() {
            self.lpips = Some(Lpips::open(&self.preset.loss.vgg, &self.device)?);
        }
        Ok(())
    }

    /// Changes the size or the number of the pictures of a step, or the highest learning rate.
    pub fn set_pictures(&mut self, side: Option<usize>, batch: Option<usize>, rate: Option<f64>) {
        let training = &mut self.preset.training;
        let before = (training.batch, training.learning_rate);
        training.side = side.unwrap_or(training.side);
        training.batch = batch.unwrap_or(training.batch);
        training.learning_rate = rate.unwrap_or(training.learning_rate);
        let now = (training.batch, training.learning_rate);
        self.batch_change = BatchChange::after(self.batch_change, self.step, before, now);
    }

    /// The batch that changed while the rate did not, if one did.
    #[must_use]
    pub fn batch_change(&self) -> Option<BatchChange> {
        self.batch_change
    }

    /// Changes how often unused codes are revived.
    pub fn set_revival(&mut self, every: Option<u64>) {
        let training = &mut self.preset.training;
        training.revive_every = every.unwrap_or(training.revive_every);
    }

    /// From now on the decoder alone is trained, if `only` says so: for the encoder and the codes of the averages, which
    /// are the model, so that its tokens stay.
    pub fn set_only_decoder(&mut self, only: bool) {
        if !only || self.preset.training.only_decoder {
            return;
        }
        self.preset.training.only_decoder = true;
        for (name, average) in self.ema.weights.iter() {
            if !["decoder.", "post_quant_conv."].iter().any(|part| name.starts_with(part)) {
                self.weights.update(name, |_| average.values.clone());
            }
        }
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

    /// Share of the training that is done, 0 to 1: by steps, or by the clock if that is further.
    #[must_use]
    pub fn share(&self) -> f64 {
        let by_steps = self.step as f64 / self.preset.training.steps.max(1) as f64;
        let by_clock = self.minutes.map_or(0.0, |minutes| self.seconds / (60.0 * minutes));
        by_steps.max(by_clock).min(1.0)
    }

    /// One step on pictures drawn at random.
    ///
    /// # Errors
    /// [`TrainingError`]; the weights are then those from before the step.
    pub fn step(&mut self, pictures: &impl Source) -> Result<StepResult, TrainingError> {
        let start = Instant::now();
        self.open_lpips()?;
        let training = self.preset.training.clone();
        if self.step == training.continuous_steps && training.continuous_steps > 0 {
            self.start_codebook(pictures)?;
        }
        let batch = self.draw(pictures, 0)?;
        let mut adversary = self.adversary.clone();
        let (pass, updated, adam, gradient, rate) = loop {
            let mut pass = self.pass(&mut adversary, &batch)?;
            let rate = training.rate(self.step, self.share());
            let (mut updated, mut adam) = (self.weights.clone(), self.adam.clone());
            let gradient = adam.step(&mut updated, take(&mut pass.gradients), rate, &self.preset.adam);
            // The gradient of the multiplied loss may not fit into 16 bits.
            if gradient.is_finite() || !self.loss_scale.as_mut().is_some_and(LossScale::halve) {
                break (pass, updated, adam, gradient, rate);
            }
            adversary.clone_from(&self.adversary);
        };
        self.check("gradient", gradient)?;
        self.loss_scale.iter_mut().for_each(LossScale::went_well);
        let Pass { value, quantized, rows, reconstruction, asked, .. } = pass;
        let adversarial = self.train_adversary(&mut adversary, asked, batch, reconstruction, rate)?;
        (self.weights, self.adam, self.adversary) = (updated, adam, adversary);
        self.ema.update(&self.weights);
        self.step += 1;
        let chosen = quantized.as_ref().map(|q| integers(&q.indices)).unwrap_or_default();
        chosen.iter().for_each(|code| self.uses[*code as usize] += 1);
        let due = training.revive_every > 0 && self.step.is_multiple_of(training.revive_every);
        if due && quantized.is_some() && !training.only_decoder && self.share() < LAST_REVIVAL {
            self.revive_codes(&rows, &chosen);
        }
        self.seconds += start.elapsed().as_secs_f64();
        Ok(StepResult {
            reconstruction: value,
            quantizer: quantized.as_ref().map(|q| q.losses),
            gradient,
            rate,
            codes: chosen,
            latent_energy: rows.square().sum_dim(1).mean().into_scalar::<f32>(),
            adversarial,
        })
    }

    /// Pictures for this step: its batch, or a further part.
    pub(super) fn draw(&mut self, pictures: &impl Source, part: u64) -> Result<Tensor<4>, DataError> {
        let (draw, training) = (Draw { step: self.step, part }, &self.preset.training);
        pictures.draw(draw, training.batch, training.side, &mut self.random, &self.device)
    }

    /// The discriminator's own step, on the pictures and reconstructions that the decoder was judged by.
    fn train_adversary(
        &self,
        adversary: &mut Option<Adversary>,
        asked: Option<(Tensor<1>, f64)>,
        pictures: Tensor<4>,
        reconstruction: Tensor<4>,
        rate: f64,
    ) -> Result<Option<AdversarialResult>, TrainingError> {
        let (Some((generator, weight)), Some(adversary), Some(config)) =
            (asked, adversary.as_mut(), self.preset.adversarial.as_ref())
        else {
            return Ok(None);
        };
        let fake = reconstruction.inner();
        let discriminator = adversary.step(config, pictures, fake, rate, &self.preset.adam);
        self.check("discriminator's loss", f64::from(discriminator))?;
        let generator = generator.inner().into_scalar::<f32>();
        Ok(Some(AdversarialResult { generator, weight, discriminator }))
    }

    pub(super) fn check(&self, what: &'static str, value: f64) -> Result<(), TrainingError> {
        if value.is_finite() {
            Ok(())
        } else {
            let (step, batch_change, mixed) = (self.step, self.batch_change, self.loss_scale.is_some());
            Err(TrainingError::NotANumber { step, what, value, batch_change, mixed })
        }
    }
}

/// `[B, D, h, w]` to `[B · h · w, D]`, positions in raster order.
pub(crate) fn as_rows(map: Tensor<4>) -> Tensor<2> {
    let [batch, dimension, height, width] = map.dims();
    map.permute([0, 2, 3, 1]).reshape([batch * height * width, dimension])
}

/// The inverse of [`as_rows`].
pub(crate) fn as_map(rows: Tensor<2>, [batch, dimension, height, width]: [usize; 4]) -> Tensor<4> {
    rows.reshape([batch, height, width, dimension])
        .permute([0, 3, 1, 2])
        .reshape([batch, dimension, height, width])
}

pub(crate) fn integers(indices: &Tensor<1, Int>) -> Vec<u32> {
    indices.to_data().iter::<i64>().map(|index| u32::try_from(index).unwrap_or(u32::MAX)).collect()
}
