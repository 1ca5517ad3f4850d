//! What the runs of tokenizers and transformers have in common.

mod batch_change;
mod checkpoint;
mod not_finite;
mod run;

pub use batch_change::BatchChange;
pub use checkpoint::CheckpointError;
pub(crate) use checkpoint::{BATCH_CHANGE, LOSS_SCALE};
pub use not_finite::NotFinite;
pub use run::{CHECKPOINT_FILE, Intervals, RunError};
pub(crate) use run::{Run, run_steps};
