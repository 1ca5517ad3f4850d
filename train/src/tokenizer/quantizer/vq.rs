//! Vector quantization (van den Oord et al. 2017), in the two forms of the official code.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::{Quantized, Quantizer, QuantizerLosses, QuantizerWeights, scatter_rows};

/// The nearest code; the gradient of the code goes straight to the latent, and only chosen codes learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vq {
    /// Weight of one of the two halves of the loss.
    pub beta: f32,
    /// Which half.
    pub beta_on: BetaOn,
}

/// Where `beta` stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BetaOn {
    /// On the half that moves the codes (`legacy` in the official code): `mean((stopgrad(z_q) - z)²) + beta · mean((z_q - stopgrad(z))²)`.
    Codes,
    /// On the half that moves the latents, as in the paper on VQ: `beta · mean((stopgrad(z_q) - z)²) + mean((z_q - stopgrad(z))²)`.
    Latents,
}

impl Default for Vq {
    fn default() -> Self {
        Self { beta: 0.25, beta_on: BetaOn::Latents }
    }
}

impl Quantizer for Vq {
    fn forward(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Quantized {
        let indices = self.choose(latents.clone(), codebook.clone());
        let codes = codebook.select(0, indices.clone());
        let distance = (codes.clone() - latents).square().mean().into_scalar::<f32>();
        let losses =
            QuantizerLosses { quantization: (1.0 + self.beta) * distance, ..QuantizerLosses::default() };
        Quantized { indices, codes, losses, mean_probability: None }
    }

    fn choose(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Tensor<1, Int> {
        // |z - c|² without |z|², which is the same for all codes.
        let lengths = codebook.clone().square().sum_dim(1).transpose();
        (lengths - latents.matmul(codebook.transpose()) * 2.0).argmin(1).squeeze_dim::<1>(1)
    }

    fn backward(
        &self,
        latents: Tensor<2>,
        codebook: Tensor<2>,
        quantized: &Quantized,
        code_gradient: Tensor<2>,
        weights: &QuantizerWeights,
    ) -> (Tensor<2>, Tensor<2>) {
        let [count, dimension] = latents.dims();
        let (on_latents, on_codes) = match self.beta_on {
            BetaOn::Codes => (1.0, self.beta),
            BetaOn::Latents => (self.beta, 1.0),
        };
        let error = quantized.codes.clone() - latents;
        let unit = 2.0 * weights.quantization / (count * dimension) as f32;
        let d_latents = code_gradient - error.clone() * (unit * on_latents);
        let d_codebook =
            scatter_rows(quantized.indices.clone(), error * (unit * on_codes), codebook.dims()[0]);
        (d_latents, d_codebook)
    }
}
