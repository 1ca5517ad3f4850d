//! Quantizers: latent vectors become codes, and the codes learn.
//!
//! A quantizer is one operation with its own gradient. [`Quantizer::forward`] picks the codes, and
//! [`Quantizer::backward`] takes the gradient that the decoder left on them and returns the gradients of the latents and
//! of the codebook, those of the quantizer's own losses included. So the network before and the network after it need
//! not know which rule is used, and no table of all positions times all codes is ever kept: IBQ works through the
//! positions in tiles and computes a tile anew in the backward pass.

mod ibq;
mod vq;

pub use ibq::{Ablation, Ibq};
pub use vq::{BetaOn, Vq};

use burn::tensor::{Int, Tensor};
use ibq_core::tokenizer::Rule;
use serde::{Deserialize, Serialize};

/// What a quantizer made of N latent vectors.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The chosen codes, `[N]`.
    pub indices: Tensor<1, Int>,
    /// Their vectors, `[N, D]`: what the decoder sees.
    pub codes: Tensor<2>,
    /// The quantizer's losses, unweighted.
    pub losses: QuantizerLosses,
    /// Mean probability of each code at the entropy temperature, `[K]`, where the rule has probabilities.
    mean_probability: Option<Tensor<1>>,
}

/// The losses of a quantizer, before their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct QuantizerLosses {
    /// Distance between latents and codes (the double quantization loss of IBQ).
    pub quantization: f32,
    /// Mean entropy of a position's choice: low when choices are clear.
    pub sample_entropy: f32,
    /// Entropy of the mean choice: high when all codes are used.
    pub mean_entropy: f32,
}

/// How much each loss of a quantizer counts, and the gradient of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuantizerWeights {
    /// Weight of the quantization loss.
    pub quantization: f32,
    /// Weight of the entropy penalty as a whole.
    pub entropy: f32,
    /// Within the penalty: weight of the sample entropy.
    pub sample: f32,
    /// Within the penalty: weight of the mean entropy, which is subtracted.
    pub mean: f32,
}

impl Default for QuantizerWeights {
    /// The paper's.
    fn default() -> Self {
        Self { quantization: 1.0, entropy: 0.05, sample: 1.0, mean: 1.0 }
    }
}

/// A rule that turns latents into codes. None of its tensors is tracked by autodiff.
pub trait Quantizer: Send + std::fmt::Debug {
    /// Quantizes `latents` `[N, D]` with `codebook` `[K, D]`.
    fn forward(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Quantized;

    /// The codes that `forward` chooses, `[N]`, without its losses: all that encoding needs.
    fn choose(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Tensor<1, Int>;

    /// Gradients of `latents` `[N, D]` and `codebook` `[K, D]`, of the weighted losses of the quantizer plus of whatever
    /// left `code_gradient` `[N, D]` on the codes.
    fn backward(
        &self,
        latents: Tensor<2>,
        codebook: Tensor<2>,
        quantized: &Quantized,
        code_gradient: Tensor<2>,
        weights: &QuantizerWeights,
    ) -> (Tensor<2>, Tensor<2>);
}

/// A quantizer by name, as presets give it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "lowercase")]
pub enum QuantizerConfig {
    /// Index backpropagation.
    Ibq(Ibq),
    /// Vector quantization: the nearest code, and a straight-through gradient.
    Vq(Vq),
}

impl QuantizerConfig {
    /// The quantizer that chooses codes by this rule, with its usual settings.
    #[must_use]
    pub fn of(rule: Rule) -> Self {
        match rule {
            Rule::Ibq => Self::Ibq(Ibq::default()),
            Rule::Vq => Self::Vq(Vq::default()),
        }
    }

    /// The rule itself.
    #[must_use]
    pub fn rule(&self) -> &dyn Quantizer {
        match self {
            Self::Ibq(ibq) => ibq,
            Self::Vq(vq) => vq,
        }
    }

    /// How the engine chooses the same codes.
    #[must_use]
    pub fn engine_rule(&self) -> Rule {
        match self {
            Self::Ibq(_) => Rule::Ibq,
            Self::Vq(_) => Rule::Vq,
        }
    }
}

/// Adds row `n` of `rows` `[N, D]` to row `indices[n]` of a zero `[K, D]` table: `hᵀ · rows` for one-hot `h`.
fn scatter_rows(indices: Tensor<1, Int>, rows: Tensor<2>, codes: usize) -> Tensor<2> {
    let [_, dimension] = rows.dims();
    let table = Tensor::zeros([codes, dimension], &rows.device());
    table.select_assign(0, indices, rows, burn::tensor::IndexingUpdateOp::Add)
}
