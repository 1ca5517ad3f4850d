//! How good a tokenizer is on held-out images.

use burn::tensor::Device;
use ibq_core::{
    picture::{psnr, sheet, side_by_side, ssim},
    tokenizer::TokenizerConfig,
    tokens::perplexity,
};
use ibq_train_events::Evaluation;
use image::RgbImage;

use super::{
    network::{decode, encode},
    parameters::CODEBOOK,
    quantizer::QuantizerConfig,
    rows::{as_map, as_rows, integers},
};
use crate::{
    data::{Pictures, to_pictures},
    weights::Weights,
};

/// Pictures that go through the network at once.
const BATCH: usize = 8;

/// Encodes, quantizes and decodes all pictures.
#[must_use]
pub fn reconstruct(
    weights: &Weights,
    config: &TokenizerConfig,
    quantizer: &QuantizerConfig,
    pictures: &Pictures,
    device: &Device,
) -> (Vec<RgbImage>, Vec<u32>) {
    let (mut reconstructed, mut codes) = (Vec::new(), Vec::new());
    let all: Vec<usize> = (0..pictures.len()).collect();
    for batch in all.chunks(BATCH) {
        let latents = encode(weights, config, pictures.tensor(batch, device));
        let shape = latents.dims();
        let chosen = quantizer.rule().choose(as_rows(latents), weights.get(CODEBOOK));
        codes.extend(integers(&chosen));
        let rows = weights.get::<2>(CODEBOOK).select(0, chosen);
        reconstructed.extend(to_pictures(&decode(weights, config, as_map(rows, shape))));
    }
    (reconstructed, codes)
}

/// Measures reconstructions of all pictures.
#[must_use]
pub fn evaluate(
    weights: &Weights,
    config: &TokenizerConfig,
    quantizer: &QuantizerConfig,
    pictures: &Pictures,
    device: &Device,
) -> (Evaluation, Vec<RgbImage>) {
    let (reconstructed, codes) = reconstruct(weights, config, quantizer, pictures, device);
    let mean = |measure: fn(&RgbImage, &RgbImage) -> f64| {
        let sum: f64 = reconstructed.iter().enumerate().map(|(i, r)| measure(&pictures.get(i), r)).sum();
        sum / reconstructed.len() as f64
    };
    let mut used = vec![false; config.n_embed as usize];
    codes.iter().for_each(|code| used[*code as usize] = true);
    let usage = used.iter().filter(|used| **used).count() as f64 / used.len() as f64;
    let evaluation = Evaluation {
        pictures: pictures.len(),
        psnr: mean(psnr),
        ssim: mean(ssim),
        usage,
        perplexity: perplexity(&codes),
    };
    (evaluation, reconstructed)
}

/// Pictures and reconstructions in pairs of rows, `columns` pictures wide.
#[must_use]
pub fn sample_sheet(pictures: &Pictures, reconstructed: &[RgbImage], columns: usize) -> RgbImage {
    let mut rows = Vec::new();
    let all: Vec<usize> = (0..reconstructed.len()).collect();
    for row in all.chunks(columns.max(1)) {
        let originals: Vec<RgbImage> = row.iter().map(|index| pictures.get(*index)).collect();
        rows.push(side_by_side(&originals.iter().collect::<Vec<_>>()));
        rows.push(side_by_side(&row.iter().map(|index| &reconstructed[*index]).collect::<Vec<_>>()));
    }
    sheet(&rows)
}
