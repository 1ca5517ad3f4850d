//! Opening and saving files: the desktop's dialogs natively, the browser's file input and downloads on the page.

mod dialog;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod prompt;
mod purpose;
mod save_file;
#[cfg(target_arch = "wasm32")]
mod web;

pub(crate) use dialog::{Picked, Saved};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{PickedFile, pick, save, write};
pub(crate) use prompt::{PathPrompt, Wanted, show as show_prompt};
pub(crate) use purpose::Purpose;
pub(crate) use save_file::SaveFile;
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{PickedFile, pick, save};
