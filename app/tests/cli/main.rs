//! The command line, driven as a user would.

mod command;
mod generation;
mod pictures;
mod usage;
