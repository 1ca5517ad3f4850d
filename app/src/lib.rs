//! IBQ Studio: command line, window and web page on one engine.

#[cfg(target_arch = "wasm32")]
pub mod web;
