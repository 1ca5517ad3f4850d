//! Token grids and the files they are kept in.

mod file;
mod grid;
mod integers;
mod json;
mod npy;
mod safetensors;
#[cfg(test)]
mod tests;

pub use file::{TokenFile, TokenFileError, TokenFormat};
pub use grid::{GridError, TokenGrid};
