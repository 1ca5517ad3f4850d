//! Training of IBQ tokenizers and of transformers on their tokens, with burn.
//!
//! [`tokenizer`] and [`transformer`] have the same shape: preset, parameters, network, trainer, checkpoint, export, and
//! `train`, which emits the events of [`ibq_train_events`]. What they share: [`data`] (images), [`device`] and [`precision`]
//! (where and in how many bits it computes), [`weights`] (named parameters), [`operations`] with their own gradients,
//! [`optim`] (optimizers and schedules), [`training`] (the loop), [`log`] (files of a run), and files for PyTorch
//! ([`pytorch`]). [`evaluation`] measures generated images, and [`experiment`] compares quantizers.

mod append_lines;
pub mod data;
pub mod device;
pub mod evaluation;
pub mod experiment;
mod input_file;
pub mod log;
mod official_fields;
pub mod operations;
pub mod optim;
pub mod precision;
pub mod preset_file;
pub mod pytorch;
pub mod random;
pub mod safetensors_file;
pub mod tokenizer;
pub mod training;
pub mod transformer;
pub mod weights;
mod workers;
