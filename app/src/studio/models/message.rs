//! What can happen to the models, and what follows from it for others.

use crate::studio::{failure::Failure, open_file::OpenedTransformer, task::TaskId};
#[cfg(target_arch = "wasm32")]
use crate::{studio::files::PickedFile, web::store::Listing};

use super::{
    loaded::{LoadedModel, Slot},
    opened::OpenedModel,
    source::ModelSource,
};

/// What happens to the models.
pub(crate) enum ModelsMessage {
    /// Opens the chooser.
    Choose(Slot),
    CloseChooser,
    /// Opens a model so that the chooser can describe it.
    Open(ModelSource),
    /// Opens a tokenizer and loads it at once, without the chooser.
    OpenAtOnce(ModelSource),
    /// A model was opened; with `load` it is loaded at once.
    Opened {
        model: Result<Box<OpenedModel>, Failure>,
        source: String,
        load: bool,
    },
    /// There is no bundled model.
    NoBundledModel,
    /// Loads what the chooser describes.
    Load,
    /// The task that loads the transformer that the chooser describes; none where nobody loads it.
    LoadsTransformer(Option<TaskId>),
    Loaded(Slot, Result<Box<LoadedModel>, Failure>, String),
    /// Takes a model off the GPU.
    Close(Slot),
    /// Computes the SHA-256 of the model that the chooser describes.
    Digest,
    /// Name of the model, and the digests of its files or why there are none.
    Digested(String, Result<Vec<String>, Failure>),
    /// Shows a dialog that chooses a model file.
    PickFile,
    /// Stops a task.
    Stop(TaskId),
    #[cfg(target_arch = "wasm32")]
    Kept(KeptMessage),
}

/// What is done with models that are kept in the browser.
#[cfg(target_arch = "wasm32")]
pub(crate) enum KeptMessage {
    /// The list arrived, or why there is none.
    Listed(Result<Listing, String>),
    Open(String),
    /// A kept model as a file, or why it was not opened.
    Opened(String, Result<PickedFile, String>),
    /// Stores the model that the chooser describes.
    Keep,
    /// Resumes storing one that was begun from an address.
    Resume(String, String),
    Delete(String),
    /// Storing or deleting ended: what it was, and how.
    Ended(String, Result<(), String>),
}

/// What the models ask of the window.
pub(crate) enum ModelsEffect {
    /// Shows a dialog that chooses a model file.
    PickFile,
    /// The model of a slot is another one, or none.
    Changed(Slot),
    /// Somebody is to load this transformer.
    Transformer(OpenedTransformer),
}
