//! What the engine is asked to do, as tasks.

use std::{collections::HashSet, sync::Arc};

use ibq_core::{
    gpu::StageTime,
    job::Job,
    picture::{Resize, difference, psnr, ssim},
    tokenizer::{RunOptions, Tiling, Tokenizer, TokenizerError, reconstruct},
    tokens::TokenGrid,
};
use image::{RgbImage, imageops};

use crate::studio::{
    failure::Failure,
    models::LoadedModel,
    patches::{DecodedPatches, decode_patches},
    picture_texture::Pixels,
};

/// A picture and its pixels, as they are uploaded.
pub(super) type WithPixels = (Arc<RgbImage>, Pixels);

/// What a model is to work on.
#[derive(Clone)]
pub(crate) enum RunInput {
    Picture {
        picture: Arc<RgbImage>,
        /// What was done on opening it.
        notes: Vec<String>,
        resize: Resize,
    },
    /// Tokens that came without a picture; the size is that of the picture before padding.
    Tokens { grid: TokenGrid, size: Option<(u32, u32)> },
}

/// Work for a model.
#[derive(Clone)]
pub(crate) struct RunRequest {
    pub(crate) model: LoadedModel,
    /// Name of the picture.
    pub(crate) name: String,
    pub(crate) tiling: Tiling,
    pub(crate) input: RunInput,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) model: LoadedModel,
    pub(crate) original: Option<WithPixels>,
    pub(crate) picture: WithPixels,
    pub(crate) grid: TokenGrid,
    pub(crate) margins: Option<Vec<f32>>,
    pub(crate) latents: Option<Arc<Vec<f32>>>,
    pub(crate) psnr: Option<f64>,
    pub(crate) ssim: Option<f64>,
    pub(crate) times: Vec<StageTime>,
    pub(crate) notes: Vec<String>,
}

/// Encodes and decodes a picture, or decodes tokens.
pub(crate) async fn run(request: RunRequest, job: Job) -> Result<Box<Outcome>, Failure> {
    let RunRequest { model, name, tiling, input } = request;
    let outcome = match input {
        RunInput::Picture { picture, notes, resize } => {
            let options = RunOptions { tiling, margins: true, latents: true, ..RunOptions::default() };
            let picture = RgbImage::clone(&picture);
            let done = reconstruct(&model.tokenizer, picture, resize, &options, &job).await;
            done.map(|done| Outcome {
                name,
                original: Some(with_pixels(done.original)),
                picture: with_pixels(done.reconstruction),
                grid: done.grid,
                margins: done.margins,
                latents: done.latents.map(Arc::new),
                psnr: Some(done.psnr),
                ssim: Some(done.ssim),
                times: done.times,
                notes: notes.into_iter().chain(done.notes).collect(),
                model,
            })
        }
        RunInput::Tokens { grid, size } => {
            let options = RunOptions { tiling, ..RunOptions::default() };
            let done = decode(&model.tokenizer, grid.clone(), size, &options, &job).await;
            done.map(|(picture, times)| Outcome {
                name,
                original: None,
                picture: with_pixels(picture),
                grid,
                margins: None,
                latents: None,
                psnr: None,
                ssim: None,
                times,
                notes: vec!["decoded from tokens: there is no original to compare with".to_owned()],
                model,
            })
        }
    };
    outcome.map(Box::new).map_err(Failure::from)
}

/// Edited tokens to be decoded.
#[derive(Clone)]
pub(crate) struct DecodeRequest {
    pub(crate) model: LoadedModel,
    pub(crate) grid: TokenGrid,
    /// Size of the picture before padding.
    pub(crate) size: (u32, u32),
    pub(crate) original: Option<Arc<RgbImage>>,
    pub(crate) tiling: Tiling,
    /// Whether to compare with the original: not while the pointer still moves.
    pub(crate) compare: bool,
}

/// A picture of edited tokens.
pub(crate) struct Decoded {
    pub(crate) model: u64,
    pub(crate) picture: WithPixels,
    /// PSNR in dB and SSIM, where compared.
    pub(crate) compared: Option<(f64, f64)>,
    pub(crate) times: Vec<StageTime>,
}

