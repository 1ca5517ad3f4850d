//! The WGSL kernels of IBQ Studio, one typed entry per kernel.
//!
//! Every kernel is one file under `wgsl/`; its head says what it computes, its layouts, its workgroup and its cost.
//! [`Kernel::source`] gives the text for one [`Storage`] after a small, strict specialization step ([`specialize()`]):
//! imports, conditions, constants and unrolled lines; anything unknown is an error.

mod kernel;
mod linear;
mod matrix;
mod specialize;

pub use kernel::{ATTENTION_HEAD, ATTENTION_POSITIONS, ConvTile, Kernel, LookupTile, Storage};
pub use linear::{LinearKind, LinearTile, WeightFormat};
pub use matrix::{MatrixSize, MatrixTile, MatrixUnit};
pub use specialize::{Specialization, SpecializeError, specialize};
