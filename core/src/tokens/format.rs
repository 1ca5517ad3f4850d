//! The forms of token files: JSON, NumPy and safetensors.

use crate::formats::{npy::is_npy, safetensors::is_safetensors, text::to_utf8};

use super::{Grid, ReadTokens, TokenFile, TokenFileError, arrangement::rearrange, json, npy, safetensors};

/// The form of a token file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// `{"width", "height", "factor", "grid": [rows, cols], "codebook_size", "tokens": [[…]], "model"}`; several pictures: a list of these.
    /// Bare lists are read as arrays are.
    Json,
    /// int32 [rows, cols], or [n, rows, cols] for several pictures. [n, codes] is read as well, for square pictures.
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
        ReadTokens::read(name, bytes, None).map(|read| read.file)
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

impl ReadTokens {
    /// Reads any of the forms, recognized by content. If a grid is given, each picture has that grid: a file that has all tokens of
    /// a picture in a row is cut into such grids.
    ///
    /// # Errors
    /// [`TokenFileError`] names the file and what is wrong; also when its pictures have another number of tokens than the grid.
    pub fn read(name: &str, bytes: &[u8], grid: Option<Grid>) -> Result<Self, TokenFileError> {
        let read = if is_npy(bytes) {
            npy::read(bytes, grid.is_some())
        } else if is_safetensors(bytes, bytes.len() as u64) {
            safetensors::read(bytes, grid.is_some())
        } else {
            let text = to_utf8(bytes);
            if matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
                json::read(&text, grid.is_some())
            } else {
                Err("is no token file: JSON, .npy and .safetensors are read".to_owned())
            }
        };
        let read = read.and_then(|mut read| {
            if let Some(grid) = grid {
                read.file.grids = rearrange(read.file.grids, grid)?;
                read.assumed = None;
            }
            read.file.check().map(|()| read)
        });
        read.map_err(|reason| TokenFileError::Broken { name: name.to_owned(), reason })
    }
}
