//! The operations of the network, one file each: what it computes, its shapes, how it picks a kernel, and the same thing
//! plainly on the CPU for the tests to compare with.
//!
//! A `Graph` lists operations over `Map`s; `Arena` gives every map a place in as few bytes as their lifetimes
//! allow, so that the memory of a run is known before any of it is allocated; `Program` is the graph with its
//! pipelines and bindings made, ready to be run again and again.

mod arena;
mod attention;
mod bands;
mod conv2d;
mod executor;
mod graph;
mod group_norm;
mod host;
mod host_parameters;
mod host_program;
mod lookup;
mod map;
mod parameters;
mod pixels;
mod program;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(any(target_arch = "wasm32", test))]
mod worker;

pub(crate) use arena::Arena;
pub(crate) use attention::attention;
pub(crate) use conv2d::{Conv2d, Operand};
pub(crate) use executor::{DeviceParameters, ParameterLoader, Prepared, device_shard_codes, processor_peaks};
pub(crate) use graph::{EmitContext, Graph, Op};
pub(crate) use group_norm::{NormTo, group_norm};
pub(crate) use host::Host;
pub(crate) use host_parameters::HostParameters;
pub(crate) use host_program::HostProgram;
pub(crate) use lookup::{Embed, Lookup};
pub(crate) use map::{Map, TensorId};
pub(crate) use parameters::{Parameters, Shard, shard_codes};
pub(crate) use pixels::{PixelsIn, PixelsOut};
pub(crate) use program::Program;
#[cfg(target_arch = "wasm32")]
pub use worker::answer_page;
