//! Training of class-conditional autoregressive transformers on tokens.
//!
//! The modules: [`TokenSet`] (pictures as tokens), [`ArPreset`], the network as a function of named weights ([`network`]) made
//! of operations with gradients of their own, [`state`] (weights and optimizer), [`ArTrainer`] (the step), [`ArCheckpoint`],
//! [`export_transformer`], [`sample`] (pictures, on the processor) and [`Generator`] (pictures, by the engine).

mod attention;
mod checkpoint;
mod embedding;
mod export;
mod general;
mod generator;
mod gradient;
mod head;
mod linear;
mod moved_codes;
pub mod network;
mod norm;
mod operation;
mod preset;
mod residual;
mod sampler;
pub mod state;
mod tokens;
mod trainer;
mod watch;
mod workers;

pub use export::{
    ArExportError, export_transformer, export_transformer_pytorch, import_transformer, inner_codes,
};
pub use generator::{EngineError, Generator};
pub use moved_codes::Origins;
pub use preset::{ArPreset, ArTraining, Optimizer, Start};
pub use sampler::{decode_tokens, sample};
pub use tokens::TokenSet;
pub use trainer::{ArCheckpoint, ArStep, ArTrainer, Mismatch};
pub use watch::LossWatch;
