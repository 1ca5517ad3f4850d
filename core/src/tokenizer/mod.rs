//! The tokenizer: picture to tokens to picture.

mod codes;
mod config;
mod load;
mod network;
mod outcome;
mod plan;
mod reconstruct;
mod tiles;
mod tokenizer;
mod trace;

pub use config::{ConfigError, TokenizerConfig};
pub use outcome::{
    Decoding, Encoding, KernelTime, MemoryPlan, RunOptions, StageTime, TileLayout, Tiling, TokenizerError,
};
pub use reconstruct::{Reconstruction, reconstruct};
pub use tokenizer::Tokenizer;
pub use trace::{Stage, Trace};
