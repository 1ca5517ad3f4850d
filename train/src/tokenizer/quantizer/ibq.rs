//! Index backpropagation quantization (arXiv 2412.02692, section 3.2).
//!
//! With logits `l = z · Cᵀ`, `p = softmax(l)` and `h = onehot(argmax p)`, the index is `h + p - stopgrad(p)` and the code
//! `z_q` its product with `C`. Forward that is the hard code; backward the gradient flows through `p` into every code
//! and into `z`:
//!
//! ```text
//! dC = hᵀ g + dlᵀ z     dz = dl C     dl = p ∘ (g Cᵀ - sum_k p ∘ g Cᵀ)
//! ```
//!
//! where `g` is the gradient of `z_q`. Rows of the N × K tables are independent but for one vector of length K (the mean
//! probability), so both passes go through them in tiles: memory is O(N · D + K · D).

use burn::tensor::{Int, Tensor, activation::softmax};
use serde::{Deserialize, Serialize};

use super::{Quantized, Quantizer, QuantizerLosses, QuantizerWeights, scatter_rows};

/// Most elements that one tile of an N × K table may have.
const TILE_ELEMENTS: usize = 1 << 22;
/// Added within the logarithm of the mean probability.
const ENTROPY_EPSILON: f32 = 1e-5;

/// The rule's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ibq {
    /// Weight of the last term of the double quantization loss.
    pub beta: f32,
    /// The last term moves the latents (as the paper writes it) instead of the codes (as the official code does).
    pub beta_on_commitment: bool,
    /// Temperature of the probabilities in the entropy penalty.
    pub entropy_temperature: f32,
    /// Parts of the method that are left out, to see what they do.
    pub without: Vec<Ablation>,
    /// Rows of one tile; none: as many as fit into a fixed amount of memory.
    pub tile_rows: Option<usize>,
}

/// A part of the method that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ablation {
    /// The first term of the double quantization loss, whose gradient reaches all codes.
    DoubleQuantization,
    /// The gradient through the probabilities: what is left is a straight-through estimator.
    AllCodesGradient,
}

impl Default for Ibq {
    fn default() -> Self {
        Self {
            beta: 0.25,
            beta_on_commitment: false,
            entropy_temperature: 0.01,
            without: Vec::new(),
            tile_rows: None,
        }
    }
}

impl Ibq {
    fn lacks(&self, part: Ablation) -> bool {
        self.without.contains(&part)
    }

    /// Ranges of rows that are worked on at a time.
    fn tiles(&self, rows: usize, codes: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let most = self.tile_rows.unwrap_or(TILE_ELEMENTS / codes.max(1)).max(1);
        (0..rows).step_by(most).map(move |start| start..(start + most).min(rows))
    }
}

