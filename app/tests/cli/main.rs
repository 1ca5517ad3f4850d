//! The command line, driven as a user would.

mod command;
mod families;
mod generation;
mod pictures;
mod usage;
