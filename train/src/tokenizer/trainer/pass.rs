//! The way of a batch through the network and back.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::trainer::Trainer;
use crate::{
    precision::{LossScale, TrainingPrecision},
    tokenizer::{
        adversary::{Adversary, adaptive_factor},
        network::{LAST_KERNEL, decode_features, encode, last_layer},
        parameters::CODEBOOK,
        quantizer::Quantized,
        rows::{as_map, as_rows},
    },
    training::NotFinite,
};

/// What a pass found.
pub(super) struct Pass {
    /// Reconstruction loss.
    pub(super) value: f32,
    /// What the quantizer made of the latents, once they are quantized.
    pub(super) quantized: Option<Quantized>,
    /// The latents, `[N, D]`.
    pub(super) rows: Tensor<2>,
    pub(super) reconstruction: Tensor<4>,
    /// The decoder's adversarial loss and its weight, where the discriminator takes part.
    pub(super) asked: Option<(Tensor<1>, f64)>,
    pub(super) gradients: BTreeMap<String, Tensor<1>>,
}

impl Trainer {
    /// Loss and gradients of a batch.
    pub(super) fn compute_pass(
        &self,
        adversary: &mut Option<Adversary>,
        batch: &Tensor<4>,
    ) -> Result<Pass, NotFinite> {
        let training = &self.preset.training;
        // There is a factor on the loss in mixed precision alone.
        let precision =
            if self.loss_scale.is_some() { TrainingPrecision::Mixed } else { TrainingPrecision::Full };
        let scale = self.loss_scale.map_or(1.0, LossScale::factor);
        let untracked = self.weights.clone().in_precision(precision);
        let weights = untracked.tracked();
        // An encoder that is not trained needs no record of what it did.
        let encoder = if training.only_decoder { &untracked } else { &weights };
        let latents = encode(encoder, &self.preset.model, batch.clone());
        let [count, dimension, height, width] = latents.dims();
        let rows = as_rows(if training.only_decoder { latents.clone() } else { latents.clone().inner() });

        // The decoder starts from a leaf, so that its gradient can be handed to the quantizer.
        let quantized = (self.step >= training.continuous_steps)
            .then(|| self.preset.quantizer.rule().forward(rows.clone(), self.weights.get(CODEBOOK)));
        let codes = quantized.as_ref().map_or(rows.clone(), |quantized| quantized.codes.clone());
        let leaf = as_map(codes, [count, dimension, height, width]).autodiff().require_grad();
        let features = decode_features(&weights, &self.preset.model, leaf.clone());
        let reconstruction = last_layer(&weights, features.clone());
        let mut loss = self.preset.loss.of(self.lpips.as_ref(), batch.clone(), reconstruction.clone());
        let value = loss.clone().inner().into_scalar::<f32>();
        self.check_finite("loss", f64::from(value))?;
        let asked = self.ask_adversary(adversary, batch, &features.inner(), &reconstruction);
        if let Some((generator, weight)) = &asked {
            self.check_finite("adversarial loss", f64::from(generator.clone().inner().into_scalar::<f32>()))?;
            loss = loss + generator.clone() * *weight;
        }
        let mut passed = (loss * scale).backward();
        let mut gradients = weights.gradients(&mut passed);
        let on_codes =
            leaf.grad(&passed).map_or_else(|| leaf.clone().inner().zeros_like(), |gradient| gradient / scale);

        if !training.only_decoder {
            let quantized = quantized.as_ref();
            let back = self.encoder_gradients(&weights, latents, rows.clone(), quantized, on_codes, scale);
            gradients.extend(back);
        }
        if scale != 1.0 {
            gradients.iter_mut().for_each(|(_, gradient)| *gradient = gradient.clone() / scale);
        }
        Ok(Pass { value, quantized, rows, reconstruction, asked, gradients })
    }

