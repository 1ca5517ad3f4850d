//! The command line, driven as a user would.

mod command;
mod pictures;
mod usage;
