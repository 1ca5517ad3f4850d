//! How a file dialog ends.

use super::save_file::SaveFile;

/// How a dialog that opens a file ended, with what it gives for a file.
pub(crate) enum Picked<F> {
    File(F),
    /// The person decided against it.
    Nothing,
    /// No dialog could be shown.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser always has one"))]
    NoDialog,
}

/// How saving a file ended.
pub(crate) enum Saved {
    /// It was written, under this name.
    As(String),
    /// The person decided against it.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the browser saves without asking"))]
    Nothing,
    /// No dialog could be shown: the file still waits for a place.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "the browser saves without asking"))]
    NoDialog(SaveFile),
}
