//! Token grids and the files they are kept in.

mod file;
mod grid;

pub use file::{TokenFile, TokenFileError, TokenFormat};
pub use grid::{GridError, TokenGrid};
