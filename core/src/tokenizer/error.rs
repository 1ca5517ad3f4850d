//! What can go wrong with a tokenizer.

use crate::{
    files::WeightsError,
    gpu::{GpuError, Remedy, RunError},
    job::Cancelled,
    picture::Size,
};

use super::ConfigError;

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
        "a picture of {size} pixels needs {needed} bytes on the GPU, more than the {budget} that may be \
         used; allow tiles or make it smaller"
    )]
    TooLarge {
        /// Size of the picture.
        size: Size,
        /// Bytes needed.
        needed: u64,
        /// Bytes at hand.
        budget: u64,
    },
    /// The network computed a NaN or an infinity.
    #[error(
        "the latent vector of token {position} is not a number: the weights are damaged, or too large for 16-bit floats"
    )]
    NotFinite {
        /// Which token, in raster order over all pictures.
        position: usize,
    },
}

impl TokenizerError {
    /// What may help.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Gpu(error) => error.remedy(),
            Self::NotFinite { .. } => Some(Remedy::UseF32),
            _ => None,
        }
    }
}

impl From<RunError> for TokenizerError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Gpu(error) => Self::Gpu(error),
            RunError::Cancelled(cancelled) => Self::Cancelled(cancelled),
        }
    }
}
