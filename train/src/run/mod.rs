//! A training from its first step, or from a checkpoint, to its last.

mod batch_change;
mod codebook;
mod collapse;
mod encoder_gradients;
mod evaluate;
mod event_log;
mod observe;
mod pass;
mod split;
mod step;

pub use batch_change::BatchChange;
pub use collapse::CollapseWatch;
pub use evaluate::{Evaluation, evaluate, reconstruct, sample_sheet};
pub use event_log::EventLog;
pub use observe::{Observer, StepRecord};
pub use split::Split;
pub use step::{Trainer, TrainingError};
pub(crate) use step::{as_map, as_rows, integers};
