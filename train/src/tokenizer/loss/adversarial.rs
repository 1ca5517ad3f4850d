//! Losses between a discriminator and the decoder it judges.
//!
//! All take the discriminator's logits `[B, 1, h, w]`, one per patch: high means real.

use burn::tensor::{
    Tensor,
    activation::{relu, softplus},
};
use serde::{Deserialize, Serialize};

/// The decoder's loss, non-saturating: `mean_b softplus(-l_b)`, where `l_b` is the mean logit of a picture.
#[must_use]
pub fn generator_loss(fake: Tensor<4>) -> Tensor<1> {
    softplus(-picture_logits(fake), 1.0).mean()
}

/// What the discriminator minimizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscriminatorLoss {
    /// `(mean(relu(1 - real)) + mean(relu(1 + fake))) / 2`: the official choice.
    #[default]
    Hinge,
    /// `(mean(softplus(-real)) + mean(softplus(fake))) / 2`.
    Vanilla,
    /// `mean_b softplus(-real_b) + mean_b softplus(fake_b)`, on the mean logit of each picture.
    NonSaturating,
}

impl DiscriminatorLoss {
    /// The loss on logits of real pictures and of reconstructions.
    #[must_use]
    pub fn of(self, real: Tensor<4>, fake: Tensor<4>) -> Tensor<1> {
        match self {
            Self::Hinge => (relu(-real + 1.0).mean() + relu(fake + 1.0).mean()) * 0.5,
            Self::Vanilla => (softplus(-real, 1.0).mean() + softplus(fake, 1.0).mean()) * 0.5,
            Self::NonSaturating => {
                softplus(-picture_logits(real), 1.0).mean() + softplus(picture_logits(fake), 1.0).mean()
            }
        }
    }
}

/// LeCAM (Tseng et al. 2021): keeps a discriminator from drifting, by anchoring its logits to their own moving averages.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeCam {
    /// Moving average of the mean logit of real pictures.
    pub real: f64,
    /// The same for reconstructions.
    pub fake: f64,
    /// Share of the old average that stays at each update.
    pub decay: f64,
}

impl Default for LeCam {
    fn default() -> Self {
        Self { real: 0.0, fake: 0.0, decay: 0.999 }
    }
}

impl LeCam {
    /// Moves the averages toward the mean logits of a step.
    pub fn update(&mut self, mean_real: f64, mean_fake: f64) {
        self.real = self.real * self.decay + mean_real * (1.0 - self.decay);
        self.fake = self.fake * self.decay + mean_fake * (1.0 - self.decay);
    }

    /// `mean(relu(real - average of fake)²) + mean(relu(average of real - fake)²)`.
    #[must_use]
    pub fn penalty(&self, real: Tensor<4>, fake: Tensor<4>) -> Tensor<1> {
        relu(real - self.fake).square().mean() + relu(-fake + self.real).square().mean()
    }
}

/// Mean logit of each picture, `[B]`.
fn picture_logits(logits: Tensor<4>) -> Tensor<1> {
    let [batch, channels, height, width] = logits.dims();
    logits.reshape([batch, channels * height * width]).mean_dim(1).reshape([batch])
}
