//! Buffers that are counted while they live, and writing into them.

use std::sync::Arc;

use super::{Gpu, GpuError, memory::MemoryCounter};

/// Bytes that are written before a submission makes the driver free its copies.
const PIECE: usize = 16 << 20;

/// Buffers smaller than this are made without waiting for the driver's word on memory: in a browser that word comes only
/// when the frame being drawn is done. Should there be none, [`Gpu::fault`] tells it at the next wait.
const SMALL: u64 = 1 << 20;

/// A buffer that is counted while it lives.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) raw: wgpu::Buffer,
    pub(crate) bytes: u64,
    counter: Arc<MemoryCounter>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.counter.subtract(self.bytes);
    }
}

impl Gpu {
    /// A storage buffer of at least `bytes` bytes, with `usage` besides.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] names `what`.
    pub(crate) async fn buffer(
        &self,
        what: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<Buffer, GpuError> {
        let bytes = bytes.max(16).next_multiple_of(16);
        let no_memory = || GpuError::OutOfMemory { what: what.to_owned(), bytes };
        if bytes > self.limits().max_buffer_size {
            return Err(no_memory());
        }
        self.fault()?;
        let scope = (bytes >= SMALL).then(|| self.device().push_error_scope(wgpu::ErrorFilter::OutOfMemory));
        let raw = self.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes,
            usage,
            mapped_at_creation: false,
        });
        if let Some(scope) = scope
            && scope.pop().await.is_some()
        {
            return Err(no_memory());
        }
        let counter = Arc::clone(self.memory_counter());
        counter.add(bytes);
        Ok(Buffer { raw, bytes, counter })
    }

    /// A storage buffer with this content.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] names `what`.
    pub(crate) async fn upload(&self, what: &str, content: &[u8]) -> Result<Buffer, GpuError> {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffer = self.buffer(what, content.len() as u64, usage).await?;
        self.write_large(&buffer, 0, content).await?;
        Ok(buffer)
    }

    /// Writes much into a buffer, in pieces, so that the driver's copies never amount to the size of a model. `offset` and
    /// the length must be multiples of 4.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn write_large(
        &self,
        buffer: &Buffer,
        offset: u64,
        content: &[u8],
    ) -> Result<(), GpuError> {
        for (index, piece) in content.chunks(PIECE).enumerate() {
            self.write(buffer, offset + (index * PIECE) as u64, piece);
            if self.memory_counter().written(piece.len() as u64, PIECE as u64) {
                let submission = self.queue().submit([]);
                self.wait(submission).await?;
            }
        }
        Ok(())
    }

    /// Writes into a buffer. `offset` and the length must be multiples of 4.
    pub(crate) fn write(&self, buffer: &Buffer, offset: u64, content: &[u8]) {
        self.queue().write_buffer(&buffer.raw, offset, content);
    }
}
