//! A run, step by step: [`Trainer`] is its state, and each file adds what one part of a step does.

mod codebook;
mod encoder_gradients;
mod pass;
mod split;
mod step;
#[expect(clippy::module_inception, reason = "the type after which the folder is named")]
mod trainer;

pub use split::Split;
pub use step::{StepError, StepResult};
pub use trainer::{OptionsError, Trainer, TrainerOptions};
