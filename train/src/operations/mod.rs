//! The operations that take most of the time of a training run, each with its own gradient.
//!
//! On the CPU (burn's `flex` device) they run through SIMD code that is several times faster than burn's. On every other
//! device, and for products in 16 bits, burn's own operations compute the same. `autodiff` connects the gradients with
//! burn's autodiff.

mod adaptive_norm;
pub(crate) mod autodiff;
mod burn_ops;
mod causal_attention;
mod conv2d;
mod cross_entropy;
mod dropout;
mod embedding;
mod gated_residual;
mod gated_silu;
mod group_norm;
mod linear;
mod rotation;
#[cfg(test)]
mod tests;
mod upsample;
pub(crate) mod vector;

pub(crate) use adaptive_norm::{adaptive_norm, inverse_rms};
pub(crate) use causal_attention::causal_attention;
pub use conv2d::conv2d;
pub(crate) use cross_entropy::cross_entropy;
pub(crate) use dropout::Dropout;
pub(crate) use embedding::{class_rows, embed};
pub(crate) use gated_residual::gated_residual;
pub(crate) use gated_silu::gated_silu;
pub use group_norm::{group_norm, group_norm_swish};
pub(crate) use linear::{linear, product};
pub(crate) use rotation::Rotation;
pub use upsample::upsample_nearest;
