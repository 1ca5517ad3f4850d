//! The browser side of the crate: what the page offers the studio (its address, files, the camera), or, without the
//! feature `studio`, the engine for scripts of other pages.

#[cfg(feature = "studio")]
pub mod address;
#[cfg(feature = "studio")]
pub mod camera;
#[cfg(not(feature = "studio"))]
mod device_choice;
#[cfg(not(feature = "studio"))]
mod devices;
#[cfg(not(feature = "studio"))]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands optional arguments over by value")]
pub mod engine;
#[cfg(feature = "studio")]
pub mod files;
#[cfg(not(feature = "studio"))]
pub mod generator;
#[cfg(feature = "studio")]
pub mod mirror;
#[cfg(not(feature = "studio"))]
mod model;
#[cfg(not(feature = "studio"))]
pub mod script;
#[cfg(feature = "studio")]
pub mod store;
#[cfg(not(feature = "studio"))]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands optional arguments over by value")]
pub mod tokenizer;
pub mod worker;
