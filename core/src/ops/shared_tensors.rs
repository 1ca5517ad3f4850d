//! Tensors that outlive a graph: several graphs read and write them, run after run.

use std::sync::{Mutex, PoisonError};

use crate::{
    device::Processor,
    gpu::{Buffer, Gpu, GpuError},
};

#[cfg(target_arch = "wasm32")]
use super::pending::Pending;

/// Tensors in the worker of a page.
#[cfg(target_arch = "wasm32")]
pub(super) trait WorkerTensors: std::fmt::Debug {
    /// What the worker knows them by.
    fn number(&self) -> u32;
    /// Writes words to the beginning of a tensor.
    fn write(&self, index: usize, words: &[u32]);
    /// The first `count` words of a tensor.
    fn read(&self, index: usize, count: usize) -> Pending<'_, Result<Vec<u32>, GpuError>>;
}

/// Some tensors on a device, counted while they live.
#[derive(Debug)]
pub(crate) struct SharedTensors(Place);

#[derive(Debug)]
enum Place {
    Gpu(Gpu, Vec<Buffer>),
    Cpu {
        processor: Processor,
        tensors: Mutex<Vec<Vec<f32>>>,
        bytes: u64,
    },
    /// The processor, in a worker of the page.
    #[cfg(target_arch = "wasm32")]
    Worker(Box<dyn WorkerTensors>),
}

impl SharedTensors {
    /// Tensors with these names and numbers of bytes on a GPU.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(super) async fn on_gpu(gpu: &Gpu, tensors: &[(&str, u64)]) -> Result<Self, GpuError> {
        // Small ones hold what all invocations read.
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::UNIFORM
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC;
        let mut buffers = Vec::with_capacity(tensors.len());
        for &(name, bytes) in tensors {
            buffers.push(gpu.buffer(name, bytes, usage).await?);
        }
        Ok(Self(Place::Gpu(gpu.clone(), buffers)))
    }

    /// Those of a worker.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn in_worker(tensors: Box<dyn WorkerTensors>) -> Self {
        Self(Place::Worker(tensors))
    }

    /// The same on the processor, where they are 0.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub(super) fn on_processor(processor: &Processor, tensors: &[(&str, u64)]) -> Result<Self, GpuError> {
        let zeros = tensors.iter().map(|&(name, bytes)| zeros(name, bytes));
        let zeros = zeros.collect::<Result<Vec<_>, _>>()?;
        let bytes = zeros.iter().map(|tensor| 4 * tensor.len() as u64).sum();
        processor.memory_counter().add(bytes);
        Ok(Self(Place::Cpu { processor: processor.clone(), tensors: Mutex::new(zeros), bytes }))
    }

    /// Writes words to the beginning of a tensor.
    pub(crate) fn write(&self, index: usize, words: &[u32]) {
        match &self.0 {
            Place::Gpu(gpu, buffers) => gpu.write(&buffers[index], 0, bytemuck::cast_slice(words)),
            Place::Cpu { tensors, .. } => {
                let mut tensors = tensors.lock().unwrap_or_else(PoisonError::into_inner);
                tensors[index][..words.len()].copy_from_slice(bytemuck::cast_slice(words));
            }
            #[cfg(target_arch = "wasm32")]
            Place::Worker(tensors) => tensors.write(index, words),
        }
    }

    /// The first `count` words of a tensor on the processor.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(super) fn words(&self, index: usize, count: usize) -> Option<Vec<u32>> {
        let tensors = self.host()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some(bytemuck::cast_slice(tensors.get(index)?.get(..count)?).to_vec())
    }

    /// The first `count` words of a tensor.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn read<T: bytemuck::Pod>(&self, index: usize, count: u64) -> Result<Vec<T>, GpuError> {
        match &self.0 {
            Place::Gpu(gpu, buffers) => gpu.read_words(&buffers[index], count).await,
            Place::Cpu { tensors, .. } => {
                let tensors = tensors.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(bytemuck::cast_slice(&tensors[index][..count as usize]).to_vec())
            }
            #[cfg(target_arch = "wasm32")]
            Place::Worker(tensors) => {
                Ok(bytemuck::cast_slice(&tensors.read(index, count as usize).await?).to_vec())
            }
        }
    }

    /// The buffers, on a GPU.
    pub(super) fn buffers(&self) -> &[Buffer] {
        match &self.0 {
            Place::Gpu(_, buffers) => buffers,
            _ => &[],
        }
    }

    /// The tensors, on the processor; none while a program works with them.
    pub(super) fn host(&self) -> Option<&Mutex<Vec<Vec<f32>>>> {
        match &self.0 {
            Place::Cpu { tensors, .. } => Some(tensors),
            _ => None,
        }
    }

    /// Their number in the worker.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn remote(&self) -> Option<u32> {
        match &self.0 {
            Place::Worker(tensors) => Some(tensors.number()),
            _ => None,
        }
    }
}

impl Drop for SharedTensors {
    fn drop(&mut self) {
        if let Place::Cpu { processor, bytes, .. } = &self.0 {
            processor.memory_counter().subtract(*bytes);
        }
    }
}

/// Memory on the processor.
///
/// # Errors
/// [`GpuError::OutOfMemory`] names `what`.
pub(super) fn zeros(what: &str, bytes: u64) -> Result<Vec<f32>, GpuError> {
    let none = |_| GpuError::OutOfMemory { what: what.to_owned(), bytes };
    let count = usize::try_from(bytes.div_ceil(4)).unwrap_or(usize::MAX);
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(none)?;
    values.resize(count, 0.0);
    Ok(values)
}
