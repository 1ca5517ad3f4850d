//! Sets of pictures in folders and tar shards, read one after the other without holding them in memory.
//!
//! [`DataSet::open`] lists where pictures are, with their classes: in a folder with a sub-folder per class, or in tar shards as
//! WebDataset writes them. [`DataSet::read`] reads one of them, and [`DataSet::read_ahead`] all from any place on, in their
//! order, with threads that decode the next ones meanwhile. A file that cannot be used is [`Skipped`] with the reason, and
//! the others remain. Native only: a page has no folders.

mod braces;
mod classes;
#[expect(clippy::module_inception, reason = "the type after which the folder is named")]
mod data_set;
mod error;
mod file_names;
mod folder;
mod read_ahead;
mod shard;
#[cfg(test)]
mod tests;

pub use data_set::{DataSet, PictureReader};
pub use error::{DataSetError, Skipped};
pub use read_ahead::{ReadAhead, ReadAheadError};