    /// The decoder's adversarial loss and its weight, once the discriminator takes part. `features` are those that the last
    /// layer of the decoder made `reconstruction` of.
    fn ask_adversary(
        &self,
        adversary: &mut Option<Adversary>,
        pictures: &Tensor<4>,
        features: &Tensor<4>,
        reconstruction: &Tensor<4>,
    ) -> Option<(Tensor<1>, f64)> {
        let config = self.preset.adversarial.as_ref().filter(|config| self.step >= config.start)?;
        let adversary = adversary.as_mut()?;
        let mut weight = config.weight;
        if config.adaptive {
            // The last layer once more, for the length that each loss's gradient has on its kernel.
            let pull = |loss: &mut dyn FnMut(Tensor<4>) -> Tensor<1>| {
                let weights = self.weights.tracked();
                let mut gradients = loss(last_layer(&weights, features.clone())).backward();
                let kernel = weights.gradients(&mut gradients).remove(LAST_KERNEL);
                kernel.map_or(0.0, |kernel| f64::from(kernel.square().sum().into_scalar::<f32>()).sqrt())
            };
            let lpips = self.lpips.as_ref();
            let of_reconstruction = pull(&mut |made| self.preset.loss.of(lpips, pictures.clone(), made));
            // A copy judges, so that the running statistics move once.
            let mut judge = adversary.clone();
            weight *= adaptive_factor(of_reconstruction, pull(&mut |made| judge.generator_loss(made)));
        }
        Some((adversary.generator_loss(reconstruction.clone()), weight))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{data::Pictures, tokenizer::preset::Preset};

    /// A run with codes after a few steps, and a batch for it.
    fn training() -> (Trainer, Tensor<4>) {
        let mut preset = Preset::open("tiny").unwrap();
        preset.training.side = 16;
        preset.training.batch = 2;
        preset.training.continuous_steps = 2;
        let pictures = Pictures::scenes(8, 16, 0, &[1], |_| {});
        let mut trainer = Trainer::new(preset, Device::flex());
        (0..4).for_each(|_| drop(trainer.step(&pictures).unwrap()));
        let batch = pictures.tensor(&[1, 6], &Device::flex());
        (trainer, batch)
    }

    fn lengths(pass: &Pass) -> Vec<(String, f32)> {
        let length = |values: &Tensor<1>| values.clone().square().sum().into_scalar::<f32>().sqrt();
        pass.gradients.iter().map(|(name, values)| (name.clone(), length(values))).collect()
    }

    #[test]
    fn products_in_16_bits_change_loss_and_gradients_little() {
        let (mut trainer, batch) = training();
        let full = trainer.compute_pass(&mut None, &batch).unwrap();
        trainer.loss_scale = Some(LossScale::default());
        let mixed = trainer.compute_pass(&mut None, &batch).unwrap();
        assert!(full.value != mixed.value, "nothing was computed in 16 bits");
        assert!((full.value / mixed.value - 1.0).abs() < 0.01, "{} {}", full.value, mixed.value);
        let (full, mixed) = (lengths(&full), lengths(&mixed));
        assert_eq!(full.len(), mixed.len());
        let most = full.iter().fold(0.0f32, |most, (_, length)| most.max(*length));
        for ((name, a), (_, b)) in full.iter().zip(&mixed) {
            assert!((a - b).abs() < 0.05 * a + 0.002 * most, "{name}: {a} {b}");
        }
    }

    #[test]
    fn a_gradient_beyond_16_bits_is_tried_again_with_a_smaller_factor() {
        let (mut trainer, _) = training();
        trainer.preset.loss.l1 = 1e4;
        trainer.loss_scale = Some(LossScale::default());
        let pictures = Pictures::scenes(8, 16, 0, &[1], |_| {});
        let step = trainer.step(&pictures).unwrap();
        assert!(step.gradient.is_finite());
        let factor = trainer.loss_scale.unwrap().factor();
        assert!((1.0..LossScale::default().factor()).contains(&factor), "{factor}");
    }
}
