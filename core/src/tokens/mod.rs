//! Token grids and the files they are kept in.

mod arrangement;
mod file;
mod format;
mod grid;
mod integers;
mod json;
mod nested;
mod npy;
mod safetensors;
mod statistics;
#[cfg(test)]
mod tests;

pub use file::{OtherModel, ReadTokens, TokenFile, TokenFileError};
pub use format::TokenFormat;
pub use grid::{Grid, GridError, TokenGrid};
pub use statistics::{bits_per_pixel, distinct_codes, perplexity};
