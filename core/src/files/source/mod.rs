//! Where bytes come from: memory, a file, a browser `File`, HTTP ranges.

mod error;
#[cfg(target_arch = "wasm32")]
mod http;
mod shared;

use std::sync::Arc;

pub use error::SourceError;
pub(crate) use shared::Shared;

use super::Origin;
#[cfg(target_arch = "wasm32")]
use http::{Http, Opened};

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
    /// A file on this machine.
    #[cfg(not(target_arch = "wasm32"))]
    File {
        /// Its path, shown in messages.
        name: String,
        /// The open file.
        file: Arc<std::fs::File>,
        /// Its size in bytes when it was opened.
        len: u64,
    },
    /// A `File` or `Blob` of the browser.
    #[cfg(target_arch = "wasm32")]
    Blob {
        /// Shown in messages.
        name: String,
        /// The browser's object.
        blob: web_sys::Blob,
    },
    /// An address whose server gives byte ranges.
    #[cfg(target_arch = "wasm32")]
    Http(Shared<Http>),
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
    pub fn file(path: &std::path::Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let unreadable = |reason: String| SourceError::Unreadable { name: name.clone(), reason };
        // Asked before opening: opening a pipe would wait for its writer.
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !metadata.is_file() {
            return Err(unreadable("is not a file".to_owned()));
        }
        let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let len = file.metadata().map_err(|error| unreadable(error.to_string()))?.len();
        Ok(Self::File { name, file: Arc::new(file), len })
    }

    /// A `File` or `Blob` of the browser.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn blob(name: &str, blob: web_sys::Blob) -> Self {
        Self::Blob { name: name.to_owned(), blob }
    }

    /// An address on the web; asks for ranges, and keeps the whole content in memory when the server has none.
    ///
    /// # Errors
    /// [`SourceError`] when the server does not answer.
    #[cfg(target_arch = "wasm32")]
    pub async fn http(url: &str) -> Result<Self, SourceError> {
        Self::http_up_to(url, http::MOST_IN_MEMORY).await
    }

    /// As [`http`](Self::http), for a content of at most `most` bytes.
    #[cfg(target_arch = "wasm32")]
    pub(super) async fn http_up_to(url: &str, most: u64) -> Result<Self, SourceError> {
        match http::open(url, most).await? {
            Opened::Ranges(http) => Ok(Self::Http(Shared::new(http))),
            Opened::Whole(bytes) => Ok(Self::memory(url, bytes)),
        }
    }

    /// Shown in messages: the path or address.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Memory { name, .. } => name,
            #[cfg(not(target_arch = "wasm32"))]
            Self::File { name, .. } => name,
            #[cfg(target_arch = "wasm32")]
            Self::Blob { name, .. } => name,
            #[cfg(target_arch = "wasm32")]
            Self::Http(http) => http.url(),
        }
    }

    /// Where its bytes can be found again.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Memory { .. } => Origin::Unknown,
            #[cfg(not(target_arch = "wasm32"))]
            Self::File { name, .. } => Origin::At(name.clone()),
            #[cfg(target_arch = "wasm32")]
            Self::Blob { .. } => Origin::Unknown,
            #[cfg(target_arch = "wasm32")]
            Self::Http(http) => Origin::At(http.url().to_owned()),
        }
    }

    /// Whether all of it can be read fast: it is in memory, or a file of this machine that no browser stands before.
    pub(super) fn is_at_hand(&self) -> bool {
        match self {
            Self::Memory { .. } => true,
            #[cfg(not(target_arch = "wasm32"))]
            Self::File { .. } => true,
            #[cfg(target_arch = "wasm32")]
            Self::Blob { .. } | Self::Http(_) => false,
        }
    }

    /// Size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory { bytes, .. } => bytes.len() as u64,
            #[cfg(not(target_arch = "wasm32"))]
            Self::File { len, .. } => *len,
            #[cfg(target_arch = "wasm32")]
            Self::Blob { blob, .. } => blob.size() as u64,
            #[cfg(target_arch = "wasm32")]
            Self::Http(http) => http.len(),
        }
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
    pub async fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        let (end, size) = (offset.saturating_add(len as u64), self.len());
        if end > size {
            return Err(SourceError::Beyond { name: self.name().to_owned(), offset, end, size });
        }
        match self {
            Self::Memory { bytes, .. } => Ok(bytes[offset as usize..end as usize].to_vec()),
            #[cfg(not(target_arch = "wasm32"))]
            Self::File { name, file, .. } => {
                let mut bytes = vec![0; len];
                read_exact_at(file, &mut bytes, offset).map_err(|error| SourceError::Unreadable {
                    name: name.clone(),
                    reason: error.to_string(),
                })?;
                Ok(bytes)
            }
            #[cfg(target_arch = "wasm32")]
            Self::Blob { name, blob } => http::read_blob(name, blob, offset, end).await,
            #[cfg(target_arch = "wasm32")]
            Self::Http(http) => http.read_at(offset, len).await,
        }
    }
}

#[cfg(unix)]
fn read_exact_at(file: &std::fs::File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &std::fs::File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let read = std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], offset + done as u64)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        done += read;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;

    #[test]
    fn memory_is_read_by_position_and_ends_with_an_error() {
        let source = Source::memory("four bytes", vec![1, 2, 3, 4]);
        assert_eq!(block_on(source.read_at(1, 2)).unwrap(), [2, 3]);
        assert!(block_on(source.read_at(4, 0)).unwrap().is_empty());
        let error = block_on(source.read_at(3, 2)).unwrap_err().to_string();
        assert_eq!(error, "four bytes: ends after 4 bytes, but bytes 3 to 5 are needed");
        assert!(block_on(source.read_at(u64::MAX, 2)).is_err());
    }

    #[test]
    fn a_file_is_read_by_position_and_a_folder_is_no_file() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = Source::file(&path.join("Cargo.toml")).unwrap();
        assert_eq!(block_on(source.read_at(1, 7)).unwrap(), b"package");
        assert!(Source::file(path).unwrap_err().to_string().ends_with("is not a file"));
        assert!(Source::file(&path.join("no such file")).is_err());
    }
}
