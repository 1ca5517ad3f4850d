//! What comes back from a run, and what is known before it.

use std::fmt;

use image::RgbImage;

use crate::{
    gpu::{KernelTime, StageTime},
    picture::Size,
    tokens::TokenGrid,
};

/// How a picture was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileLayout {
    /// Number of tiles.
    pub tiles: u32,
    /// Size of a tile.
    pub size: Size,
    /// Overlap of neighbors in pixels.
    pub overlap: u32,
    /// Whether memory asked for it (else the caller did).
    pub automatic: bool,
}

/// How the picture was cut, as a note to it.
impl fmt::Display for TileLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tiles, size, overlap, automatic } = self;
        let why =
            if *automatic { ", since the whole picture needs more memory than the GPU may use" } else { "" };
        write!(f, "processed in {tiles} tiles of {size} pixels that overlap by {overlap}{why}")
    }
}

/// What a run will need, known before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Bytes of weights on the GPU.
    pub weights: u64,
    /// Bytes of activations at the peak.
    pub activations: u64,
    /// The tiles, when the picture is cut.
    pub tiles: Option<TileLayout>,
}

/// Pictures as tokens.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// One grid per picture.
    pub grids: Vec<TokenGrid>,
    /// Per picture and token: best minus second-best score, as the rule of the quantizer has it.
    pub margins: Option<Vec<Vec<f32>>>,
    /// Per picture: positions × embed_dim latent values.
    pub latents: Option<Vec<Vec<f32>>>,
    /// Times of the stages "encode" and "lookup".
    pub times: Vec<StageTime>,
    /// Times of the kernels, when asked and possible.
    pub kernels: Vec<KernelTime>,
    /// The tiles, when the pictures were cut.
    pub tiles: Option<TileLayout>,
}

/// Tokens as pictures.
#[derive(Clone, Debug)]
pub struct Decoding {
    /// One picture per grid, factor × grid in size.
    pub pictures: Vec<RgbImage>,
    /// Time of the stage "decode".
    pub times: Vec<StageTime>,
    /// Times of the kernels, when asked and possible.
    pub kernels: Vec<KernelTime>,
    /// The tiles, when the pictures were cut.
    pub tiles: Option<TileLayout>,
}
