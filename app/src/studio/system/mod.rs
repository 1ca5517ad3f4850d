//! The System pane: what the machine is, what is in use, where the time goes.

mod benchmark_card;
mod kernels_card;
mod message;
mod pane;
mod report;
mod screen;
mod state;
mod tasks;
mod update;

pub(crate) use state::System;
