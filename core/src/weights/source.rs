//! Where bytes come from: memory, a file, a browser `File`, HTTP ranges.

use std::sync::Arc;

/// Bytes that can be read by position. Clones share the same source.
#[derive(Clone, Debug)]
pub enum Source {
    /// Bytes in memory, with a name for messages.
    Memory {
        /// Shown in messages.
        name: String,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
}

/// Bytes cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// The place does not answer.
    #[error("{name}: {reason}")]
    Unreadable {
        /// File or address.
        name: String,
        /// What went wrong.
        reason: String,
    },
}

impl Source {
    /// Bytes that are already in memory.
    #[must_use]
    pub fn memory(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Memory { name: name.to_owned(), bytes: bytes.into() }
    }

    /// A file on this machine.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be opened.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn file(_path: &std::path::Path) -> Result<Self, SourceError> {
        unimplemented!()
    }

    /// A `File` or `Blob` of the browser.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn blob(_name: &str, _blob: web_sys::Blob) -> Self {
        unimplemented!()
    }

    /// An address on the web; asks for ranges, and keeps the whole content in memory when the server has none.
    ///
    /// # Errors
    /// [`SourceError`] when the server does not answer.
    #[cfg(target_arch = "wasm32")]
    pub async fn http(_url: &str) -> Result<Self, SourceError> {
        unimplemented!()
    }

    /// Shown in messages: the path or address.
    #[must_use]
    pub fn name(&self) -> &str {
        unimplemented!()
    }

    /// Size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        unimplemented!()
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads exactly `len` bytes from `offset`.
    ///
    /// # Errors
    /// [`SourceError`] beyond the end, or when the place no longer answers.
    pub async fn read_at(&self, _offset: u64, _len: usize) -> Result<Vec<u8>, SourceError> {
        unimplemented!()
    }
}
