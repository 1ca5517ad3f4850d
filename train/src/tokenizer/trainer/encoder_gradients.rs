//! The way back of a step from the decoder into codes and encoder.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::trainer::Trainer;
use crate::{
    tokenizer::{
        parameters::CODEBOOK,
        quantizer::Quantized,
        rows::{as_map, as_rows},
    },
    weights::Weights,
};

impl Trainer {
    /// The gradients of codebook and encoder. `weights` are the leaves that made `latents` `[B, D, h, w]`, and `rows` are these
    /// latents without a record; `on_codes` is the decoder's gradient on what it was given in their place, `quantized`, or on
    /// the latents themselves while there are no codes. All gradients are returned `scale` times as large.
    pub(super) fn encoder_gradients(
        &self,
        weights: &Weights,
        latents: Tensor<4>,
        rows: Tensor<2>,
        quantized: Option<&Quantized>,
        on_codes: Tensor<4>,
        scale: f32,
    ) -> BTreeMap<String, Tensor<1>> {
        let shape = latents.dims();
        let training = &self.preset.training;
        let mut gradients = BTreeMap::new();
        let mut on_latents = on_codes.clone();
        if let Some(quantized) = quantized {
            let (d_rows, d_codebook) = self.preset.quantizer.rule().backward(
                rows,
                self.weights.get(CODEBOOK),
                quantized,
                as_rows(on_codes),
                &self.preset.quantizer_loss,
            );
            on_latents = as_map(d_rows, shape);
            gradients.insert(CODEBOOK.to_owned(), d_codebook.flatten(0, 1) * scale);
        } else if training.latent_energy_weight > 0.0 {
            let d_rows = energy_gradient(rows, training.latent_energy, training.latent_energy_weight);
            on_latents = on_latents + as_map(d_rows, shape);
        }
        // A sum whose gradient on the latents is the given one carries it into the encoder.
        let mut passed = (latents * (on_latents * scale).autodiff()).sum().backward();
        gradients.extend(weights.gradients(&mut passed));
        gradients
    }
}

/// Gradient of `weight · mean((|z|² / energy - 1)²)` for rows `z`.
fn energy_gradient(rows: Tensor<2>, energy: f64, weight: f64) -> Tensor<2> {
    let [count, _] = rows.dims();
    let excess = rows.clone().square().sum_dim(1) / energy - 1.0;
    rows * excess * (4.0 * weight / (energy * count as f64))
}
