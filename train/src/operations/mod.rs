//! The operations that take most of the time of a training, each with its own gradient.
//!
//! On the processor (burn's `flex`) convolutions and norms run through code of ours that is several times faster than
//! the general one; on every other device, and for anything unusual, burn's operations compute the same.

mod conv;
mod group_norm;
mod upsample;
pub(crate) mod vector;

pub use conv::conv2d;
pub use group_norm::{group_norm, group_norm_swish};
pub use upsample::upsample_nearest;
