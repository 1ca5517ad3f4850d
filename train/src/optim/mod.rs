//! What changes weights: Adam over named tensors, AdamW over flat vectors, moving averages, schedules.

mod adam;
mod adamw;
mod ema;
mod schedule;

pub use adam::{Adam, AdamConfig};
pub use adamw::{AdamWConfig, AdamWState, AdamWStep, FlatParameter};
pub use ema::Ema;
pub use schedule::{Annealing, linear_warm_up, warm_up_then_cosine};
