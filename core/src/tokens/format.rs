//! The forms of token files: JSON, NumPy and safetensors.

use crate::formats::{npy::is_npy, safetensors::is_safetensors, text::to_utf8};

use super::{TokenFile, TokenFileError, json, npy, safetensors};

/// The form of a token file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// `{"width", "height", "factor", "grid": [rows, cols], "codebook_size", "tokens": [[…]], "model"}`; several pictures: a list of these.
    Json,
    /// int32 [rows, cols], or [n, rows, cols] for several pictures.
    Npy,
    /// Tensor `tokens`, int32 [n, rows, cols], the rest as metadata.
    Safetensors,
}

impl TokenFormat {
    /// By the ending of a file name: `.json`, `.npy`, `.safetensors`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "npy" => Some(Self::Npy),
            "safetensors" => Some(Self::Safetensors),
            _ => None,
        }
    }
}

impl TokenFile {
    /// Reads any of the forms, recognized by content.
    ///
    /// # Errors
    /// [`TokenFileError`] names the file and what is wrong.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, TokenFileError> {
        let read = if is_npy(bytes) {
            npy::read(bytes)
        } else if is_safetensors(bytes, bytes.len() as u64) {
            safetensors::read(bytes)
        } else {
            let text = to_utf8(bytes);
            if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
                json::read(&text)
            } else {
                Err("is no token file: JSON, .npy and .safetensors are read".to_owned())
            }
        };
        let file = read.and_then(|file| file.check().map(|()| file));
        file.map_err(|reason| TokenFileError::Broken { name: name.to_owned(), reason })
    }

    /// The bytes of a file of this form.
    ///
    /// # Errors
    /// [`TokenFileError`] when the form cannot hold this content (grids of different sizes in `.npy`).
    pub fn write(&self, format: TokenFormat) -> Result<Vec<u8>, TokenFileError> {
        let written = self.check().and_then(|()| match format {
            TokenFormat::Json => json::write(self),
            TokenFormat::Npy => npy::write(self),
            TokenFormat::Safetensors => safetensors::write(self),
        });
        let name = self.model.clone().unwrap_or_else(|| "tokens".to_owned());
        written.map_err(|reason| TokenFileError::Broken { name, reason })
    }
}
