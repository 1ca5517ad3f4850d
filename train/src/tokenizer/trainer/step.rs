//! One step of a run.

use std::{mem::take, time::Instant};

use burn::tensor::Tensor;

use super::{pass::Pass, trainer::Trainer};
use crate::{
    data::{DataError, Draw, Source},
    precision::LossScale,
    tokenizer::{
        adversary::{AdversarialResult, Adversary},
        loss::LpipsError,
        quantizer::QuantizerLosses,
        rows::integers,
    },
    training::NotFinite,
};

/// A step cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A loss or a gradient is not finite.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
    /// The weights of the perceptual loss cannot be used.
    #[error(transparent)]
    Lpips(#[from] LpipsError),
    /// There are no images to continue with.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// What a step measured.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// The reconstruction loss, weighted.
    pub reconstruction: f32,
    /// The quantizer's losses, unweighted; none while latents are not quantized.
    pub quantizer: Option<QuantizerLosses>,
    /// Norm of the gradient before clipping.
    pub gradient: f64,
    /// Learning rate.
    pub rate: f64,
    /// The codes that were chosen.
    pub codes: Vec<u32>,
    /// Mean squared norm of the latents.
    pub latent_energy: f32,
    /// Losses of the game with the discriminator, if it takes part in this step.
    pub adversarial: Option<AdversarialResult>,
}

/// Fraction of the run after which unused codes are left alone.
const LAST_RESET: f64 = 0.85;

impl Trainer {
    /// One step on pictures drawn at random.
    ///
    /// # Errors
    /// [`StepError`]; the weights are then those from before the step.
    pub fn step(&mut self, pictures: &impl Source) -> Result<StepResult, StepError> {
        let start = Instant::now();
        self.open_lpips()?;
        let training = self.preset.training.clone();
        if self.step == training.continuous_steps && training.continuous_steps > 0 {
            self.start_codebook(pictures)?;
        }
        let batch = self.draw_batch(pictures, 0)?;
        let mut adversary = self.adversary.clone();
        let (pass, updated, adam, gradient, rate) = loop {
            let mut pass = self.compute_pass(&mut adversary, &batch)?;
            let rate = training.rate(self.step, self.fraction());
            let (mut updated, mut adam) = (self.weights.clone(), self.adam.clone());
            let gradient = adam.step(&mut updated, take(&mut pass.gradients), rate, &self.preset.adam);
            // The gradient of the multiplied loss may not fit into 16 bits.
            if gradient.is_finite() || !self.loss_scale.as_mut().is_some_and(LossScale::halve) {
                break (pass, updated, adam, gradient, rate);
            }
            adversary.clone_from(&self.adversary);
        };
        self.check_finite("gradient", gradient)?;
        self.loss_scale.iter_mut().for_each(LossScale::went_well);
        let Pass { value, quantized, rows, reconstruction, asked, .. } = pass;
        let adversarial = self.train_adversary(&mut adversary, asked, batch, reconstruction, rate)?;
        (self.weights, self.adam, self.adversary) = (updated, adam, adversary);
        self.ema.update(&self.weights);
        self.step += 1;
        let chosen = quantized.as_ref().map(|q| integers(&q.indices)).unwrap_or_default();
        chosen.iter().for_each(|code| self.uses[*code as usize] += 1);
        let due = training.revive_every > 0 && self.step.is_multiple_of(training.revive_every);
        if due && quantized.is_some() && !training.only_decoder && self.fraction() < LAST_RESET {
            self.reset_unused_codes(&rows, &chosen);
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

    /// Images for this step: its batch, or a further part.
    pub(super) fn draw_batch(&mut self, pictures: &impl Source, part: u64) -> Result<Tensor<4>, DataError> {
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
    ) -> Result<Option<AdversarialResult>, StepError> {
        let (Some((generator, weight)), Some(adversary), Some(config)) =
            (asked, adversary.as_mut(), self.preset.adversarial.as_ref())
        else {
            return Ok(None);
        };
        let fake = reconstruction.inner();
        let discriminator = adversary.step(config, pictures, fake, rate, &self.preset.adam);
        self.check_finite("discriminator's loss", f64::from(discriminator))?;
        let generator = generator.inner().into_scalar::<f32>();
        Ok(Some(AdversarialResult { generator, weight, discriminator }))
    }

    pub(super) fn check_finite(&self, quantity: &'static str, value: f64) -> Result<(), NotFinite> {
        let (step, batch_change, mixed) = (self.step, self.batch_change, self.loss_scale.is_some());
        NotFinite { step, quantity, value, batch_change, mixed }.check()
    }
}
