//! Checks of the repository itself: of its source, and of the files in it that other files of it were made from,
//! and of the licenses of what it contains.
//!
//! A crate of its own because it parses Rust and JSON, and `cargo xtask` should not wait for parsers.

pub mod derived;
pub mod licenses;
pub mod structure;
