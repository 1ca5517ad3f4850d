//! Which executor serves which device.

use ibq_shaders::Storage;

use crate::{
    device::{Device, Peaks, Processor},
    gpu::{GpuError, Precision},
};

#[cfg(target_arch = "wasm32")]
use super::worker_executor::{self, RemoteLoader, RemoteTensors};
use super::{CpuParameters, ParameterLoader, SharedTensors, gpu_executor::GpuLoader, shard_codes};

/// Begins to load parameters: none yet.
///
/// # Errors
/// [`GpuError`]: no memory.
pub(crate) async fn load_parameters(
    device: &Device,
    precision: Precision,
) -> Result<Box<dyn ParameterLoader>, GpuError> {
    Ok(match device {
        Device::Gpu(gpu) => Box::new(GpuLoader::new(gpu, precision).await?),
        Device::Cpu(processor) => {
            // The linear layers and tables of models that are wanted in less than 32 bits are 16-bit floats.
            let halves = precision == Precision::F16;
            #[cfg(target_arch = "wasm32")]
            if let Some(worker) = processor.worker() {
                return Ok(Box::new(RemoteLoader::new(processor, worker, halves).await?));
            }
            Box::new(CpuParameters::empty(processor, halves))
        }
    })
}

/// Tensors with these names and numbers of bytes, which outlive a graph; on the processor they are 0.
///
/// # Errors
/// [`GpuError`]: no memory.
pub(crate) async fn new_tensors(device: &Device, tensors: &[(&str, u64)]) -> Result<SharedTensors, GpuError> {
    match device {
        Device::Gpu(gpu) => SharedTensors::on_gpu(gpu, tensors).await,
        Device::Cpu(processor) => {
            #[cfg(target_arch = "wasm32")]
            if let Some(worker) = processor.worker() {
                let tensors = RemoteTensors::new(processor, worker, tensors).await?;
                return Ok(SharedTensors::in_worker(Box::new(tensors)));
            }
            SharedTensors::on_processor(processor, tensors)
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
        return worker_executor::measure(worker).await;
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
