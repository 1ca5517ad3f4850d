//! Training of tokenizers.
//!
//! The modules, in the order in which a run meets them: [`preset`] (what to train), [`parameters`] (before training),
//! [`network`] (encoder, decoder and discriminator), [`quantizer`] (IBQ, VQ), [`loss`] and the [`adversary`] (what is
//! minimized), the [`Trainer`] (the steps), [`Checkpoint`], [`evaluate()`] (quality on held-out images), [`export()`] (files
//! that the engine opens, or the official code). [`train()`] is a whole run.

pub mod adversary;
mod checkpoint;
mod collapse;
mod evaluate;
mod export;
pub mod loss;
pub mod network;
pub mod official_yaml;
pub mod parameters;
pub mod preset;
pub mod quantizer;
pub(crate) mod rows;
mod train;
pub mod trainer;

pub use checkpoint::Checkpoint;
pub use collapse::CollapseWatch;
pub use evaluate::{evaluate, reconstruct, sample_sheet};
pub(crate) use export::named_entries;
pub use export::{export, export_pytorch, import, notes_on, rule_is_assumed};
pub use parameters::{CODEBOOK, initial_weights};
pub use preset::{Preset, Training, preset_from_yaml};
pub use train::{StartError, TrainConfig, TrainError, open_trainer, train};
pub use trainer::{OptionsError, Split, StepError, StepResult, Trainer, TrainerOptions};