impl Quantizer for Ibq {
    fn forward(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Quantized {
        let [count, dimension] = latents.dims();
        let [codes, _] = codebook.dims();
        let mut indices = Vec::new();
        let mut sample_entropy = 0.0;
        let mut mean = Tensor::<1>::zeros([codes], &latents.device());
        for rows in self.tiles(count, codes) {
            let tile = latents.clone().slice([rows, 0..dimension]);
            let logits = tile.matmul(codebook.clone().transpose());
            indices.push(logits.clone().argmax(1).squeeze_dim::<1>(1));
            let (q, log_q) = tempered(logits, self.entropy_temperature);
            sample_entropy -= (q.clone() * log_q).sum().into_scalar::<f32>() / count as f32;
            mean = mean + q.sum_dim(0).squeeze_dim::<1>(0) / count as f32;
        }
        let indices = Tensor::cat(indices, 0);
        let chosen = codebook.select(0, indices.clone());
        let distance = (chosen.clone() - latents).square().mean().into_scalar::<f32>();
        let terms = 1.0 + self.beta + if self.lacks(Ablation::DoubleQuantization) { 0.0 } else { 1.0 };
        let log_mean = (mean.clone() + ENTROPY_EPSILON).log();
        let mean_entropy = -(mean.clone() * log_mean).sum().into_scalar::<f32>();
        let losses = QuantizerLosses { quantization: terms * distance, sample_entropy, mean_entropy };
        Quantized { indices, codes: chosen, losses, mean_probability: Some(mean) }
    }

    fn choose(&self, latents: Tensor<2>, codebook: Tensor<2>) -> Tensor<1, Int> {
        let [count, dimension] = latents.dims();
        let of_tile = |rows| {
            let tile = latents.clone().slice([rows, 0..dimension]);
            tile.matmul(codebook.clone().transpose()).argmax(1).squeeze_dim::<1>(1)
        };
        Tensor::cat(self.tiles(count, codebook.dims()[0]).map(of_tile).collect(), 0)
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
        let [codes, _] = codebook.dims();

        // The quantization loss: mean((z_q - z)²) + mean((z_q' - z)²), and beta times the same for the codes.
        let error = quantized.codes.clone() - latents.clone();
        let unit = 2.0 * weights.quantization / (count * dimension) as f32;
        let double = if self.lacks(Ablation::DoubleQuantization) { 0.0 } else { 1.0 };
        let (pull, push) = if self.beta_on_commitment { (self.beta, 1.0) } else { (1.0, self.beta) };
        let through_index = code_gradient + error.clone() * (unit * double);
        let mut d_latents = error.clone() * (-unit * (double + pull));
        let hard = through_index.clone() + error * (unit * push);
        let mut d_codebook = scatter_rows(quantized.indices.clone(), hard, codes);

        if self.lacks(Ablation::AllCodesGradient) {
            d_latents = d_latents + through_index.clone();
        }

        let entropy = self.entropy_gradient(quantized, count, weights);
        for rows in self.tiles(count, codes) {
            let tile = latents.clone().slice([rows.clone(), 0..dimension]);
            let logits = tile.clone().matmul(codebook.clone().transpose());
            let mut d_logits = None;
            if !self.lacks(Ablation::AllCodesGradient) {
                let g = through_index.clone().slice([rows.clone(), 0..dimension]);
                let d_index = g.matmul(codebook.clone().transpose());
                d_logits = Some(softmax_gradient(softmax(logits.clone(), 1), d_index));
            }
            if let Some((slope, sample)) = &entropy {
                let (q, log_q) = tempered(logits, self.entropy_temperature);
                let d_q = log_q * -*sample + slope.clone().unsqueeze_dim(0);
                let part = softmax_gradient(q, d_q) / self.entropy_temperature;
                d_logits = Some(d_logits.map_or(part.clone(), |d| d + part));
            }
            let Some(d_logits) = d_logits else { continue };
            d_codebook = d_codebook + d_logits.clone().transpose().matmul(tile);
            let d_tile = d_logits.matmul(codebook.clone());
            let changed = d_latents.clone().slice([rows.clone(), 0..dimension]) + d_tile;
            d_latents = d_latents.slice_assign([rows, 0..dimension], changed);
        }
        (d_latents, d_codebook)
    }
}

impl Ibq {
    /// What the entropy penalty leaves on the tempered probabilities `q`: `-slope`-wise a vector of length K from the mean
    /// entropy, and a factor on `log q` from the sample entropy. None when the penalty has no weight.
    fn entropy_gradient(
        &self,
        quantized: &Quantized,
        count: usize,
        weights: &QuantizerWeights,
    ) -> Option<(Tensor<1>, f32)> {
        let mean = quantized.mean_probability.clone().filter(|_| weights.entropy != 0.0)?;
        let sample = weights.entropy * weights.sample / count as f32;
        let with_epsilon = mean.clone() + ENTROPY_EPSILON;
        let slope = (with_epsilon.clone().log() + mean / with_epsilon)
            * (weights.entropy * weights.mean / count as f32);
        Some((slope, sample))
    }
}

/// `softmax(logits / temperature)` by rows, and its logarithm.
fn tempered(logits: Tensor<2>, temperature: f32) -> (Tensor<2>, Tensor<2>) {
    let scaled = logits / temperature;
    let shifted = scaled.clone() - scaled.max_dim(1);
    let exponential = shifted.clone().exp();
    let total = exponential.clone().sum_dim(1);
    (exponential / total.clone(), shifted - total.log())
}

/// Gradient of the logits of `p = softmax(logits)`, given that of `p`.
fn softmax_gradient(p: Tensor<2>, d_p: Tensor<2>) -> Tensor<2> {
    let mean = (p.clone() * d_p.clone()).sum_dim(1);
    p * (d_p - mean)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Int};

    use super::*;

