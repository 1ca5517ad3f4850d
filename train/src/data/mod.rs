//! Images to train on and to measure with.
//!
//! [`Pictures`] are squares in memory: scenes, files of `ibq-train pictures`, held-out sets. A [`Stream`] reads a
//! [`DataSet`](ibq_core::data_set::DataSet) (a folder or shards) ahead of a run, and holds the next batches alone. Both are a
//! [`Source`] of a run, and [`TrainingImages`] is either.

mod crop;
mod error;
mod grid;
mod memory;
mod source;
mod squares;
mod stream;
mod training_images;

pub use error::DataError;
pub use grid::image_grid;
pub use ibq_core::data_set::Skipped;
pub use memory::{Pictures, to_pictures};
pub use source::{Draw, Source};
pub use squares::middle_squares;
pub use stream::{Plan, Stream};
pub use training_images::TrainingImages;
