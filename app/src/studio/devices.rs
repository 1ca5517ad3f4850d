//! What computes for the panes.

use ibq_core::{
    device::{Device, Processor},
    gpu::Gpu,
};

/// The devices that there are.
pub(crate) struct Devices {
    /// The device that draws, and computes where `processor` does not, or why there is none.
    pub(crate) gpu: Result<Gpu, String>,
    /// The processor, where there is no GPU or only a software adapter; on a page, in a worker.
    pub(crate) processor: Option<Processor>,
}

impl Devices {
    /// Those beside a window that this GPU draws. A page sets its processor itself.
    pub(crate) fn of_window(gpu: Result<Gpu, String>) -> Self {
        let software = gpu.as_ref().is_ok_and(|gpu| gpu.info().is_software());
        let computes = software && cfg!(not(target_arch = "wasm32"));
        Self { gpu, processor: computes.then(|| Processor::open_behind_window(0)) }
    }

    /// What models run on, or why there is nothing.
    pub(crate) fn for_models(&self) -> Result<Device, String> {
        match &self.processor {
            Some(processor) => Ok(processor.clone().into()),
            None => self.gpu.clone().map(Device::from),
        }
    }
}
