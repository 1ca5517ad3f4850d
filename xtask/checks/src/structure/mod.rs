//! The structure of the source: reads the source of the workspace and checks its structure, without compiling it.
//!
//! - [`source`] parses a crate into a [`source::Tree`] of modules: what each defines, imports and refers to.
//! - [`names`] resolves a path to the module that defines what it names, through imports and re-exports.
//! - [`graph`] draws an arrow between two sibling modules where one refers to something in the other, and finds cycles.
//! - [`layers`] checks that crates, the modules of the core, and the panes of the studio depend one way.
//! - [`packages`] lists the crates, and [`workspace`] runs all checks on them.
//!
//! A cycle is found among siblings at every level of the module tree. What a parent re-exports counts as an import from
//! the child that defines it, and never as one from the parent. Code under `#[cfg(test)]` is not read.

mod condition;
pub mod graph;
pub mod layers;
pub mod names;
pub mod packages;
pub mod references;
pub mod source;
pub mod workspace;
