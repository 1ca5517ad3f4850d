//! The main job in one call: a picture goes in, becomes tokens, and comes back.

use image::RgbImage;

use crate::{image::Resize, job::Job, tokens::TokenGrid};

use super::{KernelTime, RunOptions, StageTime, Tokenizer, TokenizerError};

/// A picture, its tokens, and what came back.
#[derive(Clone, Debug)]
pub struct Reconstruction {
    /// The picture as compared: resized if asked, without padding.
    pub original: RgbImage,
    /// What came back, of the same size.
    pub reconstruction: RgbImage,
    /// The tokens, of the padded picture.
    pub grid: TokenGrid,
    /// Margins of the tokens, when asked.
    pub margins: Option<Vec<f32>>,
    /// Latents of the positions, when asked.
    pub latents: Option<Vec<f32>>,
    /// Peak signal-to-noise ratio in dB.
    pub psnr: f64,
    /// Structural similarity.
    pub ssim: f64,
    /// Bits per pixel of the tokens, over the pixels of the original.
    pub bits_per_pixel: f64,
    /// Number of different codes used.
    pub distinct_codes: usize,
    /// Times of the stages "encode", "lookup", "decode".
    pub times: Vec<StageTime>,
    /// Times of the kernels, when asked and possible.
    pub kernels: Vec<KernelTime>,
    /// What was done to the picture, ready to be shown: resizing, padding, tiles.
    pub notes: Vec<String>,
}

/// Encodes and decodes one picture of any size.
///
/// # Errors
/// [`TokenizerError`] as of [`Tokenizer::encode`] and [`Tokenizer::decode`].
pub async fn reconstruct(
    _tokenizer: &Tokenizer,
    _picture: RgbImage,
    _resize: Resize,
    _options: &RunOptions,
    _job: &Job,
) -> Result<Reconstruction, TokenizerError> {
    unimplemented!()
}
