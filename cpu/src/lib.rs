//! The operations of the network on the processor. One file per operation, named as its WGSL kernel: slices in, slices out.
//!
//! Feature maps are NHWC with channels padded to a multiple of four, as on the GPU; padding is 0. All values are f32. Sums run
//! in the order of the kernels: window rows, window columns, input channels.
//!
//! The transformer's operations read weights as 32- or 16-bit floats, or as 8 or 4 bits with scales for groups of inputs.
//!
//! Every operation is plain Rust that the compiler vectorizes. [`isa`] compiles it once for each instruction set and chooses when
//! the program runs; [`Cpu`] spreads it over the threads.

mod attention;
mod causal_attention;
mod conv2d;
mod cpu;
mod embed;
mod exp;
mod group_norm;
mod halves;
pub mod isa;
mod linear;
mod linear_tile;
mod linear_weights;
mod lookup;
mod panels;
mod peak;
mod philox;
mod pixels;
mod sample;
#[cfg(test)]
mod testing;
mod tile;
mod token_embed;

pub use attention::{softmax, transpose};
pub use causal_attention::{Heads, causal_attention};
pub use conv2d::{Window, conv2d};
pub use cpu::{Cpu, Priority};
pub use embed::embed;
pub use group_norm::{GroupNorm, group_norm};
pub use linear::{Inputs, Outputs, Vectors, linear};
pub use linear_weights::{LinearWeights, WeightFormat};
pub use lookup::{NO_INDEX, lookup};
pub use panels::Panels;
pub use peak::{peak_arithmetic, peak_copy};
pub use philox::{philox, uniform};
pub use pixels::{pixels_in, pixels_out};
pub use sample::{Drawing, Drawn, sample};
pub use token_embed::{Mix, Table, token_embed};

/// Values of one pixel of a map of `channels` channels: padded to a multiple of four.
#[must_use]
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(4)
}
