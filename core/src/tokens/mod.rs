//! Token grids and the files they are kept in.

mod grid;

pub use grid::{GridError, TokenGrid};
