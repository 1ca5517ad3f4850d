//! What computes for a script: a GPU, or the processor in a worker. Both are opened when they are needed.

use std::{cell::RefCell, rc::Rc};

use ibq_core::{
    device::{Device, Processor},
    gpu::{AdapterChoice, Gpu, GpuOptions, Tier},
};
use js_sys::Function;
use serde_json::json;
use wasm_bindgen::prelude::*;

use super::{device_choice::DeviceChoice, script};

/// The devices of one engine. Clones share them.
#[derive(Clone)]
pub(super) struct Devices(Rc<Inner>);

struct Inner {
    options: GpuOptions,
    /// Makes a fresh worker.
    start_worker: Function,
    /// The GPU that `auto` takes; none where the processor is faster.
    best: Option<Gpu>,
    /// A GPU that was asked for all the same.
    gpu: RefCell<Option<Gpu>>,
    processor: RefCell<Option<Processor>>,
}

impl Devices {
    /// Looks for a GPU. One that is named is taken as it is, even a software adapter.
    pub(super) async fn open(
        adapter: Option<AdapterChoice>,
        portable: bool,
        start_worker: Function,
    ) -> Result<Self, JsValue> {
        let named = adapter.is_some();
        let options = GpuOptions {
            adapter: adapter.unwrap_or_default(),
            tier: portable.then_some(Tier::Portable),
            default_limits: portable,
        };
        let best =
            if named { Gpu::open(&options).await.map(Some) } else { Gpu::open_hardware(&options).await };
        let best = best.map_err(|error| script::error(&error))?;
        let (gpu, processor) = (RefCell::default(), RefCell::default());
        Ok(Self(Rc::new(Inner { options, start_worker, best, gpu, processor })))
    }

    /// The device that a script asks for.
    pub(super) async fn device(&self, choice: DeviceChoice) -> Result<Device, JsValue> {
        match (choice, &self.0.best) {
            (DeviceChoice::Auto | DeviceChoice::Gpu, Some(gpu)) => Ok(gpu.into()),
            (DeviceChoice::Gpu, None) => self.gpu().await.map(Device::from),
            (DeviceChoice::Auto, None) | (DeviceChoice::Cpu, _) => self.processor().await.map(Device::from),
        }
    }

    /// The GPU, a software adapter where there is no other.
    async fn gpu(&self) -> Result<Gpu, JsValue> {
        let open = self.0.best.clone().or_else(|| self.0.gpu.borrow().clone());
        if let Some(gpu) = open {
            return Ok(gpu);
        }
        let gpu = Gpu::open(&self.0.options).await.map_err(|error| script::error(&error))?;
        *self.0.gpu.borrow_mut() = Some(gpu.clone());
        Ok(gpu)
    }

    async fn processor(&self) -> Result<Processor, JsValue> {
        let open = self.0.processor.borrow().clone();
        if let Some(processor) = open {
            return Ok(processor);
        }
        let worker = self.0.start_worker.call0(&JsValue::NULL)?.dyn_into()?;
        let processor = Processor::in_worker(worker).await.map_err(|error| script::error(&error))?;
        *self.0.processor.borrow_mut() = Some(processor.clone());
        Ok(processor)
    }

    /// What `auto` takes, as JSON.
    pub(super) fn info(&self) -> String {
        let Some(gpu) = &self.0.best else {
            let processor = Processor::open(1);
            return json!({
                "device": "cpu",
                "adapter": processor.name(),
                "backend": "WebAssembly",
                "driver": "",
                "kind": "processor",
                "software": false,
                "tier": Tier::Portable.name(),
                "features": [processor.instructions()],
            })
            .to_string();
        };
        let info = gpu.info();
        json!({
            "device": "gpu",
            "adapter": info.name,
            "backend": info.backend,
            "driver": info.driver,
            "kind": info.kind.to_string(),
            "software": info.is_software(),
            "tier": info.tier.name(),
            "features": info.features,
        })
        .to_string()
    }

    /// Bytes in use on all of them.
    pub(super) fn memory_in_use(&self) -> f64 {
        let gpus = self.0.best.iter().chain(&*self.0.gpu.borrow()).map(|gpu| gpu.memory().now).sum::<u64>();
        let processor =
            self.0.processor.borrow().clone().map(|processor| Device::from(processor).memory().now);
        (gpus + processor.unwrap_or(0)) as f64
    }
}
