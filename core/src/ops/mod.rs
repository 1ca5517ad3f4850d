//! The operations of the network, one file each: what it computes, its shapes, how it picks a kernel, and the same thing
//! plainly on the CPU for the tests to compare with.
//!
//! A `Graph` lists operations over `Map`s; `Arena` gives every map a place in as few bytes as their lifetimes
//! allow, so that the memory of a run is known before any of it is allocated; `Program` is the graph with its
//! pipelines and bindings made, ready to be run again and again. `SharedTensors` live longer than a graph, such as the keys
//! and values of a sequence that grows.

mod advance;
mod arena;
mod attention;
mod bands;
mod causal_attention;
mod conv2d;
mod executor;
mod graph;
mod group_norm;
mod host;
mod host_linear_weights;
mod host_parameters;
mod host_program;
mod linear;
mod linear_weights;
mod lookup;
mod map;
mod parameter_loader;
mod parameters;
mod pixels;
mod program;
mod sample;
mod shared_tensors;
#[cfg(test)]
pub(crate) mod testing;
mod token_embed;
#[cfg(any(target_arch = "wasm32", test))]
mod worker;

pub(crate) use advance::Advance;
pub(crate) use arena::Arena;
pub(crate) use attention::attention;
pub(crate) use causal_attention::CausalAttention;
pub(crate) use conv2d::{Conv2d, Operand};
pub(crate) use executor::{DeviceParameters, Prepared, device_shard_codes, processor_peaks};
pub(crate) use graph::{EmitContext, Graph, Op};
pub(crate) use group_norm::{NormTo, group_norm};
pub(crate) use host::Host;
pub(crate) use host_parameters::HostParameters;
pub(crate) use host_program::HostProgram;
pub(crate) use linear::{Heads, Linear, LinearAttention, LinearVectors};
pub(crate) use linear_weights::{LinearPart, LinearShape, PIECE};
pub(crate) use lookup::{Embed, Lookup};
pub(crate) use map::{Map, TensorId};
pub(crate) use parameter_loader::ParameterLoader;
pub(crate) use parameters::{Parameters, Shard, shard_codes};
pub(crate) use pixels::{PixelsIn, PixelsOut};
pub(crate) use program::Program;
pub(crate) use sample::Sample;
pub(crate) use shared_tensors::SharedTensors;
pub(crate) use token_embed::TokenEmbed;
#[cfg(target_arch = "wasm32")]
pub use worker::answer_page;
