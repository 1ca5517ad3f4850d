//! What the checkpoints of both kinds of model have in common.

use crate::{preset_file::PresetError, safetensors_file::TensorFileError};

/// A checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file or its content.
    #[error(transparent)]
    File(#[from] TensorFileError),
    /// The preset inside.
    #[error(transparent)]
    Preset(#[from] PresetError),
}

/// Name of a change of the batch size in the middle of a run.
pub(crate) const BATCH_CHANGE: &str = "batch_change";

/// Name of the factor on the loss in mixed precision.
pub(crate) const LOSS_SCALE: &str = "loss_scale";
