//! The main job in one call: a picture goes in, becomes tokens, and comes back.

use image::RgbImage;

use crate::{
    gpu::{KernelTime, StageTime},
    job::Job,
    picture::{Resize, fit_to_factor, psnr, ssim},
    tokens::{TokenGrid, bits_per_pixel, distinct_codes},
};

use super::{RunOptions, Tokenizer, TokenizerError};

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
    tokenizer: &Tokenizer,
    picture: RgbImage,
    resize: Resize,
    options: &RunOptions,
    job: &Job,
) -> Result<Reconstruction, TokenizerError> {
    let config = tokenizer.config();
    let fitted = fit_to_factor(picture, resize, config.factor());
    let original = fitted.picture();
    let mut encoding = tokenizer.encode(std::slice::from_ref(&fitted.rgb), options, job).await?;
    let decoding = tokenizer.decode(&encoding.grids, options, job).await?;
    let (Some(grid), Some(decoded)) = (encoding.grids.pop(), decoding.pictures.first()) else {
        return Err(TokenizerError::Input("no picture came back".to_owned()));
    };
    let reconstruction = fitted.crop.apply(decoded);
    let mut notes = fitted.notes;
    if let Some(tiles) = encoding.tiles.or(decoding.tiles) {
        notes.push(tiles.to_string());
    }
    encoding.times.extend(decoding.times);
    encoding.kernels.extend(decoding.kernels);
    Ok(Reconstruction {
        psnr: psnr(&original, &reconstruction),
        ssim: ssim(&original, &reconstruction),
        bits_per_pixel: bits_per_pixel(
            grid.tokens.len(),
            config.quantizer().codes,
            original.width(),
            original.height(),
        ),
        distinct_codes: distinct_codes(&grid.tokens),
        original,
        reconstruction,
        grid,
        margins: encoding.margins.and_then(|mut margins| margins.pop()),
        latents: encoding.latents.and_then(|mut latents| latents.pop()),
        times: encoding.times,
        kernels: encoding.kernels,
        notes,
    })
}
