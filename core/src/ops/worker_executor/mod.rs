//! Graphs on the processor of a page, in a worker, so that the page stays alive: an executor behind messages.
//!
//! The page's side ([`RemoteLoader`], [`RemoteTensors`] and what they become) sends requests. The worker's side ([`Server`])
//! answers each with what `cpu_executor` computes. Texts are JSON; numbers travel as arrays of words beside them.

#[cfg(target_arch = "wasm32")]
mod answering;
#[cfg(target_arch = "wasm32")]
mod calls;
mod graph_message;
#[cfg(target_arch = "wasm32")]
mod remote_loader;
#[cfg(target_arch = "wasm32")]
mod remote_parameters;
#[cfg(target_arch = "wasm32")]
mod remote_program;
#[cfg(target_arch = "wasm32")]
mod remote_tensors;
mod request;
mod server;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "wasm32")]
pub use answering::answer_page;
#[cfg(target_arch = "wasm32")]
pub(crate) use calls::measure;
#[cfg(target_arch = "wasm32")]
pub(crate) use remote_loader::RemoteLoader;
#[cfg(target_arch = "wasm32")]
pub(crate) use remote_tensors::RemoteTensors;
