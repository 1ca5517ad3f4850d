//! The open device, shared by all its clones. More of its methods: buffers and writing (`buffer.rs`), reading back
//! (`read.rs`), running dispatches (`run.rs`).

use std::sync::{Arc, Mutex};

use ibq_shaders::Storage;

use super::{
    AdapterChoice, AdapterKind, GpuError, GpuInfo, GpuOptions, MemoryUse, Precision, Tier, adapter,
    error::one_line, lock::lock, memory::MemoryCounter, pipeline::PipelineCache,
};

/// An open device. Clones share it.
#[derive(Clone, Debug)]
pub struct Gpu(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    limits: wgpu::Limits,
    info: GpuInfo,
    memory: Arc<MemoryCounter>,
    faults: Arc<Faults>,
    pipelines: PipelineCache,
}

/// What the driver has told us outside of any call.
#[derive(Default)]
struct Faults {
    lost: Mutex<Option<String>>,
    error: Mutex<Option<String>>,
    /// Who is to be told of a loss.
    listener: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Faults")
            .field("lost", &self.lost)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// Opens an adapter.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::NoDevice`].
    pub async fn open(options: &GpuOptions) -> Result<Self, GpuError> {
        Self::open_adapter(&adapter::choose(&options.adapter).await?, options).await
    }

    /// Opens an adapter unless it is a software one; none where there is no other.
    ///
    /// # Errors
    /// [`GpuError::NoDevice`].
    pub async fn open_hardware(options: &GpuOptions) -> Result<Option<Self>, GpuError> {
        let adapter = match adapter::choose(&options.adapter).await {
            Err(GpuError::NoAdapter { .. }) => return Ok(None),
            chosen => chosen?,
        };
        if adapter::is_software(&adapter.get_info()) {
            return Ok(None);
        }
        Self::open_adapter(&adapter, options).await.map(Some)
    }

    /// Whether there is an adapter that is none in software.
    pub async fn hardware() -> bool {
        let chosen = adapter::choose(&AdapterChoice::Best).await;
        chosen.is_ok_and(|adapter| !adapter::is_software(&adapter.get_info()))
    }

    async fn open_adapter(adapter: &wgpu::Adapter, options: &GpuOptions) -> Result<Self, GpuError> {
        let mut descriptor = adapter::descriptor(adapter, options.tier);
        if options.default_limits {
            descriptor.required_limits = wgpu::Limits::default();
        }
        let no_device = |error: wgpu::RequestDeviceError| GpuError::NoDevice {
            adapter: adapter.get_info().name,
            reason: one_line(&error),
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(no_device)?;
        Ok(Self::adopt(adapter, &device, &queue, None))
    }

    /// What a window should ask of an adapter so that the engine can share its device.
    #[must_use]
    pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
        adapter::descriptor(adapter, None)
    }

    /// Shares the device of a window, made with [`Gpu::device_descriptor`]. To be called on the thread that draws.
    #[must_use]
    pub fn share(adapter: &wgpu::Adapter, device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        Self::adopt(adapter, device, queue, Some(std::thread::current().id()))
    }

    fn adopt(
        adapter: &wgpu::Adapter,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        drawing: Option<std::thread::ThreadId>,
    ) -> Self {
        let faults = Arc::new(Faults::default());
        let seen = Arc::clone(&faults);
        device.set_device_lost_callback(move |_, reason| {
            log::error!("the GPU device was lost: {reason}");
            *lock(&seen.lost) = Some(if reason.is_empty() { "no reason given".to_owned() } else { reason });
            if let Some(listener) = &*lock(&seen.listener) {
                listener();
            }
        });
        let seen = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let reason = one_line(&error);
            // What a window is refused is no fault of the engine: a frame is lost when the window changes its size while the
            // engine submits, and the next one is right again. A browser has one thread, and no such frames.
            if cfg!(not(target_arch = "wasm32")) && drawing == Some(std::thread::current().id()) {
                log::info!("a frame of the window was refused: {reason}");
                return;
            }
            log::error!("the GPU refused a command: {reason}");
            lock(&seen.error).get_or_insert(reason);
        }));
        Self(Arc::new(Inner {
            device: device.clone(),
            queue: queue.clone(),
            limits: device.limits(),
            info: adapter::describe(adapter, device),
            memory: Arc::default(),
            faults,
            pipelines: PipelineCache::default(),
        }))
    }

    /// What is open.
    #[must_use]
    pub fn info(&self) -> &GpuInfo {
        &self.0.info
    }

    /// Bytes in the engine's buffers.
    #[must_use]
    pub fn memory(&self) -> MemoryUse {
        self.0.memory.snapshot()
    }

    /// Bytes that weights and activations together should stay below. Adapters do not tell what they have free, so this
    /// is a guess by their kind; an allocation that fails all the same is an error or leads to tiles.
    #[must_use]
    pub fn memory_budget(&self) -> u64 {
        if self.0.info.kind == AdapterKind::Discrete { 8 << 30 } else { 2 << 30 }
    }

    /// Why the device was lost, if it was.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        lock(&self.0.faults.lost).clone()
    }

    /// Calls `listener` when the device is lost: a window that rests would not find out otherwise.
    pub fn on_loss(&self, listener: impl Fn() + Send + Sync + 'static) {
        *lock(&self.0.faults.listener) = Some(Box::new(listener));
    }

    /// The error to report when the device was lost or a command was refused, once.
    pub(crate) fn fault(&self) -> Result<(), GpuError> {
        // A loss is told when the device is polled; what it says of the polling itself is of no interest here.
        #[cfg(not(target_arch = "wasm32"))]
        let _ = self.0.device.poll(wgpu::PollType::Poll);
        if let Some(reason) = self.lost() {
            return Err(GpuError::Lost { reason });
        }
        match lock(&self.0.faults.error).take() {
            Some(reason) => Err(GpuError::Refused { what: "a command".to_owned(), reason }),
            None => Ok(()),
        }
    }

    /// The device, for drawing from the engine's results.
    #[must_use]
    pub fn device(&self) -> &wgpu::Device {
        &self.0.device
    }

    pub(crate) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    pub(crate) fn limits(&self) -> &wgpu::Limits {
        &self.0.limits
    }

    pub(super) fn memory_counter(&self) -> &Arc<MemoryCounter> {
        &self.0.memory
    }

    pub(super) fn pipelines(&self) -> &PipelineCache {
        &self.0.pipelines
    }

    /// How this device stores values of a precision.
    pub(crate) fn storage(&self, precision: Precision) -> Storage {
        match (precision, self.0.info.tier) {
            (Precision::F32, _) => Storage::F32,
            (Precision::F16, Tier::Portable) => Storage::PackedF16,
            (Precision::F16, Tier::Fast | Tier::Matrix) => Storage::NativeF16,
        }
    }
}
