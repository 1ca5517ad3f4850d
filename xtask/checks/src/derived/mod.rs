//! Derived files: files and figures of the repository that were made from a model, or from another file, by a command.
//!
//! `assets/derived.json` lists each with its command, with the SHA-256 of everything it was made from, and with what came
//! out: the SHA-256 of a file, or the figures that the command printed. A test compares the hashes ([`check`]), and
//! `cargo xtask derive` runs the commands of what is stale ([`remake()`]).
//!
//! Texts quote figures between marks, `<!-- derived: NAME/KEY -->26.74 dB<!-- /derived -->`; see [`texts`].
//!
//! Curves and tables of a training are no derived files but the record of a run: the same command would give other ones.

pub mod figures;
mod hash;
pub mod manifest;
mod remake;
pub mod texts;

use std::{fs, path::Path};

pub use remake::{Choice, remake};

use manifest::Manifest;

/// Everything that is stale or was changed by hand, one message each; nothing where all holds.
///
/// # Errors
/// A message that names the file which cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let manifest = Manifest::read(root)?;
    let mut messages = Vec::new();
    for entry in &manifest.entries {
        messages.extend(entry.faults(root).into_iter().map(|fault| format!("{}: {fault}", entry.name)));
    }
    for path in texts::paths(root)? {
        let text = fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        let wrong = texts::check(&text, &manifest);
        messages.extend(wrong.into_iter().map(|(line, fault)| format!("{path}:{line}: {fault}")));
    }
    Ok(messages)
}
