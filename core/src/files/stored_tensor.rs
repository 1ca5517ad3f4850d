//! One tensor of a file: where its bytes lie, and reading them piece by piece.

use crate::formats::{Dtype, Element};

use super::{Source, SourceError, archive::content_start, layout::Layout};

/// Bytes that are read at once.
const CHUNK: u64 = 4 << 20;

/// Where a storage begins in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StorageLocation {
    /// At this byte.
    Byte(u64),
    /// As the content of the uncompressed zip entry whose local header is at this byte.
    ZipEntry {
        /// Byte of the local header.
        header: u64,
        /// Bytes of content.
        len: u64,
    },
}

/// A tensor that has not been read.
#[derive(Clone, Debug)]
pub(super) struct StoredTensor {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) layout: Layout,
    pub(super) place: StorageLocation,
}

/// Why a tensor's elements cannot be had.
pub(super) enum ReadError {
    Source(SourceError),
    Tensor(String),
}

impl From<SourceError> for ReadError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl StoredTensor {
    /// Reads the elements of `layout` (this tensor's, or rows of it) in row-major order. Holds one chunk besides the result.
    pub(super) async fn read<E: Element>(
        &self,
        source: &Source,
        layout: &Layout,
    ) -> Result<Vec<E>, ReadError> {
        let elements = usize::try_from(layout.elements()).unwrap_or(usize::MAX);
        let mut out = Vec::new();
        if out.try_reserve_exact(elements).is_err() {
            return Err(ReadError::Tensor(format!("{elements} elements do not fit into memory")));
        }
        if elements == 0 {
            return Ok(out);
        }
        let start = match self.place {
            StorageLocation::Byte(byte) => byte,
            StorageLocation::ZipEntry { header, len } => content_start(source, header, len).await?,
        };
        let storage = Storage { source, start, dtype: self.dtype };
        if layout.is_contiguous() {
            let (mut at, end) = (layout.offset(), layout.offset() + layout.elements());
            while at < end {
                at = storage.append(at, end, &mut out).await?;
            }
        } else {
            out.resize(elements, E::default());
            storage.scatter(layout, &mut out).await?;
        }
        Ok(out)
    }
}

struct Storage<'a> {
    source: &'a Source,
    start: u64,
    dtype: Dtype,
}

impl Storage<'_> {
    /// Appends the stored elements from `from` on, one chunk at most, and returns the first that was not read.
    async fn append<E: Element>(&self, from: u64, end: u64, out: &mut Vec<E>) -> Result<u64, ReadError> {
        let size = self.dtype.size();
        let to = end.min(from + CHUNK / size);
        let bytes = self.source.read_at(self.start + from * size, ((to - from) * size) as usize).await?;
        if E::decode(self.dtype, &bytes, out) {
            Ok(to)
        } else {
            let (dtype, wanted) = (self.dtype.name(), E::NAME);
            Err(ReadError::Tensor(format!("elements of type {dtype} cannot be read as {wanted}")))
        }
    }

    /// Walks through the storage once, front to back, and puts each element where row-major order has it.
    async fn scatter<E: Element>(&self, layout: &Layout, out: &mut [E]) -> Result<(), ReadError> {
        let end = layout.end().unwrap_or(u64::MAX);
        let axes = layout.axes_by_stride();
        let mut counters = vec![0u64; axes.len()];
        let (mut stored, mut ours) = (layout.offset(), 0u64);
        let (mut window, mut window_start) = (Vec::new(), stored);
        loop {
            if stored >= window_start + window.len() as u64 {
                window.clear();
                window_start = stored;
                self.append(stored, end, &mut window).await?;
            }
            out[ours as usize] = window[(stored - window_start) as usize];
            // Advance like an odometer whose last wheel is the narrowest stride: positions never go back.
            let mut axis = axes.len();
            loop {
                if axis == 0 {
                    return Ok(());
                }
                axis -= 1;
                let (size, stored_stride, our_stride) = axes[axis];
                counters[axis] += 1;
                if counters[axis] < size {
                    stored += stored_stride;
                    ours += our_stride;
                    break;
                }
                counters[axis] = 0;
                stored -= (size - 1) * stored_stride;
                ours -= (size - 1) * our_stride;
            }
        }
    }
}
