//! What can be wrong with a data set, or with one of its files.

use std::path::PathBuf;

/// A data set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataSetError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a folder or shard that can be read.
    #[error("{}: {reason}", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A folder or shards without a file that is named like a picture.
    #[error(
        "{}: no pictures. A folder holds .jpg, .jpeg, .png or .webp files, one sub-folder per class; a shard (.tar) holds \
         members of such names ({skipped} files skipped)",
        path.display()
    )]
    Empty {
        /// Which.
        path: PathBuf,
        /// Files that were something else.
        skipped: usize,
    },
}

/// A file, or a member of a shard, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Skipped {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}
