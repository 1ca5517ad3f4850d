//! What drawing needs beside logits, as the operation reads it.

use ibq_shaders::{NO_INDEX, params::SampleSettings};

use super::Sampling;

/// How the tokens of one picture are drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) sampling: Sampling,
    pub(super) seed: u64,
    pub(super) number: u32,
    /// Given tokens from the first position on.
    pub(super) fixed: Vec<Option<u32>>,
}

/// What drawing needs, for some pictures, as the operation reads it.
#[derive(Debug)]
pub(super) struct SampleInputs {
    pub(super) pictures: u32,
    /// None where nothing is drawn.
    pub(super) settings: Vec<SampleSettings>,
    /// [pictures, block]
    pub(super) guidance: Vec<f32>,
    /// [pictures, block]
    pub(super) fixed: Vec<u32>,
    /// [pictures, block]: given tokens are in their places already.
    pub(super) tokens: Vec<u32>,
}

impl SampleInputs {
    /// Pictures of `block` tokens each.
    pub(super) fn new(drawings: &[Drawing], block: u32) -> Self {
        let mut settings = Vec::new();
        let mut guidance = Vec::new();
        let mut fixed = Vec::new();
        for Drawing { sampling, seed, number, fixed: given } in drawings {
            settings.push(SampleSettings {
                seed_low: *seed as u32,
                seed_high: (*seed >> 32) as u32,
                number: *number,
                top_k: sampling.top_k,
                temperature: sampling.temperature,
                top_p: sampling.top_p,
            });
            guidance.extend(sampling.scales(block));
            let given = given.iter().map(|token| token.unwrap_or(NO_INDEX));
            fixed.extend(given.chain(std::iter::repeat(NO_INDEX)).take(block as usize));
        }
        let tokens = fixed.iter().map(|&token| if token == NO_INDEX { 0 } else { token }).collect();
        Self { pictures: drawings.len() as u32, settings, guidance, fixed, tokens }
    }

    /// One picture whose tokens are given, and of which nothing is drawn.
    pub(super) fn given(tokens: &[u32], block: u32) -> Self {
        let mut tokens = tokens.to_vec();
        tokens.resize(block as usize, 0);
        Self { pictures: 1, settings: Vec::new(), guidance: Vec::new(), fixed: Vec::new(), tokens }
    }
}
