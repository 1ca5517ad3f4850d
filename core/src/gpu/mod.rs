//! The GPU: which adapter, what it can do, its memory, its loss, and running lists of dispatches on it.

mod adapter;
mod device;
mod dispatch;
mod memory;
mod pipeline;
mod read;
mod run;

pub use device::{AdapterChoice, Gpu, GpuError, GpuInfo, GpuOptions, Limit, Tier};
pub use memory::MemoryUse;
pub use run::RunError;

pub(crate) use dispatch::{Bound, Dispatch, DispatchBuilder, fold};
pub(crate) use memory::Buffer;
