//! The models that all panes share: opening, describing, loading; the dialog that does it.

mod bundled;
mod chooser;
mod chooser_state;
mod digest;
mod environment;
#[cfg(target_arch = "wasm32")]
mod kept;
mod loaded;
mod message;
mod names;
mod opened;
mod source;
mod state;
mod update;

pub(crate) use bundled::bundled_tokenizer;
pub(crate) use chooser::show as show_chooser;
pub(crate) use environment::ModelsEnvironment;
pub(crate) use loaded::{LoadedModel, Slot};
pub(crate) use message::{ModelsEffect, ModelsMessage};
pub(crate) use names::{precision_name, set_name};
pub(crate) use source::ModelSource;
pub(crate) use state::Models;
