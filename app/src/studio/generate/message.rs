//! What can happen on this pane.

use ibq_core::generator::{Generator, Recipe};
use image::RgbImage;

use crate::studio::{context, failure::Failure, files::SaveFile, notice::Notice, patches::DecodedPatches};

use super::{
    gallery::Gallery,
    tasks::{GeneratedImages, InspectionResult, PartialImages},
};

/// What this pane works with.
pub(super) type Context<'a> = context::Context<'a, Message>;
/// Where its views send messages.
pub(super) type Outbox = context::Outbox<Message>;

/// What happens on this pane.
pub(crate) enum Message {
    /// There is no generator in the file that was to be opened at once.
    NoGenerator,
    /// The generator of this name is on the GPU, or is not.
    Loaded(Result<Box<Generator>, Failure>, String),
    /// New pictures with the current settings.
    Start,
    /// New pictures with another seed.
    Reroll,
    Stop,
    /// Starts a run, or stops the one that is running.
    StartOrStop,
    /// Resumes a run that was stopped.
    Resume,
    PartlyDrawn(PartialImages),
    Generated(Result<Box<GeneratedImages>, Failure>),
    /// Shows one picture large, or all.
    Show(Option<usize>),
    /// Wants to know about the token at a position of the picture shown.
    Inspect(u32),
    Inspected(Result<Box<InspectionResult>, Failure>),
    PatchesDecoded(Result<DecodedPatches, Failure>),
    /// Puts a token at a position and draws all that follow again.
    Replace(u32, u32),
    /// Keeps the tokens before a position and draws the others with another seed.
    KeepBefore(u32),
    /// Keeps the held tokens and draws the others with another seed.
    DrawAround,
    /// Saves the picture shown, or the first one.
    Save,
    /// The picture as a file, or why there is none.
    Exported(Result<Box<SaveFile>, Notice>),
    /// A picture of the gallery is to be shown again.
    Restore(Box<Recipe>),
    /// Decoded pictures of recipes: of the gallery, or one that is shown.
    Restored(Result<Vec<(Recipe, RgbImage)>, Failure>, bool),
    /// Takes the picture shown to hand, to be reconstructed.
    Reconstruct,
    /// The gallery of earlier runs was read.
    GalleryRead(Result<Option<Gallery>, Notice>),
    /// Stores the gallery and the favorites.
    StoreGallery,
    /// They were stored, or not.
    GalleryStored(Result<(), Notice>),
}
