//! A run, step by step: [`Trainer`] is its state.

mod device_set;
mod gradient;
mod step;
#[expect(clippy::module_inception, reason = "the type after which the folder is named")]
mod trainer;

pub use step::StepResult;
pub use trainer::{OptionsError, Trainer, TrainerOptions};
