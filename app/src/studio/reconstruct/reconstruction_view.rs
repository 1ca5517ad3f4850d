//! What one model made of a picture, ready to be drawn.

use std::sync::Arc;

use ibq_core::{
    gpu::{Stage, StageTime},
    tokens::{bits_per_pixel, distinct_codes},
};
use image::RgbImage;

use crate::studio::{models::LoadedModel, picture_texture::PictureTexture};

use super::history::History;

/// A picture with its pixels and its texture.
pub(crate) struct TexturedImage {
    /// Differs for any two pictures that were ever shown.
    pub(crate) revision: u64,
    pub(crate) rgb: Arc<RgbImage>,
    pub(crate) texture: PictureTexture,
}

/// The numbers of a reconstruction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    /// In dB; none without an original.
    pub(crate) psnr: Option<f64>,
    pub(crate) ssim: Option<f64>,
    pub(crate) bits_per_pixel: f64,
    pub(crate) distinct: usize,
    pub(crate) times: Vec<StageTime>,
}

/// A reconstruction.
pub(crate) struct ReconstructionView {
    /// Name of the picture.
    pub(crate) name: String,
    pub(crate) model: LoadedModel,
    pub(crate) original: Option<TexturedImage>,
    pub(crate) picture: TexturedImage,
    pub(crate) tokens: History,
    pub(crate) margins: Option<Vec<f32>>,
    /// positions × embed_dim values.
    pub(crate) latents: Option<Arc<Vec<f32>>>,
    pub(crate) numbers: Numbers,
    pub(crate) notes: Vec<String>,
}

impl ReconstructionView {
    /// Pixels per token side.
    pub(crate) fn factor(&self) -> u32 {
        self.model.tokenizer.config().factor()
    }

    /// Number of codes.
    pub(crate) fn codebook_size(&self) -> u32 {
        self.model.tokenizer.config().quantizer().codes
    }

    /// Brings the numbers that depend on the tokens alone up to date.
    pub(crate) fn count_tokens(&mut self) {
        let (width, height) = self.picture.rgb.dimensions();
        let tokens = &self.tokens.grid().tokens;
        self.numbers.distinct = distinct_codes(tokens);
        self.numbers.bits_per_pixel = bits_per_pixel(tokens.len(), self.codebook_size(), width, height);
    }

    /// Time of a stage in milliseconds.
    pub(crate) fn time(&self, stage: Stage) -> Option<f64> {
        self.numbers.times.iter().find(|time| time.stage == stage).map(|time| time.ms)
    }

    /// The latent vector of a position.
    pub(crate) fn latent(&self, position: u32) -> Option<Vec<f32>> {
        let dimension = self.model.tokenizer.config().quantizer().dimension as usize;
        let start = position as usize * dimension;
        self.latents.as_ref()?.get(start..start + dimension).map(<[f32]>::to_vec)
    }
}
