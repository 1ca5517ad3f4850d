//! What can go wrong with a transformer.

use crate::{
    files::WeightsError,
    gpu::{GpuError, Remedy, RunError},
    job::Cancelled,
    tokenizer::ConfigError,
};

/// Why a transformer did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransformerError {
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
    /// The file holds another kind of model.
    #[error("{name} is no transformer: it has no tensors `transformer.…`")]
    NoTransformer {
        /// The file.
        name: String,
    },
    /// A setting or token that does not fit the transformer.
    #[error("{0}")]
    Input(String),
    /// A matrix is larger than a kernel of this device can see.
    #[error("{what} needs {bytes} bytes in one binding, more than the {limit} of this GPU; {advice}")]
    TooLarge {
        /// What was to be bound.
        what: String,
        /// Its size.
        bytes: u64,
        /// The largest binding.
        limit: u64,
        /// What to do.
        advice: &'static str,
    },
    /// The network computed NaN or infinity.
    #[error(
        "the logits of token {position} are not finite: the weights are damaged, or too large for 16-bit floats"
    )]
    NotFinite {
        /// Which token of the picture, in raster order.
        position: u32,
    },
}

impl TransformerError {
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

impl From<RunError> for TransformerError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Gpu(error) => Self::Gpu(error),
            RunError::Cancelled(cancelled) => Self::Cancelled(cancelled),
        }
    }
}