/// Decodes edited tokens.
pub(crate) async fn decode_edit(request: DecodeRequest, job: Job) -> Result<Box<Decoded>, Failure> {
    let options = RunOptions { tiling: request.tiling, ..RunOptions::default() };
    let decoded = decode(&request.model.tokenizer, request.grid, Some(request.size), &options, &job).await;
    decoded.map_err(Failure::from).map(|(picture, times)| {
        let original = request.original.filter(|_| request.compare);
        let compared = original.map(|original| (psnr(&original, &picture), ssim(&original, &picture)));
        Box::new(Decoded { model: request.model.id, picture: with_pixels(picture), compared, times })
    })
}

async fn decode(
    tokenizer: &Tokenizer,
    grid: TokenGrid,
    size: Option<(u32, u32)>,
    options: &RunOptions,
    job: &Job,
) -> Result<(RgbImage, Vec<StageTime>), TokenizerError> {
    let decoding = tokenizer.decode(&[grid], options, job).await?;
    let times = decoding.times;
    let picture = decoding.pictures.into_iter().next();
    let picture = picture.ok_or_else(|| TokenizerError::Input("the decoder gave no picture".to_owned()))?;
    let (width, height) = size.unwrap_or(picture.dimensions());
    let (width, height) = (width.min(picture.width()), height.min(picture.height()));
    Ok((imageops::crop_imm(&picture, 0, 0, width, height).to_image(), times))
}

/// Names what is known about a token: the model, the position, the code there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DetailKey {
    pub(crate) model: u64,
    pub(crate) position: u32,
    pub(crate) code: u32,
}

/// A token about which something is wanted.
#[derive(Clone)]
pub(crate) struct DetailRequest {
    pub(crate) key: DetailKey,
    pub(crate) tokenizer: Tokenizer,
    /// The latent vector of the position, where there is one.
    pub(crate) latent: Option<Vec<f32>>,
    /// Codes whose patches are already there.
    pub(crate) known: HashSet<u32>,
}

/// What is known about it.
pub(crate) struct CodeDetails {
    pub(crate) key: DetailKey,
    pub(crate) here: Vec<(u32, f32)>,
    pub(crate) near: Vec<(u32, f32)>,
    pub(crate) patches: DecodedPatches,
}

/// Codes that are listed beside a token.
const LISTED: usize = 6;

/// Looks up what surrounds a token in the codebook, and decodes the patches of the codes.
pub(crate) async fn look_up(request: DetailRequest, job: Job) -> Result<Box<CodeDetails>, Failure> {
    details(request, &job).await.map(Box::new).map_err(Failure::from)
}

async fn details(request: DetailRequest, job: &Job) -> Result<CodeDetails, TokenizerError> {
    let DetailRequest { key, tokenizer, latent, known } = request;
    let mut here = Vec::new();
    if let Some(latent) = latent {
        here = tokenizer.top_codes(&latent, LISTED).await?;
    }
    let vector = tokenizer.code_vector(key.code).await?;
    let mut near = tokenizer.top_codes(&vector, LISTED + 1).await?;
    near.retain(|&(code, _)| code != key.code);
    near.truncate(LISTED);
    let mut wanted = vec![key.code];
    for &(code, _) in here.iter().chain(&near) {
        if !wanted.contains(&code) {
            wanted.push(code);
        }
    }
    wanted.retain(|code| !known.contains(code));
    let patches = decode_patches(&tokenizer, &wanted, job).await?;
    Ok(CodeDetails { key, here, near, patches })
}

/// Names a heat map: the revisions of the two pictures and the full scale.
pub(crate) type HeatKey = (u64, u64, u8);

/// Two pictures whose difference is wanted.
#[derive(Clone)]
pub(crate) struct HeatRequest {
    pub(crate) key: HeatKey,
    pub(crate) left: Arc<RgbImage>,
    pub(crate) right: Arc<RgbImage>,
}

/// Their difference.
pub(crate) struct HeatMap {
    pub(crate) key: HeatKey,
    pub(crate) picture: WithPixels,
}

/// Draws a heat map.
pub(super) fn heat_map(request: &HeatRequest) -> HeatMap {
    let map = difference(&request.left, &request.right, request.key.2);
    HeatMap { key: request.key, picture: with_pixels(map) }
}

fn with_pixels(rgb: RgbImage) -> WithPixels {
    let pixels = Pixels::new(&rgb);
    (Arc::new(rgb), pixels)
}
