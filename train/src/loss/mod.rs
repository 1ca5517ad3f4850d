//! What a training minimises.

pub mod adversarial;
mod structural;

pub use structural::structural_loss;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Weights of the terms that compare a reconstruction with its picture. A term of weight 0 is not computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconstructionLoss {
    /// Mean absolute difference.
    pub l1: f64,
    /// Mean squared difference.
    pub l2: f64,
    /// [`structural_loss`]: stands where the paper has LPIPS, which needs the weights of a VGG network.
    pub structural: f64,
}

impl Default for ReconstructionLoss {
    fn default() -> Self {
        Self { l1: 1.0, l2: 0.0, structural: 1.0 }
    }
}

impl ReconstructionLoss {
    /// The weighted sum, for pictures `[B, 3, H, W]` in [-1, 1].
    #[must_use]
    pub fn of(&self, picture: Tensor<4>, reconstruction: Tensor<4>) -> Tensor<1> {
        let mut sum = Tensor::zeros([1], &reconstruction.device());
        let difference = picture.clone() - reconstruction.clone();
        if self.l1 != 0.0 {
            sum = sum + difference.clone().abs().mean() * self.l1;
        }
        if self.l2 != 0.0 {
            sum = sum + difference.square().mean() * self.l2;
        }
        if self.structural != 0.0 {
            sum = sum + structural_loss(picture, reconstruction) * self.structural;
        }
        sum
    }
}
