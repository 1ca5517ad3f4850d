//! A loaded tokenizer and what can be asked of it.

use image::RgbImage;

use crate::{
    gpu::{Gpu, GpuError},
    job::{Cancelled, Job},
    tokens::TokenGrid,
    weights::{Precision, TokenizerWeights, WeightsError},
};

use super::{ConfigError, TokenizerConfig};

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
    /// Overlap of neighbours in pixels.
    pub overlap: u32,
    /// Whether memory asked for it (else the caller did).
    pub automatic: bool,
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
    /// A picture or grid that does not fit.
    #[error("{0}")]
    Input(String),
}

/// A tokenizer on the GPU. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(());

impl Tokenizer {
    /// Uploads the weights tensor by tensor.
    ///
    /// # Errors
    /// [`TokenizerError`]: weights that cannot be read, no memory, cancelled.
    pub async fn load(
        _gpu: &Gpu,
        _weights: &TokenizerWeights,
        _precision: Precision,
        _job: &Job,
    ) -> Result<Self, TokenizerError> {
        unimplemented!()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        unimplemented!()
    }

    /// The device it lives on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        unimplemented!()
    }

    /// Storage precision.
    #[must_use]
    pub fn precision(&self) -> Precision {
        unimplemented!()
    }

    /// Memory for a configuration that is not loaded yet: what a model chooser shows.
    ///
    /// # Errors
    /// [`TokenizerError`]: sides that are no multiples of the factor, or more than the device can ever hold.
    pub fn estimate(
        _gpu: &Gpu,
        _config: &TokenizerConfig,
        _precision: Precision,
        _size: (u32, u32),
        _batch: u32,
        _tiling: Tiling,
    ) -> Result<MemoryPlan, TokenizerError> {
        unimplemented!()
    }

    /// Encodes pictures of one size, whose sides are multiples of the factor.
    ///
    /// # Errors
    /// [`TokenizerError`]: a size that does not fit, no memory, cancelled, a lost device.
    pub async fn encode(
        &self,
        _pictures: &[RgbImage],
        _options: &RunOptions,
        _job: &Job,
    ) -> Result<Encoding, TokenizerError> {
        unimplemented!()
    }

    /// Decodes grids of one size.
    ///
    /// # Errors
    /// [`TokenizerError`]: a token beyond the codebook, no memory, cancelled, a lost device.
    pub async fn decode(
        &self,
        _grids: &[TokenGrid],
        _options: &RunOptions,
        _job: &Job,
    ) -> Result<Decoding, TokenizerError> {
        unimplemented!()
    }

    /// The `count` codes with the largest dot product with a latent vector, best first.
    ///
    /// # Errors
    /// [`TokenizerError`]: a vector of another length, a lost device.
    pub async fn top_codes(&self, _latent: &[f32], _count: usize) -> Result<Vec<(u32, f32)>, TokenizerError> {
        unimplemented!()
    }

    /// The vector of a code.
    ///
    /// # Errors
    /// [`TokenizerError`]: no such code, a lost device.
    pub async fn code_vector(&self, _code: u32) -> Result<Vec<f32>, TokenizerError> {
        unimplemented!()
    }
}
