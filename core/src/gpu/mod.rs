//! The GPU: which adapter, what it can do, its memory, its loss.

mod device;

pub use device::{AdapterChoice, Gpu, GpuError, GpuInfo, GpuOptions, MemoryUse, Tier};
