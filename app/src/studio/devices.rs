//! What computes for the panes.

use ibq_core::{
    device::{Device, Processor},
    gpu::Gpu,
};

/// The devices that there are.
pub(crate) struct Devices {
    /// The device that draws and computes, or why there is none.
    pub(crate) gpu: Result<Gpu, String>,
    /// The processor, in the worker of a page: where there is no GPU, or only a software adapter.
    pub(crate) processor: Option<Processor>,
}

impl Devices {
    /// What tokenizers run on, or why there is nothing.
    pub(crate) fn for_tokenizers(&self) -> Result<Device, String> {
        match &self.processor {
            Some(processor) => Ok(processor.clone().into()),
            None => self.gpu.clone().map(Device::from),
        }
    }
}
