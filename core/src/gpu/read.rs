//! Reading results back.

use bytemuck::Pod;
use futures_channel::oneshot;

use super::{Gpu, GpuError, buffer::Buffer, error::one_line};

impl Gpu {
    /// Reads the first `count` words of a buffer: numbers of 4 or 8 bytes, as kernels write them.
    ///
    /// # Errors
    /// As [`Gpu::read`].
    pub(crate) async fn read_words<T: Pod>(&self, buffer: &Buffer, count: u64) -> Result<Vec<T>, GpuError> {
        let bytes = self.read(buffer, count * size_of::<T>() as u64).await?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    /// Reads the first `bytes` bytes of a buffer (a multiple of 4).
    ///
    /// # Errors
    /// [`GpuError`]: no memory for the copy, or the device was lost.
    pub(crate) async fn read(&self, buffer: &Buffer, bytes: u64) -> Result<Vec<u8>, GpuError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let copy = self.buffer("results on their way back", bytes, usage).await?;
        let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&buffer.raw, 0, &copy.raw, 0, bytes);
        let submission = self.queue().submit([encoder.finish()]);
        let (sender, mapped) = oneshot::channel();
        copy.raw.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
            // The reader may have given up; then nobody needs the answer.
            let _ = sender.send(result);
        });
        self.wait(submission).await?;
        let failed = |reason: String| GpuError::Refused { what: "reading a result".to_owned(), reason };
        match mapped.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.fault()?;
                return Err(failed(one_line(&error)));
            }
            Err(_) => {
                self.fault()?;
                return Err(failed("the request was dropped".to_owned()));
            }
        }
        let view = copy.raw.get_mapped_range(..bytes).map_err(|error| failed(one_line(&error)))?;
        Ok(view.to_vec())
    }
}
