//! What the tasks of the window itself end in.

use super::{
    files::{Picked, PickedFile, Purpose, Saved},
    notice::Notice,
    open_file::Content,
    sample_pictures::SamplePicture,
};

/// What a task of the window ended in.
pub(crate) enum AppMessage {
    /// Nothing came of it.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only a browser has a camera"))]
    Nothing,
    /// A dialog that chooses a file was closed.
    Picked(Purpose, Result<Picked<PickedFile>, Notice>),
    /// A file was read.
    Read(Result<Content, Notice>),
    /// A file was saved.
    Saved(Result<Saved, Notice>),
    /// The sample pictures were read.
    Samples(Vec<SamplePicture>),
}
