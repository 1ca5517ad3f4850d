//! Parameters on their way from files to a device, whichever it is.

#[cfg(target_arch = "wasm32")]
use std::rc::Rc;
use std::{ops::Range, sync::Arc};

use ibq_shaders::LookupScore;

use crate::{
    device::Device,
    gpu::{Gpu, GpuError, Precision, RunError},
    job::Job,
};

#[cfg(target_arch = "wasm32")]
use super::worker::RemoteParameters;
use super::{
    DeviceParameters, HostParameters, Parameters,
    linear_weights::{LinearPart, LinearShape},
};

/// Parameters that are being read.
pub(crate) enum ParameterLoader {
    Gpu(Gpu, Box<Parameters>),
    /// On the processor, the linear layers and tables of models that are wanted in less than 32 bits are 16-bit floats.
    Cpu(Box<HostParameters>, bool),
    /// The processor, in a worker of the page, which computes tokenizers.
    #[cfg(target_arch = "wasm32")]
    Worker(Box<RemoteParameters>),
}

impl ParameterLoader {
    /// No parameters yet.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn new(device: &Device, precision: Precision) -> Result<Self, GpuError> {
        Ok(match device {
            Device::Gpu(gpu) => {
                let parameters = Parameters::empty(gpu, gpu.storage(precision)).await?;
                Self::Gpu(gpu.clone(), Box::new(parameters))
            }
            Device::Cpu(cpu) => {
                #[cfg(target_arch = "wasm32")]
                if let Some(worker) = cpu.worker() {
                    return Ok(Self::Worker(Box::new(RemoteParameters::empty(cpu, worker).await?)));
                }
                Self::Cpu(Box::new(HostParameters::empty(cpu)), precision == Precision::F16)
            }
        })
    }

    /// Puts a convolution in; `weight` as in PyTorch: [out, in, side, side].
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_conv(
        &mut self,
        name: &str,
        shape: (usize, usize, usize),
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => parameters.put_conv(gpu, name, shape, weight, bias).await,
            Self::Cpu(parameters, _) => {
                parameters.put_conv(name, shape, weight, bias);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => parameters.put_conv(name, shape, weight, bias).await,
        }
    }

    /// Puts a GroupNorm in.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_norm(
        &mut self,
        name: &str,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => parameters.put_norm(gpu, name, weight, bias).await,
            Self::Cpu(parameters, _) => {
                parameters.put_norm(name, weight, bias);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => parameters.put_norm(name, weight, bias).await,
        }
    }

    /// Adds the next codes, `rows` × `dimension` values, which will be compared by `score`.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_codes(
        &mut self,
        rows: &[f32],
        dimension: usize,
        score: LookupScore,
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => parameters.put_codes(gpu, rows, dimension, score).await,
            Self::Cpu(parameters, _) => {
                parameters.put_codes(rows, dimension, score);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => parameters.put_codes(rows, dimension, score).await,
        }
    }

    /// Makes room for a linear layer; a GPU keeps it in shards of this many rows.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn begin_linear(
        &mut self,
        name: &str,
        shape: LinearShape,
        shard_rows: u32,
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => {
                let storage = parameters.storage;
                parameters.linear.begin_linear(gpu, storage, name, shape, shard_rows).await
            }
            Self::Cpu(parameters, halves) => {
                let (cpu, halves) = (parameters.processor.cpu().clone(), *halves);
                let made = parameters.linear.begin_linear(&cpu, name, shape, halves);
                let bytes = made.map_err(|_| no_memory(name, shape.host_bytes(&cpu, halves)))?;
                parameters.count(bytes);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name)),
        }
    }

    /// Puts rows of one matrix of a layer in, from row `first` on, which is a multiple of four: at most `PIECE` bytes.
    ///
    /// # Errors
    /// [`RunError`]: no memory, cancelled, the device was lost.
    pub(crate) async fn put_linear_rows(
        &mut self,
        name: &str,
        (first, matrix): (u32, u32),
        values: &[f32],
        job: &Job,
    ) -> Result<(), RunError> {
        match self {
            Self::Gpu(gpu, parameters) => {
                let storage = parameters.storage;
                parameters.linear.put_rows(gpu, storage, name, (first, matrix), values, job).await
            }
            Self::Cpu(parameters, _) => {
                parameters.linear.put_rows(name, (first, matrix), values);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name).into()),
        }
    }

    /// Puts words of quantized weights in, as the GPU's kernel reads them: of one shard's outputs, from row `row` of the part on.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn put_linear_words(
        &mut self,
        name: &str,
        (part, outputs, row): (LinearPart, Range<u32>, u32),
        words: &[u32],
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => {
                parameters.linear.put_words(gpu, name, (part, outputs.start, row), words).await
            }
            Self::Cpu(parameters, _) => {
                parameters.linear.put_words(name, (part, outputs, row), words);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name)),
        }
    }

    /// Takes a layer with quantized weights out again: its words, as the GPU's kernel reads them.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) async fn take_linear_words(
        &mut self,
        name: &str,
    ) -> Result<Vec<(LinearPart, Vec<u32>)>, GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => parameters.linear.take_words(gpu, name).await,
            Self::Cpu(parameters, _) => {
                let bytes = parameters.linear.linear(name).bytes();
                let words = parameters.linear.take_words(name);
                parameters.discount(bytes);
                Ok(words)
            }
        }
    }

    /// Makes room for a table of (rows, columns); a GPU keeps it in shards of this many rows.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn begin_table(
        &mut self,
        name: &str,
        shape: (u32, u32),
        shard_rows: u32,
    ) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => {
                let storage = parameters.storage;
                parameters.linear.begin_table(gpu, storage, name, shape, shard_rows).await
            }
            Self::Cpu(parameters, halves) => {
                let bytes = u64::from(shape.0) * u64::from(shape.1) * if *halves { 2 } else { 4 };
                let made = parameters.linear.begin_table(name, shape, *halves);
                let bytes = made.map_err(|_| no_memory(name, bytes))?;
                parameters.count(bytes);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name)),
        }
    }

    /// Puts the next rows of a table in; none of them may be of two shards.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn put_table_rows(&mut self, name: &str, values: &[f32]) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => {
                let storage = parameters.storage;
                parameters.linear.put_table_rows(gpu, storage, name, values).await
            }
            Self::Cpu(parameters, _) => {
                parameters.linear.put_table_rows(name, values);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name)),
        }
    }

    /// Puts a vector of 32-bit floats in.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_vector(&mut self, name: &str, values: &[f32]) -> Result<(), GpuError> {
        match self {
            Self::Gpu(gpu, parameters) => parameters.linear.put_vector(gpu, name, values).await,
            Self::Cpu(parameters, _) => {
                let bytes = parameters.linear.put_vector(name, values);
                parameters.count(bytes);
                Ok(())
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => Err(refused(name)),
        }
    }

    /// The most bytes that a kernel sees as a whole.
    pub(crate) fn largest_binding(&self) -> u64 {
        match self {
            Self::Gpu(gpu, _) => {
                let limits = gpu.limits();
                limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
            }
            Self::Cpu(..) => u64::MAX,
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => u64::MAX,
        }
    }

    /// The parameters, complete.
    pub(crate) fn finish(self) -> DeviceParameters {
        match self {
            Self::Gpu(gpu, mut parameters) => {
                parameters.linear.finish();
                DeviceParameters::Gpu(gpu, parameters)
            }
            Self::Cpu(parameters, _) => DeviceParameters::Cpu(Arc::from(parameters)),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => DeviceParameters::Worker(Rc::from(parameters)),
        }
    }
}

fn no_memory(what: &str, bytes: u64) -> GpuError {
    GpuError::OutOfMemory { what: what.to_owned(), bytes }
}

/// A page's worker computes tokenizers only.
#[cfg(target_arch = "wasm32")]
fn refused(what: &str) -> GpuError {
    let reason = "the worker of a page computes tokenizers only".to_owned();
    GpuError::Refused { what: what.to_owned(), reason }
}
