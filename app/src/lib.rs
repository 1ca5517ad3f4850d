//! IBQ Studio: command line, window and web page on one engine.

#[cfg(not(target_arch = "wasm32"))]
pub mod bundled;
#[cfg(all(target_arch = "wasm32", feature = "studio"))]
pub mod entry;
#[cfg(feature = "studio")]
pub mod studio;
#[cfg(target_arch = "wasm32")]
pub mod web;
