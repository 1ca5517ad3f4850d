//! The variants of kernels: tile shapes, number formats, and what the linear layers of the transformer do.
//!
//! Each says its workgroup and what its kernel's file is specialized with; the file says what the names mean.

mod conv2d;
mod conv2d_matrix;
mod group_norm;
mod linear;
mod lookup;

pub use conv2d::ConvTile;
pub use conv2d_matrix::{MatrixSize, MatrixTile, MatrixUnit};
pub use group_norm::NormOutput;
pub use linear::{LinearKind, LinearTile, WeightFormat};
pub use lookup::{LookupScore, LookupTile};
