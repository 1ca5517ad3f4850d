//! Shares a value between clones: the browser's objects stay on their thread, everything else may move.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use std::sync::Arc as Shared;

#[cfg(target_arch = "wasm32")]
pub(crate) use std::rc::Rc as Shared;
