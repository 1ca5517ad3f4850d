//! The IBQ engine: a picture becomes tokens on the GPU and comes back as a picture.
//!
//! The modules, in the order in which a picture meets them: [`picture`] (files to pixels and back, metrics),
//! [`files`] (checkpoints of every form), [`gpu`] (device, buffers, pipelines, recording),
//! `ops` (one file per operation), [`tokenizer`] (the network and its plan), [`tokens`] (token files),
//! [`transformer`] (new tokens for a class), [`generator`] (pictures of a class), [`classes`] (their names), `data_set` (folders
//! and tar shards of pictures), [`job`] (progress and cancellation), [`mod@bench`] (how fast it all is).

pub mod bench;
pub mod classes;
#[cfg(not(target_arch = "wasm32"))]
pub mod data_set;
pub mod files;
pub mod formats;
pub mod generator;
pub mod gpu;
pub mod job;
mod ops;
pub mod picture;
#[cfg(test)]
mod tests;
pub mod tokenizer;
pub mod tokens;
pub mod transformer;
pub mod units;
