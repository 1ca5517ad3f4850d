//! What a run minimizes.

mod adversarial;
mod lpips;
mod structural;

pub use adversarial::{DiscriminatorLoss, LeCam, generator_loss};
pub use lpips::{Lpips, LpipsError};
pub use structural::structural_loss;

use std::path::PathBuf;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Weights of the terms that compare a reconstruction with its picture. A term of weight 0 is not computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconstructionLoss {
    /// Mean absolute difference.
    pub l1: f64,
    /// Mean squared difference.
    pub l2: f64,
    /// [`structural_loss`].
    pub structural: f64,
    /// [`Lpips`], the perceptual loss of the paper. Where there are no `vgg` files the structural loss stands in with this
    /// weight.
    pub lpips: f64,
    /// The files with the weights of LPIPS.
    #[serde(deserialize_with = "one_or_more", skip_serializing_if = "Vec::is_empty")]
    pub vgg: Vec<PathBuf>,
}

impl Default for ReconstructionLoss {
    fn default() -> Self {
        Self { l1: 1.0, l2: 0.0, structural: 1.0, lpips: 0.0, vgg: Vec::new() }
    }
}

impl ReconstructionLoss {
    /// From now on LPIPS takes part, with the weights in these files. Where it had no weight of its own it takes the place and
    /// the weight of the structural loss.
    pub fn use_vgg(&mut self, files: Vec<PathBuf>) {
        self.vgg = files;
        if self.lpips == 0.0 {
            self.lpips = std::mem::take(&mut self.structural);
        }
    }

    /// Whether LPIPS is computed.
    #[must_use]
    pub fn has_lpips(&self) -> bool {
        self.lpips != 0.0 && !self.vgg.is_empty()
    }

    /// The weighted sum, for pictures `[B, 3, H, W]` in [-1, 1]. `lpips` are the weights in the `vgg` files; without them the
    /// structural loss stands in.
    #[must_use]
    pub fn of(&self, lpips: Option<&Lpips>, picture: Tensor<4>, reconstruction: Tensor<4>) -> Tensor<1> {
        let mut sum = Tensor::zeros([1], &reconstruction.device());
        let difference = picture.clone() - reconstruction.clone();
        if self.l1 != 0.0 {
            sum = sum + difference.clone().abs().mean() * self.l1;
        }
        if self.l2 != 0.0 {
            sum = sum + difference.square().mean() * self.l2;
        }
        let mut structural = self.structural;
        match lpips {
            _ if self.lpips == 0.0 => {}
            Some(lpips) => sum = sum + lpips.of(picture.clone(), reconstruction.clone()) * self.lpips,
            None => structural += self.lpips,
        }
        if structural != 0.0 {
            sum = sum + structural_loss(picture, reconstruction) * structural;
        }
        sum
    }
}

/// `vgg = "file"` or `vgg = ["file", "file"]`.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(PathBuf),
        More(Vec<PathBuf>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(path) => vec![path],
        OneOrMore::More(paths) => paths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lpips_takes_the_place_of_the_structural_loss_or_has_a_weight_of_its_own() {
        let mut loss = ReconstructionLoss { structural: 0.25, ..ReconstructionLoss::default() };
        loss.use_vgg(vec!["vgg.pth".into()]);
        assert_eq!((loss.structural, loss.lpips, loss.has_lpips()), (0.0, 0.25, true));
        let mut loss = ReconstructionLoss { structural: 0.1, lpips: 2.0, ..ReconstructionLoss::default() };
        assert!(!loss.has_lpips());
        loss.use_vgg(vec!["vgg.pth".into()]);
        assert_eq!((loss.structural, loss.lpips), (0.1, 2.0));
    }

    #[test]
    fn a_preset_names_one_file_or_two_and_a_checkpoint_keeps_them() {
        let parse = |text: &str| toml::from_str::<ReconstructionLoss>(text).unwrap();
        let one = parse("lpips = 1.0\nvgg = \"a.pth\"");
        assert_eq!(one.vgg, [PathBuf::from("a.pth")]);
        let two = parse("vgg = [\"a.pth\", \"b.pth\"]");
        assert_eq!(two.vgg.len(), 2);
        assert_eq!(parse(&toml::to_string(&one).unwrap()), one);
        assert!(!toml::to_string(&ReconstructionLoss::default()).unwrap().contains("vgg"));
    }

    #[test]
    fn without_vgg_weights_the_structural_loss_stands_in() {
        let device = burn::tensor::Device::flex();
        let (x, y) =
            (Tensor::<4>::zeros([1, 3, 16, 16], &device), Tensor::<4>::ones([1, 3, 16, 16], &device));
        let of = |loss: ReconstructionLoss| loss.of(None, x.clone(), y.clone()).into_scalar::<f32>();
        let asked = ReconstructionLoss { structural: 0.0, lpips: 0.5, ..ReconstructionLoss::default() };
        let stand_in = ReconstructionLoss { structural: 0.5, ..ReconstructionLoss::default() };
        assert_eq!(of(asked), of(stand_in));
    }
}
