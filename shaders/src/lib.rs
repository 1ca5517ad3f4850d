//! The WGSL kernels of IBQ Studio, one typed entry per kernel.
//!
//! Every kernel is one file under `wgsl/`; its head says what it computes, its layouts, its workgroup and its cost. The
//! list in `kernel.rs` says, once for each kernel, its file, variants, entry points, workgroup size and parameters.
//! [`Kernel::source`] gives the text for one [`Storage`] after a small, strict specialization step ([`specialize()`]):
//! imports, conditions, constants and unrolled lines; anything unknown is an error. The host fills the structs of
//! [`params`], whose fields the tests compare with those of the WGSL text.

mod constants;
mod entry;
mod kernel;
pub mod params;
mod specialize;
mod storage;
mod variants;

pub use constants::{ATTENTION_HEAD, ATTENTION_POSITIONS, F16_MAX, NO_INDEX};
pub use entry::Stages;
pub use kernel::Kernel;
pub use specialize::{Constant, Specialization, SpecializeError, specialize};
pub use storage::Storage;
pub use variants::{
    ConvTile, LinearKind, LinearTile, LookupScore, LookupTile, MatrixSize, MatrixTile, MatrixUnit,
    NormOutput, WeightFormat,
};

#[cfg(test)]
mod tests;
