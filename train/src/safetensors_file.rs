//! Safetensors files of the trainer: named tensors, and metadata as texts beside them.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

use ibq_core::files::write_whole;
use safetensors::{Dtype, SafeTensors, View, tensor::Metadata};

use crate::input_file::check_file;

/// A file cannot be written, read or used.
#[derive(Debug, thiserror::Error)]
pub enum TensorFileError {
    /// The file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl TensorFileError {
    pub(crate) fn content(path: &Path, reason: &dyn ToString) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Serializes one metadata entry of a file at `path` as JSON.
pub(crate) fn metadata_json(path: &Path, entry: &impl serde::Serialize) -> Result<String, TensorFileError> {
    serde_json::to_string(entry).map_err(|error| TensorFileError::content(path, &error))
}

/// A tensor on its way to a file: type, shape, bytes.
pub(crate) struct StoredTensor(pub(crate) Dtype, pub(crate) Vec<usize>, pub(crate) Vec<u8>);

impl StoredTensor {
    /// 32-bit floats.
    pub(crate) fn floats(shape: Vec<usize>, values: &[f32]) -> Self {
        Self(Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// 16-bit integers.
    pub(crate) fn words(shape: Vec<usize>, values: &[u16]) -> Self {
        Self(Dtype::U16, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

impl View for StoredTensor {
    fn dtype(&self) -> Dtype {
        self.0
    }

    fn shape(&self) -> &[usize] {
        &self.1
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.2)
    }

    fn data_len(&self) -> usize {
        self.2.len()
    }
}

/// Writes a file; what stood there is replaced when the new one is complete on disk.
///
/// # Errors
/// [`TensorFileError`].
pub(crate) fn write<N: AsRef<str> + Ord + std::fmt::Display>(
    path: &Path,
    tensors: impl IntoIterator<Item = (N, StoredTensor)>,
    metadata: HashMap<String, String>,
) -> Result<(), TensorFileError> {
    let bytes = safetensors::serialize(tensors, Some(metadata))
        .map_err(|error| TensorFileError::content(path, &error))?;
    write_whole(path, |file| file.write_all(&bytes))
        .map_err(|source| TensorFileError::Io { path: path.to_owned(), source })
}

/// A file of [`write()`] that was read.
pub(crate) struct SafetensorsFile<'a> {
    path: &'a Path,
    /// What it should be, for messages: "a checkpoint of ibq-train".
    what: &'static str,
    bytes: Vec<u8>,
    /// Where the tensors begin.
    data: usize,
    head: Metadata,
}

impl<'a> SafetensorsFile<'a> {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`TensorFileError`].
    pub(crate) fn open(path: &'a Path, what: &'static str) -> Result<Self, TensorFileError> {
        let bytes = check_file(path).and_then(|()| fs::read(path));
        let bytes = bytes.map_err(|source| TensorFileError::Io { path: path.to_owned(), source })?;
        let (head_size, head) =
            SafeTensors::read_metadata(&bytes).map_err(|error| TensorFileError::content(path, &error))?;
        // Eight bytes before the head say how long it is.
        Ok(Self { path, what, bytes, data: 8 + head_size, head })
    }

    /// An error about the content.
    pub(crate) fn content_error(&self, reason: &str) -> TensorFileError {
        TensorFileError::content(self.path, &reason)
    }

    /// A metadata entry.
    pub(crate) fn text(&self, name: &str) -> Result<&str, TensorFileError> {
        let text = self.head.metadata().as_ref().and_then(|entries| entries.get(name));
        text.map(String::as_str).ok_or_else(|| self.content_error(&format!("not {}: no `{name}`", self.what)))
    }

    /// A metadata entry that is a number.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<T, TensorFileError> {
        self.text(name)?.parse().map_err(|_| self.content_error(&format!("`{name}` is not a number")))
    }

    /// A metadata entry that is JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, TensorFileError> {
        serde_json::from_str(self.text(name)?)
            .map_err(|error| self.content_error(&format!("`{name}`: {error}")))
    }

    /// A metadata entry that is JSON, if there is one of this name.
    pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, TensorFileError> {
        self.text(name).is_ok().then(|| self.json(name)).transpose()
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.head.info(name).is_some()
    }

    /// Shape and bytes of a tensor of one type.
    fn tensor(&self, name: &str, dtype: Dtype) -> Result<(&[usize], &[u8]), TensorFileError> {
        let missing = || self.content_error(&format!("the tensor `{name}` is missing"));
        let info = self.head.info(name).ok_or_else(missing)?;
        if info.dtype != dtype {
            return Err(self.content_error(&format!("the tensor `{name}` is not {dtype:?}")));
        }
        let (from, to) = info.data_offsets;
        let bytes = self.bytes.get(self.data + from..self.data + to).ok_or_else(missing)?;
        Ok((&info.shape, bytes))
    }

    /// Shape and values of a tensor of 32-bit floats.
    pub(crate) fn floats(&self, name: &str) -> Result<(&[usize], Vec<f32>), TensorFileError> {
        let (shape, bytes) = self.tensor(name, Dtype::F32)?;
        let values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok((shape, values))
    }

    /// The values of a tensor of 32-bit floats, of which there must be `count`.
    pub(crate) fn floats_of(&self, name: &str, count: usize) -> Result<Vec<f32>, TensorFileError> {
        match self.floats(name)?.1 {
            values if values.len() == count => Ok(values),
            values => {
                Err(self.content_error(&format!("`{name}` has {} values instead of {count}", values.len())))
            }
        }
    }

    /// Shape and values of a tensor of 16-bit integers.
    pub(crate) fn words(&self, name: &str) -> Result<(&[usize], Vec<u16>), TensorFileError> {
        let (shape, bytes) = self.tensor(name, Dtype::U16)?;
        let values = bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
        Ok((shape, values))
    }
}
