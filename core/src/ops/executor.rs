//! One graph, two executors: what a model does with its device, whichever it is.

#[cfg(target_arch = "wasm32")]
use std::rc::Rc;
use std::{ops::Range, sync::Arc};

use ibq_shaders::Storage;

use crate::{
    device::{Device, Peaks, Processor},
    gpu::{Gpu, GpuError, KernelRun, RunError},
    job::Job,
};

#[cfg(target_arch = "wasm32")]
use super::worker::{RemoteParameters, RemoteProgram};
use super::{Graph, HostParameters, HostProgram, Map, Parameters, Program, TensorId, shard_codes};

/// The parameters of a model on its device.
#[derive(Debug)]
pub(crate) enum DeviceParameters {
    Gpu(Gpu, Box<Parameters>),
    Cpu(Arc<HostParameters>),
    /// The processor, in a worker of the page.
    #[cfg(target_arch = "wasm32")]
    Worker(Rc<RemoteParameters>),
}

impl DeviceParameters {
    /// Bytes of all parameters.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Gpu(_, parameters) => parameters.bytes(),
            Self::Cpu(parameters) => parameters.bytes,
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => parameters.bytes,
        }
    }

    /// Bytes of one linear layer.
    pub(crate) fn linear_bytes(&self, layer: &str) -> u64 {
        match self {
            Self::Gpu(_, parameters) => parameters.linear.linear(layer).bytes(),
            Self::Cpu(parameters) => parameters.linear.linear(layer).bytes(),
            // It has none.
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => 0,
        }
    }

    /// Codes of each shard of the codebook.
    pub(crate) fn shards(&self) -> Vec<u32> {
        match self {
            Self::Gpu(_, parameters) => parameters.codebook.shards.iter().map(|shard| shard.codes).collect(),
            Self::Cpu(parameters) => vec![parameters.codebook.vectors.outputs() as u32],
            #[cfg(target_arch = "wasm32")]
            Self::Worker(parameters) => vec![parameters.codes],
        }
    }
}

/// What a processor can do at most, measured where it computes.
///
/// # Errors
/// [`GpuError`]: its worker answers no more.
#[cfg_attr(not(target_arch = "wasm32"), allow(clippy::unused_async, reason = "a page waits for its worker"))]
pub(crate) async fn processor_peaks(processor: &Processor) -> Result<Peaks, GpuError> {
    #[cfg(target_arch = "wasm32")]
    if let Some(worker) = processor.worker() {
        return super::worker::measure(worker).await;
    }
    Ok(processor.measure())
}

/// Codes of one shard, at most, on this device.
pub(crate) fn device_shard_codes(device: &Device, dimension: u32, storage: Storage) -> u32 {
    match device {
        Device::Gpu(_) => shard_codes(dimension, storage),
        Device::Cpu(_) => u32::MAX,
    }
}

/// A graph made ready for its device, with its memory: to be run again and again.
#[derive(Debug)]
pub(crate) enum Prepared {
    Gpu(Gpu, Box<Program>),
    Cpu(HostProgram),
    #[cfg(target_arch = "wasm32")]
    Worker(RemoteProgram),
}

