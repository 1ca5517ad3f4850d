//! The tokenizer: picture to tokens to picture.

mod codes;
mod config;
mod decode;
mod encode;
mod load;
mod model;
mod network;
mod outcome;
mod plan;
mod reconstruct;
mod tiles;
mod times;
mod trace;

pub use config::{ConfigError, TokenizerConfig};
pub use model::Tokenizer;
pub use outcome::{
    Decoding, Encoding, KernelTime, MemoryPlan, RunOptions, StageTime, TileLayout, Tiling, TokenizerError,
};
pub use reconstruct::{Reconstruction, reconstruct};
pub(crate) use times::Times;
pub use trace::{Stage, Trace};
