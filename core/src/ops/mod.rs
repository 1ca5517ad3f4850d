//! The operations of the network, one file each: what it computes, its shapes, how it picks a kernel, and the same thing
//! plainly on the CPU for the tests to compare with.
//!
//! A `Graph` lists operations over `Map`s; `Arena` gives every map a place in as few bytes as their lifetimes
//! allow, so that the memory of a run is known before any of it is allocated. An `Executor` holds the parameters of a model on
//! a device and makes a graph a `Program`, ready to be run again and again: one folder for each kind of device. `SharedTensors` live longer than a graph, such as the keys
//! and values of a sequence that grows.

mod advance;
mod arena;
mod attention;
mod bands;
mod causal_attention;
mod conv2d;
mod cpu_executor;
mod cpu_parameters;
mod executor;
mod executors;
mod gpu_executor;
mod gpu_parameters;
mod graph;
mod group_norm;
mod host;
mod linear;
mod linear_shape;
mod lookup;
mod map;
mod pending;
mod pixels;
mod sample;
mod shared_tensors;
#[cfg(test)]
pub(crate) mod testing;
mod token_embed;
#[cfg(any(target_arch = "wasm32", test))]
mod worker_executor;

pub(crate) use advance::Advance;
pub(crate) use arena::Arena;
pub(crate) use attention::attention;
pub(crate) use causal_attention::CausalAttention;
pub(crate) use conv2d::{Conv2d, Operand};
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) use cpu_executor::CpuProgram;
pub(crate) use cpu_parameters::CpuParameters;
pub(crate) use executor::{Executor, ParameterLoader, Program};
pub(crate) use executors::{device_shard_codes, load_parameters, new_tensors, processor_peaks};
#[cfg(test)]
pub(crate) use gpu_executor::GpuProgram;
pub(crate) use gpu_parameters::{Parameters, Shard, shard_codes};
pub(crate) use graph::{EmitContext, Graph, Op};
pub(crate) use group_norm::{NormTo, group_norm};
pub(crate) use host::Host;
pub(crate) use linear::{Heads, Linear, LinearAttention, LinearVectors};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use linear_shape::PartWords;
pub(crate) use linear_shape::{LinearPart, LinearRows, LinearShape, LinearWords, PIECE};
pub(crate) use lookup::{Embed, Lookup};
pub(crate) use map::{Map, TensorId};
pub(crate) use pixels::{PixelsIn, PixelsOut};
pub(crate) use sample::Sample;
pub(crate) use shared_tensors::SharedTensors;
pub(crate) use token_embed::TokenEmbed;
#[cfg(target_arch = "wasm32")]
pub use worker_executor::answer_page;
