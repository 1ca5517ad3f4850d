//! Files that a run writes beside its checkpoint: each is a sink of its events.

mod json;
mod sheets;
mod tensorboard;

pub use json::{JsonLog, LOG_FILE};
pub use sheets::SheetFolder;
pub use tensorboard::TensorBoardLog;