impl Prepared {
    /// Allocates and compiles.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    pub(crate) async fn new(
        graph: Graph,
        parameters: &DeviceParameters,
        storage: Storage,
    ) -> Result<Self, GpuError> {
        Ok(match parameters {
            DeviceParameters::Gpu(gpu, parameters) => {
                let program = Program::compile(gpu, &graph, parameters, storage).await?;
                Self::Gpu(gpu.clone(), Box::new(program))
            }
            DeviceParameters::Cpu(parameters) => Self::Cpu(HostProgram::new(graph, parameters)?),
            #[cfg(target_arch = "wasm32")]
            DeviceParameters::Worker(parameters) => {
                Self::Worker(RemoteProgram::new(graph, parameters).await?)
            }
        })
    }

    /// Number of operations.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Self::Gpu(_, program) => program.operations(),
            Self::Cpu(program) => program.operations(),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.operations(),
        }
    }

    /// Runs some operations in slices; `progress` gets the share that is done. With `timed`, the result holds what each
    /// kernel took, where the device can measure it.
    ///
    /// # Errors
    /// [`RunError`]: cancelled, or the device was lost.
    pub(crate) async fn run(
        &self,
        operations: Range<usize>,
        timed: bool,
        job: &Job,
        progress: impl Fn(f32),
    ) -> Result<Vec<KernelRun>, RunError> {
        match self {
            Self::Gpu(gpu, program) => {
                let range =
                    program.dispatches_until(operations.start)..program.dispatches_until(operations.end);
                let dispatches = &program.dispatches[range];
                let times = gpu.run(dispatches, timed, job, progress).await?;
                Ok(KernelRun::of(dispatches, &times))
            }
            Self::Cpu(program) => Ok(program.run(operations, timed, job, progress)?),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.run(operations, timed, job, progress).await,
        }
    }

    /// Runs all operations `times` times over. On a GPU that is one submission, which is not waited for: the caller sees to it that
    /// this is not too much.
    ///
    /// # Errors
    /// [`RunError`]: cancelled.
    #[cfg_attr(
        not(target_arch = "wasm32"),
        allow(clippy::unused_async, reason = "a page waits for its worker")
    )]
    pub(crate) async fn repeat(&self, times: u32, job: &Job) -> Result<(), RunError> {
        match self {
            Self::Gpu(gpu, program) => {
                gpu.submit(&program.dispatches, times);
            }
            Self::Cpu(program) => {
                for _ in 0..times {
                    program.run(0..program.operations(), false, job, |_| {})?;
                }
            }
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => {
                for _ in 0..times {
                    program.run(0..program.operations(), false, job, |_| {}).await?;
                }
            }
        }
        Ok(())
    }

    /// Steps of a run, and the bytes that they must move at least: dispatches of a GPU, operations of the processor.
    pub(crate) fn cost(&self) -> (usize, f64) {
        match self {
            Self::Gpu(_, program) => {
                let bytes = program.dispatches.iter().map(|dispatch| dispatch.bytes).sum();
                (program.dispatches.len(), bytes)
            }
            Self::Cpu(program) => (program.operations(), program.moved_bytes()),
            // Nobody measures it there.
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => (program.operations(), 0.0),
        }
    }

    /// Writes words to the beginning of a tensor.
    pub(crate) fn write(&self, tensor: TensorId, words: &[u32]) {
        match self {
            Self::Gpu(gpu, program) => {
                gpu.write(program.buffer(tensor), 0, bytemuck::cast_slice(words));
            }
            Self::Cpu(program) => program.write(tensor, words),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.write(tensor, words),
        }
    }

    /// The first `count` words of a tensor.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn read<T: bytemuck::Pod>(
        &self,
        tensor: TensorId,
        count: u64,
    ) -> Result<Vec<T>, GpuError> {
        match self {
            Self::Gpu(gpu, program) => gpu.read_words(program.buffer(tensor), count).await,
            Self::Cpu(program) => Ok(program.read(tensor, count as usize)),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.read(tensor, count as usize).await,
        }
    }

    /// Writes a map's values, [items · h · w, c].
    pub(crate) fn put(&self, map: &Map, values: &[f32]) {
        match self {
            Self::Gpu(gpu, program) => program.put(gpu, map, values),
            Self::Cpu(program) => program.put(map, values),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.put(map, values),
        }
    }

    /// The values of a map in NHWC order, without the padding of channels.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn values(&self, map: &Map) -> Result<Vec<f32>, GpuError> {
        match self {
            Self::Gpu(gpu, program) => program.values(gpu, map).await,
            Self::Cpu(program) => Ok(program.values(map)),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.values(map).await,
        }
    }

    /// Named activations: the map that holds each once this many operations have run.
    pub(crate) fn activations(&self) -> Vec<(String, Map, usize)> {
        match self {
            Self::Gpu(_, program) => program.activations.clone(),
            Self::Cpu(program) => program.activations(),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(program) => program.activations(),
        }
    }
}
