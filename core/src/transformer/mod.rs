//! The autoregressive transformer: new tokens for a class, and how probable given tokens are.
//!
//! Llama-style blocks with adaptive layer norm over one class token and the image tokens in raster order. The six norm
//! vectors of every block depend only on the class and are computed once for a picture; then a block is five operations.
//! Keys and values stay in a cache, so that single tokens, a prefix at once, and scoring are the same operations.

mod config;
#[cfg(not(target_arch = "wasm32"))]
mod convert;
mod error;
mod generate;
mod insight;
mod layers;
mod loader;
mod memory;
mod network;
mod precision;
mod random;
#[cfg(test)]
mod reference;
mod sample_inputs;
mod sampler;
mod sampling;
mod score;
mod sequences;
#[cfg(test)]
mod tests;
mod token_loop;
#[expect(clippy::module_inception, reason = "named after the type it holds")]
mod transformer;
mod weights;

pub use config::TransformerConfig;
#[cfg(not(target_arch = "wasm32"))]
pub use convert::convert_transformer;
pub use error::TransformerError;
pub use generate::{NewTokens, PictureRequest};
pub use ibq_cpu::{philox, uniform};
pub use insight::{Candidate, Insight, PositionInsight};
pub use memory::TransformerMemory;
pub use precision::{TransformerPrecision, TransformerPrecisionError};
pub use sampler::{Drawn, LogitRow, draw};
pub use sampling::{Condition, Sampling, Schedule};
pub use score::{Logits, NamedActivation, Score, log_sum_exp};
pub(crate) use token_loop::TokenLoop;
pub use transformer::Transformer;
pub use weights::{TransformerWeights, official_arguments};
