//! Opening and saving files: the desktop's dialogs natively, the browser's file input and downloads on the page.

#[cfg(not(target_arch = "wasm32"))]
mod native;
mod prompt;
#[cfg(target_arch = "wasm32")]
mod web;

use std::sync::Arc;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{PickedFile, pick, save, write};
pub(crate) use prompt::{PathPrompt, show as show_prompt};
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{PickedFile, pick, save};

use super::reconstruct::Ready;

/// What a file is wanted for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// A picture to reconstruct.
    Picture,
    /// Tokens to decode.
    Tokens,
    /// A model for the chooser.
    Model,
    /// A place for what is to be saved.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the browser saves without asking"))]
    Save(Arc<Ready>),
}

impl Purpose {
    /// Heading of a dialog.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Picture => "Open a picture".to_owned(),
            Self::Tokens => "Open tokens".to_owned(),
            Self::Model => "Open a model".to_owned(),
            Self::Save(ready) => format!("Save {}", ready.name),
        }
    }

    /// What the files are called and how their names end.
    pub(crate) fn filter(&self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Picture => ("Pictures", &["png", "jpg", "jpeg", "webp"]),
            Self::Tokens => ("Token files", &["json", "npy", "safetensors"]),
            Self::Model => ("Models", &["ckpt", "safetensors", "pt", "pth", "bin"]),
            Self::Save(_) => ("Files", &[]),
        }
    }
}
