//! The IBQ engine: a picture becomes tokens on the GPU and comes back as a picture, and a transformer makes new tokens.
//!
//! The modules, from the bottom up; each imports only from those above it in this list:
//!
//! - ground floor: [`picture`] (files to pixels and back, metrics), [`tokens`] (token grids and their files), [`gpu`] (device,
//!   buffers, pipelines, running dispatches), [`formats`] (safetensors headers, zip, NumPy), [`classes`] (names of classes),
//!   `data_set` (folders and tar shards of pictures), [`foreign_text`] (names from files, made safe to show), [`job`]
//!   (progress and cancellation), `interruption` (signals that cancel a job), [`units`] (numbers as text);
//! - [`files`]: model files of every form, and files that are written whole;
//! - `ops`: one file per operation of the tokenizer's network;
//! - [`tokenizer`]: picture to tokens to picture;
//! - [`transformer`]: new tokens for a class;
//! - [`generator`]: transformer, tokenizer, class names and recipe together;
//! - [`mod@bench`]: how fast all of it is.

pub mod bench;
pub mod classes;
#[cfg(not(target_arch = "wasm32"))]
pub mod data_set;
pub mod device;
pub mod files;
pub mod foreign_text;
pub mod formats;
pub mod generator;
pub mod gpu;
#[cfg(not(target_arch = "wasm32"))]
pub mod interruption;
pub mod job;
mod ops;
pub mod picture;
#[cfg(test)]
mod tests;
pub mod tokenizer;
pub mod tokens;
pub mod transformer;
pub mod units;

#[cfg(target_arch = "wasm32")]
pub use ops::answer_page;
