//! The GPU: which adapter, what it can do, its memory, its loss, and running lists of dispatches on it.

mod adapter;
mod buffer;
mod device;
mod dispatch;
mod error;
mod info;
mod lock;
mod memory;
mod options;
mod pipeline;
mod precision;
mod profile;
mod read;
mod remedy;
mod run;
mod storage;

pub use device::Gpu;
pub use error::GpuError;
pub use info::{AdapterKind, GpuInfo, Limit, Tier};
pub use memory::MemoryUse;
pub use options::{AdapterChoice, GpuOptions};
pub use precision::{Precision, PrecisionError};
pub use profile::{KernelTime, Stage, StageTime, stage_ms};
pub use remedy::Remedy;
pub use run::RunError;

pub(crate) use buffer::Buffer;
pub(crate) use dispatch::{Bound, Dispatch, DispatchBuilder, Extent, fold};
pub(crate) use memory::MemoryCounter;
pub(crate) use profile::{KernelRun, Times};
pub(crate) use storage::{decode_values, encode_values};
