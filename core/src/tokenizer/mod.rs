//! The tokenizer: picture to tokens to picture.

mod codes;
mod config;
mod decode;
mod encode;
mod error;
mod load;
mod model;
mod network;
mod options;
mod plan;
mod progress;
mod reconstruct;
mod results;
mod tiles;
mod trace;

pub use config::{ConfigError, TokenizerConfig};
pub use error::TokenizerError;
pub use model::Tokenizer;
pub use options::{RunOptions, Tiling, TilingError};
pub use reconstruct::{Reconstruction, reconstruct};
pub use results::{Decoding, Encoding, MemoryPlan, TileLayout};
pub use trace::{Activation, Trace};
