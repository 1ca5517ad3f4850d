//! The tokenizer: picture to tokens to picture.

mod config;
mod reconstruct;
mod run;

pub use config::{ConfigError, TokenizerConfig};
pub use reconstruct::{Reconstruction, reconstruct};
pub use run::{
    Decoding, Encoding, KernelTime, MemoryPlan, RunOptions, StageTime, TileLayout, Tiling, Tokenizer,
    TokenizerError,
};
