//! Training of class-conditional autoregressive transformers on tokens.
//!
//! The modules, in the order in which a run meets them: [`TokenSet`] (images as tokens), [`preset`] (what to train),
//! [`parameters`] (before training), [`network`] (a function of named weights), the [`Trainer`] (the steps),
//! [`Checkpoint`], [`export()`] (files that the engine opens, or the official code), [`sample`] (images, on the CPU) and
//! [`Generator`] (images, by the engine). [`train()`] is a whole run.

mod checkpoint;
mod export;
mod generator;
mod loss_watch;
pub mod network;
pub mod official_yaml;
pub mod parameters;
pub mod preset;
mod remap_codes;
mod sampler;
mod tokens;
mod train;
pub mod trainer;

pub use checkpoint::Checkpoint;
pub use export::{ExportError, export, export_pytorch, import, inner_codes};
pub use generator::{EngineError, Generator};
pub use loss_watch::LossWatch;
pub use preset::{Preset, Start, Training, preset_from_yaml};
pub use remap_codes::CodeMap;
pub use sampler::{decode_tokens, sample};
pub use tokens::{TokenMismatch, TokenSet};
pub use train::{StartError, TrainConfig, TrainError, open_tokenizer, open_trainer, train};
pub use trainer::{OptionsError, StepResult, Trainer, TrainerOptions};
