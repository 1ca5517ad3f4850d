//! The operations of the network on the processor. One file per operation, named as its WGSL kernel: slices in, slices out.
//!
//! Feature maps are NHWC with channels padded to a multiple of four, as on the GPU; padding is 0. All values are f32. Sums run
//! in the order of the kernels: window rows, window columns, input channels.
//!
//! Every operation is plain Rust that the compiler vectorizes. [`isa`] compiles it once for each instruction set and chooses when
//! the program runs; [`Cpu`] spreads it over the threads.

mod attention;
mod conv2d;
mod cpu;
mod embed;
mod exp;
mod group_norm;
pub mod isa;
mod lookup;
mod panels;
mod peak;
mod pixels;
#[cfg(test)]
mod testing;
mod tile;

pub use attention::{softmax, transpose};
pub use conv2d::{Window, conv2d};
pub use cpu::Cpu;
pub use embed::embed;
pub use group_norm::{GroupNorm, group_norm};
pub use lookup::{NO_INDEX, lookup};
pub use panels::Panels;
pub use peak::{peak_arithmetic, peak_copy};
pub use pixels::{pixels_in, pixels_out};

/// Values of one pixel of a map of `channels` channels: padded to a multiple of four.
#[must_use]
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(4)
}
