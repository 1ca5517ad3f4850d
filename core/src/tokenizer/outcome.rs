//! What can be asked of a tokenizer, what comes back, and what can go wrong.

use std::fmt;

use image::RgbImage;

use crate::{
    files::WeightsError,
    gpu::{GpuError, RunError},
    job::Cancelled,
    tokens::TokenGrid,
};

use super::ConfigError;

/// Whether a picture is processed in overlapping tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiling {
    /// Only when memory asks for it.
    #[default]
    Auto,
    /// Never: an error when memory does not suffice.
    Off,
    /// Always, with tiles of this side in pixels (rounded up to the factor).
    Side(u32),
}

/// What to compute besides the result itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Tiles.
    pub tiling: Tiling,
    /// Also the margin to the runner-up of every token.
    pub margins: bool,
    /// Also the latent vector of every position.
    pub latents: bool,
    /// Also the time of each kernel, where the adapter has timestamps.
    pub kernel_times: bool,
}

/// Wall-clock time of one stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageTime {
    /// "encode", "lookup", "decode".
    pub stage: &'static str,
    /// Milliseconds.
    pub ms: f64,
}

/// All runs of one kernel within one call.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// "conv2d 3x3 128→128 @256×256".
    pub name: String,
    /// Stage it belongs to.
    pub stage: &'static str,
    /// How often it ran.
    pub calls: u32,
    /// Milliseconds on the GPU, all calls together.
    pub ms: f64,
    /// Floating-point operations, all calls together.
    pub flops: f64,
    /// Bytes that must move at least, all calls together.
    pub bytes: f64,
}

/// How a picture was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileLayout {
    /// Number of tiles.
    pub tiles: u32,
    /// Tile height and width in pixels.
    pub size: (u32, u32),
    /// Overlap of neighbors in pixels.
    pub overlap: u32,
    /// Whether memory asked for it (else the caller did).
    pub automatic: bool,
}

/// What a person is told about it.
impl fmt::Display for TileLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tiles, size: (height, width), overlap, automatic } = self;
        let why =
            if *automatic { ", since the whole picture needs more memory than the GPU may use" } else { "" };
        write!(f, "processed in {tiles} tiles of {width} × {height} pixels that overlap by {overlap}{why}")
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
    /// Per picture and token: best minus second-best dot product.
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

/// Why a tokenizer did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The GPU.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its owner stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A picture or grid that does not fit the tokenizer.
    #[error("{0}")]
    Input(String),
    /// The picture needs more memory than the device has.
    #[error(
        "a picture of {height} × {width} pixels needs {needed} bytes on the GPU, more than the {budget} that may be \
         used; allow tiles or make it smaller"
    )]
    TooLarge {
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
        /// Bytes needed.
        needed: u64,
        /// Bytes at hand.
        budget: u64,
    },
    /// The network computed something that is no number.
    #[error(
        "the latent vector of token {position} is not a number: the weights are damaged, or too large for 16-bit floats (try --precision f32)"
    )]
    NotFinite {
        /// Which token, in raster order over all pictures.
        position: usize,
    },
}

impl From<RunError> for TokenizerError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Gpu(error) => Self::Gpu(error),
            RunError::Cancelled(cancelled) => Self::Cancelled(cancelled),
        }
    }
}
