//! Why there are no images.

use std::path::PathBuf;

use ibq_core::data_set::DataSetError;

/// There are no images, or no more.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A folder or shards cannot be used.
    #[error(transparent)]
    DataSet(#[from] DataSetError),
    /// A file of pictures cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of pictures is something else, or truncated.
    #[error("{}: {reason}", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A data set without a single usable picture.
    #[error("{}: no picture of at least {side}×{side} pixels ({skipped} files skipped)", path.display())]
    NoPictures {
        /// Which.
        path: PathBuf,
        /// Requested side.
        side: usize,
        /// Files that were not pictures, or too small.
        skipped: usize,
    },
    /// A thread that reads pictures is gone.
    #[error("{}: a thread that reads pictures ended ({reason}). The same command resumes from the last checkpoint", path.display())]
    Reader {
        /// What it read.
        path: PathBuf,
        /// How it ended.
        reason: String,
    },
    /// The owner of the job cancelled it.
    #[error("stopped while waiting for pictures")]
    Stopped,
}