    /// The method as the official code writes it down, with all tables in memory and gradients by autodiff: gradients of
    /// latents and codes for the sum of all losses and of `codes · upstream`.
    fn plain(
        rule: &Ibq,
        z: &Tensor<2>,
        c: &Tensor<2>,
        upstream: &Tensor<2>,
        w: &QuantizerWeights,
    ) -> [Tensor<2>; 2] {
        let (z, c) = (z.clone().autodiff().require_grad(), c.clone().autodiff().require_grad());
        let logits = z.clone().matmul(c.clone().transpose());
        let p = softmax(logits.clone(), 1);
        let [count, codes] = p.dims();
        let chosen: Tensor<2, Int> = logits.clone().inner().argmax(1);
        let places = Tensor::<1, Int>::arange(0..codes as i64, &chosen.device()).reshape([1, codes]);
        let hard = chosen.expand([count, codes]).equal(places.expand([count, codes])).float().autodiff();
        let index = hard.clone() + p.clone() - p.detach();
        let (z_q, z_q2) = (index.matmul(c.clone()), hard.matmul(c.clone()));
        let quantization = (z_q.clone() - z.clone()).square().mean()
            + (z_q2.clone().detach() - z.clone()).square().mean()
            + (z_q2 - z.clone().detach()).square().mean() * rule.beta;
        let q = softmax(logits / rule.entropy_temperature, 1);
        let mean = q.clone().mean_dim(0);
        let sample = -(q.clone() * (q + 1e-30).log()).sum() / count as f32;
        let of_mean = -(mean.clone() * (mean + 1e-5).log()).sum();
        let entropy = sample * w.sample - of_mean * w.mean;
        let upstream = (z_q * upstream.clone().autodiff()).sum();
        let gradients = (quantization * w.quantization + entropy * w.entropy + upstream).backward();
        [z.grad(&gradients).unwrap(), c.grad(&gradients).unwrap()]
    }

    #[test]
    fn tiles_give_the_gradients_of_the_plain_form() {
        let device = Device::flex();
        device.seed(11);
        let weights = QuantizerWeights { quantization: 0.7, entropy: 0.3, sample: 1.0, mean: 0.8 };
        for (count, codes, dimension, tile_rows) in
            [(1, 1, 1, Some(1)), (17, 33, 5, Some(4)), (40, 64, 16, Some(64))]
        {
            let random = |rows, spread| {
                Tensor::<2>::random([rows, dimension], Distribution::Normal(0.0, spread), &device)
            };
            let (z, c, upstream) = (random(count, 1.0), random(codes, 1.0), random(count, 0.1));
            let rule = Ibq { entropy_temperature: 0.5, tile_rows, ..Ibq::default() };
            let quantized = rule.forward(z.clone(), c.clone());
            let chosen = rule.choose(z.clone(), c.clone());
            assert_eq!(chosen.to_data(), quantized.indices.to_data());
            let (d_z, d_c) = rule.backward(z.clone(), c.clone(), &quantized, upstream.clone(), &weights);
            for (ours, truth) in [d_z, d_c].into_iter().zip(plain(&rule, &z, &c, &upstream, &weights)) {
                let scale = truth.clone().abs().max().into_scalar::<f32>();
                let error = (ours - truth).abs().max().into_scalar::<f32>();
                assert!(error <= 1e-5 * scale.max(0.1), "{count} × {codes}: off by {error} of {scale}");
            }
        }
    }

    #[test]
    fn without_its_gradient_through_all_codes_only_chosen_codes_learn() {
        let device = Device::flex();
        device.seed(12);
        let random = |rows| Tensor::<2>::random([rows, 4], Distribution::Normal(0.0, 1.0), &device);
        let (z, c, upstream) = (random(3), random(32), random(3));
        let weights = QuantizerWeights { entropy: 0.0, ..QuantizerWeights::default() };
        let moved = |without: Vec<Ablation>| {
            let rule = Ibq { without, ..Ibq::default() };
            let quantized = rule.forward(z.clone(), c.clone());
            let (_, d_c) = rule.backward(z.clone(), c.clone(), &quantized, upstream.clone(), &weights);
            let lengths: Vec<f32> = d_c.abs().sum_dim(1).to_data().iter().collect();
            lengths.into_iter().filter(|length| *length > 0.0).count()
        };
        assert_eq!(moved(vec![]), 32);
        assert!(moved(vec![Ablation::AllCodesGradient]) <= 3);
    }
}
