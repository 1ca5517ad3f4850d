//! Pictures to train on and to test with.
//!
//! [`Pictures`] are squares in memory: scenes, files of `ibq-train pictures`, sets to measure with. A [`DataSet`] is a list
//! of where pictures are: in a folder with a sub-folder per class, or in tar shards. A [`Stream`] reads a data set while a
//! training runs, ahead of it and without holding it. Pictures in memory and streams are [`Source`]s of a training.

mod braces;
mod classes;
mod crop;
mod data_set;
mod memory;
mod shard;
mod source;
mod stream;

use std::path::PathBuf;

pub use data_set::DataSet;
pub use memory::{Pictures, to_pictures};
pub use source::{Draw, Source};
pub use stream::{Plan, Stream};

/// Pictures cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something that is not what it should be, or is cut short.
    #[error("{}: {reason}", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A folder or shards with nothing that looks like a picture.
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
    /// A data set without a single usable picture.
    #[error("{}: no picture of at least {side}×{side} pixels ({skipped} files skipped)", path.display())]
    NoPictures {
        /// Which.
        path: PathBuf,
        /// Side that was asked for.
        side: usize,
        /// Files that were no pictures, or too small.
        skipped: usize,
    },
    /// A thread that reads pictures is gone.
    #[error("{}: a thread that reads pictures ended ({reason}). The same command goes on from the last checkpoint", path.display())]
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

/// A file, or a member of a shard, that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}
