//! Safetensors files of the trainer: named tensors, and facts as texts beside them.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

use safetensors::{Dtype, SafeTensors, View, tensor::Metadata};

/// A file cannot be written, read or used.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
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

impl StoredError {
    pub(crate) fn content(path: &Path, reason: &dyn ToString) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// A fact for a file at `path`, as JSON.
pub(crate) fn json_fact(path: &Path, fact: &impl serde::Serialize) -> Result<String, StoredError> {
    serde_json::to_string(fact).map_err(|error| StoredError::content(path, &error))
}

/// A tensor on its way to a file: type, shape, bytes.
pub(crate) struct Stored(pub(crate) Dtype, pub(crate) Vec<usize>, pub(crate) Vec<u8>);

impl Stored {
    /// 32-bit floats.
    pub(crate) fn floats(shape: Vec<usize>, values: &[f32]) -> Self {
        Self(Dtype::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Whole numbers of 16 bits.
    pub(crate) fn words(shape: Vec<usize>, values: &[u16]) -> Self {
        Self(Dtype::U16, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

impl View for Stored {
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
/// [`StoredError`].
pub(crate) fn write<N: AsRef<str> + Ord + std::fmt::Display>(
    path: &Path,
    tensors: impl IntoIterator<Item = (N, Stored)>,
    facts: HashMap<String, String>,
) -> Result<(), StoredError> {
    let bytes =
        safetensors::serialize(tensors, Some(facts)).map_err(|error| StoredError::content(path, &error))?;
    write_whole(path, &bytes).map_err(|source| StoredError::Io { path: path.to_owned(), source })
}

/// Writes a file under another name beside its place, and moves it there once it is on disk.
///
/// # Errors
/// Those of the file system.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

/// A file of [`write()`] that was read.
pub(crate) struct StoredFile<'a> {
    path: &'a Path,
    /// What it should be, for messages: "a checkpoint of ibq-train".
    what: &'static str,
    bytes: Vec<u8>,
    /// Where the tensors begin.
    data: usize,
    head: Metadata,
}

impl<'a> StoredFile<'a> {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`StoredError`].
    pub(crate) fn open(path: &'a Path, what: &'static str) -> Result<Self, StoredError> {
        let bytes = fs::read(path).map_err(|source| StoredError::Io { path: path.to_owned(), source })?;
        let (head_size, head) =
            SafeTensors::read_metadata(&bytes).map_err(|error| StoredError::content(path, &error))?;
        // Eight bytes before the head say how long it is.
        Ok(Self { path, what, bytes, data: 8 + head_size, head })
    }

    /// An error about the content.
    pub(crate) fn wrong(&self, reason: &str) -> StoredError {
        StoredError::content(self.path, &reason)
    }

    /// A fact by its name.
    pub(crate) fn fact(&self, name: &str) -> Result<&str, StoredError> {
        let fact = self.head.metadata().as_ref().and_then(|facts| facts.get(name));
        fact.map(String::as_str).ok_or_else(|| self.wrong(&format!("not {}: no `{name}`", self.what)))
    }

    /// A fact that is a number.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<T, StoredError> {
        self.fact(name)?.parse().map_err(|_| self.wrong(&format!("`{name}` is not a number")))
    }

    /// A fact that is JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, StoredError> {
        serde_json::from_str(self.fact(name)?).map_err(|error| self.wrong(&format!("`{name}`: {error}")))
    }

    /// A fact that is JSON, if there is one of this name.
    pub(crate) fn json_if_any<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoredError> {
        self.fact(name).is_ok().then(|| self.json(name)).transpose()
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.head.info(name).is_some()
    }

    /// Shape and bytes of a tensor of one type.
    fn tensor(&self, name: &str, dtype: Dtype) -> Result<(&[usize], &[u8]), StoredError> {
        let missing = || self.wrong(&format!("the tensor `{name}` is missing"));
        let info = self.head.info(name).ok_or_else(missing)?;
        if info.dtype != dtype {
            return Err(self.wrong(&format!("the tensor `{name}` is not {dtype:?}")));
        }
        let (from, to) = info.data_offsets;
        let bytes = self.bytes.get(self.data + from..self.data + to).ok_or_else(missing)?;
        Ok((&info.shape, bytes))
    }

    /// Shape and values of a tensor of 32-bit floats.
    pub(crate) fn floats(&self, name: &str) -> Result<(&[usize], Vec<f32>), StoredError> {
        let (shape, bytes) = self.tensor(name, Dtype::F32)?;
        let values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok((shape, values))
    }

    /// The values of a tensor of 32-bit floats, of which there must be `count`.
    pub(crate) fn floats_of(&self, name: &str, count: usize) -> Result<Vec<f32>, StoredError> {
        match self.floats(name)?.1 {
            values if values.len() == count => Ok(values),
            values => Err(self.wrong(&format!("`{name}` has {} values instead of {count}", values.len()))),
        }
    }

    /// Shape and values of a tensor of whole numbers of 16 bits.
    pub(crate) fn words(&self, name: &str) -> Result<(&[usize], Vec<u16>), StoredError> {
        let (shape, bytes) = self.tensor(name, Dtype::U16)?;
        let values = bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect();
        Ok((shape, values))
    }
}
