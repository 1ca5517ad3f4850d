//! The System screen: what the machine is, what is in use, where the time goes.

mod benchmark;
mod report;
mod screen;

pub(crate) use benchmark::System;
pub(crate) use report::bytes;
pub(crate) use screen::show;
