//! The discriminator as an opponent of the tokenizer: what it asks of reconstructions, and how it learns.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{
    loss::{DiscriminatorLoss, LeCam, generator_loss},
    network::Discriminator,
};
use crate::{
    optim::{Adam, AdamConfig},
    random::Random,
};

/// How a discriminator takes part in a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdversarialConfig {
    /// Weight of the decoder's adversarial loss.
    pub weight: f64,
    /// Scales that weight so that both losses pull equally on the last layer of the decoder (Esser et al. 2021).
    pub adaptive: bool,
    /// First step at which the discriminator takes part.
    pub start: u64,
    /// What the discriminator minimizes.
    pub loss: DiscriminatorLoss,
    /// Weight of LeCAM in it.
    pub lecam: f64,
    /// Channels of its first layer.
    pub filters: usize,
    /// How often it halves the picture.
    pub layers: usize,
}

impl Default for AdversarialConfig {
    /// The official values.
    fn default() -> Self {
        Self {
            weight: 0.1,
            adaptive: false,
            start: 0,
            loss: DiscriminatorLoss::Hinge,
            lecam: 0.05,
            filters: 64,
            layers: 3,
        }
    }
}

impl AdversarialConfig {
    /// The smallest side of a picture that leaves the discriminator at least one patch.
    #[must_use]
    pub fn smallest_side(&self) -> usize {
        // Two convolutions of 4×4 with a border of 1 follow the halvings; each takes one row and column.
        3 << self.layers.min(16)
    }
}

/// A discriminator in training.
#[derive(Clone, Debug)]
pub struct Adversary {
    /// The network.
    pub discriminator: Discriminator,
    /// Its own optimizer.
    pub adam: Adam,
    /// Moving averages of its logits.
    pub lecam: LeCam,
}

/// What the two sides of the game measured in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdversarialResult {
    /// The decoder's loss, unweighted.
    pub generator: f32,
    /// Its weight, the adaptive factor included.
    pub weight: f64,
    /// The discriminator's loss, LeCAM included.
    pub discriminator: f32,
}

impl Adversary {
    /// A discriminator before training.
    #[must_use]
    pub fn new(config: &AdversarialConfig, random: &mut Random, device: &Device) -> Self {
        let discriminator = Discriminator::new(config.filters, config.layers, random, device);
        Self { discriminator, adam: Adam::default(), lecam: LeCam::default() }
    }

    /// The decoder's loss on reconstructions `[B, 3, H, W]` that autodiff tracks.
    pub fn generator_loss(&mut self, reconstruction: Tensor<4>) -> Tensor<1> {
        let weights = self.discriminator.weights.clone();
        generator_loss(self.discriminator.judge_in_training(&weights, reconstruction))
    }

    /// One step of the discriminator on pictures and reconstructions, neither tracked. Returns its loss.
    pub fn step(
        &mut self,
        config: &AdversarialConfig,
        pictures: Tensor<4>,
        reconstruction: Tensor<4>,
        rate: f64,
        adam: &AdamConfig,
    ) -> f32 {
        let tracked = self.discriminator.weights.tracked();
        let real = self.discriminator.judge_in_training(&tracked, pictures);
        let fake = self.discriminator.judge_in_training(&tracked, reconstruction);
        let mean = |logits: &Tensor<4>| f64::from(logits.clone().inner().mean().into_scalar::<f32>());
        self.lecam.update(mean(&real), mean(&fake));
        let mut loss = config.loss.of(real.clone(), fake.clone());
        if config.lecam != 0.0 {
            loss = loss + self.lecam.penalty(real, fake) * config.lecam;
        }
        let value = loss.clone().inner().into_scalar::<f32>();
        let gradients: BTreeMap<_, _> = tracked.gradients(&mut loss.backward());
        self.adam.step(&mut self.discriminator.weights, gradients, rate, adam);
        value
    }
}

/// `|gradient of the reconstruction loss| / (|gradient of the adversarial loss| + 1e-4)` on the last layer, at most 1e4.
#[must_use]
pub fn adaptive_factor(reconstruction: f64, adversarial: f64) -> f64 {
    (reconstruction / (adversarial + 1e-4)).clamp(0.0, 1e4)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn a_discriminator_learns_to_tell_pictures_from_reconstructions() {
        let device = Device::flex();
        device.seed(4);
        let config = AdversarialConfig { filters: 8, layers: 1, ..AdversarialConfig::default() };
        let mut adversary = Adversary::new(&config, &mut Random::new(2), &device);
        let real = Tensor::<4>::random([4, 3, 16, 16], Distribution::Uniform(-1.0, 1.0), &device);
        let fake = real.clone() * 0.3;
        let adam = AdamConfig::default();
        let losses: Vec<f32> =
            (0..30).map(|_| adversary.step(&config, real.clone(), fake.clone(), 2e-3, &adam)).collect();
        assert!(losses[29] < 0.7 * losses[0], "{losses:?}");
        assert!(adversary.lecam.real > adversary.lecam.fake);
    }

    #[test]
    fn the_smallest_picture_has_one_patch() {
        let device = Device::flex();
        for layers in 1..=3 {
            let config = AdversarialConfig { filters: 8, layers, ..AdversarialConfig::default() };
            let adversary = Adversary::new(&config, &mut Random::new(2), &device);
            let side = config.smallest_side();
            let logits = adversary.discriminator.judge(Tensor::zeros([1, 3, side, side], &device));
            assert_eq!(logits.dims(), [1, 1, 1, 1]);
        }
    }

    #[test]
    fn the_adaptive_factor_balances_and_stays_finite() {
        assert!((adaptive_factor(2.0, 0.5) - 4.0).abs() < 1e-2);
        assert_eq!(adaptive_factor(1e9, 0.0), 1e4);
    }
}
