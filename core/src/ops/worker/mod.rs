//! The processor of a page computes in a worker, so that the page stays alive: a second executor behind messages.
//!
//! The page's side ([`RemoteParameters`], [`RemoteProgram`]) sends requests, the worker's side ([`Server`]) answers each with
//! the same operations that compute natively. Texts are JSON; numbers travel as arrays of words beside them.

#[cfg(target_arch = "wasm32")]
mod answering;
mod graph_message;
#[cfg(target_arch = "wasm32")]
mod remote;
mod request;
mod server;

#[cfg(target_arch = "wasm32")]
pub use answering::answer_page;
#[cfg(target_arch = "wasm32")]
pub(crate) use remote::{RemoteParameters, RemoteProgram, measure};
