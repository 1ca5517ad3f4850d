//! Token files: JSON, NumPy and safetensors.

use super::TokenGrid;

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

/// The content of a token file: pictures of one grid size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile {
    /// One grid per picture.
    pub grids: Vec<TokenGrid>,
    /// Width and height of the pictures before padding, one per picture, where the form carries them.
    pub sizes: Option<Vec<(u32, u32)>>,
    /// Pixels per token side, where the form carries it.
    pub factor: Option<u32>,
    /// Number of codes of the model, where the form carries it.
    pub codebook_size: Option<u32>,
    /// Name of the model, where the form carries it.
    pub model: Option<String>,
}

/// Why a token file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// The content is none of the forms, or broken.
    #[error("{name}: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl TokenFormat {
    /// By the ending of a file name: `.json`, `.npy`, `.safetensors`.
    #[must_use]
    pub fn from_name(_name: &str) -> Option<Self> {
        unimplemented!()
    }
}

impl TokenFile {
    /// Reads any of the forms, recognised by content.
    ///
    /// # Errors
    /// [`TokenFileError`] names the file and what is wrong.
    pub fn read(_name: &str, _bytes: &[u8]) -> Result<Self, TokenFileError> {
        unimplemented!()
    }

    /// The bytes of a file of this form.
    ///
    /// # Errors
    /// [`TokenFileError`] when the form cannot hold this content (grids of different sizes in `.npy`).
    pub fn write(&self, _format: TokenFormat) -> Result<Vec<u8>, TokenFileError> {
        unimplemented!()
    }
}
