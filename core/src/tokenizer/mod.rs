//! The tokenizer: picture to tokens to picture.

mod codes;
mod config;
#[cfg(not(target_arch = "wasm32"))]
mod convert;
mod decode;
mod encode;
mod error;
mod family;
mod kind;
mod load;
mod model;
mod naming;
mod network;
mod options;
mod parameters;
mod plan;
mod progress;
mod quantizer;
mod reconstruct;
mod results;
#[cfg(test)]
mod tests;
mod tiles;
mod trace;
mod weights;

pub use config::TokenizerConfig;
#[cfg(not(target_arch = "wasm32"))]
pub use convert::convert;
pub use error::TokenizerError;
pub use family::{Unsupported, official_rule};
pub use kind::ModelKind;
pub use model::Tokenizer;
pub use options::{RunOptions, Tiling, TilingError};
pub use quantizer::{Quantizer, Rule};
pub use reconstruct::{Reconstruction, reconstruct};
pub use results::{Decoding, Encoding, MemoryPlan, TileLayout};
pub use trace::{Activation, Trace};
pub use weights::TokenizerWeights;

pub use crate::files::ConfigError;
