//! The tokenizer: picture to tokens to picture.

mod config;

pub use config::{ConfigError, TokenizerConfig};
