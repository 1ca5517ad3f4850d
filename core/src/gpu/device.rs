//! Opening an adapter and saying what it can do.

use std::{
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use ibq_shaders::{MatrixUnit, Storage};

use crate::files::Precision;

use super::{MemoryUse, adapter, memory::MemoryCounter, pipeline::PipelineCache};

/// Which adapter to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The fastest one.
    #[default]
    Best,
    /// A software one (lavapipe, SwiftShader, WARP).
    Software,
    /// The first whose name contains this text, whatever the case.
    Named(String),
}

impl FromStr for AdapterChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "" | "best" => Self::Best,
            "software" => Self::Software,
            name => Self::Named(name.to_owned()),
        })
    }
}

/// A level of capabilities; kernels are written for a level, not for single features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// What every WebGPU browser offers, within default limits.
    Portable,
    /// 16-bit floats in shaders.
    Fast,
    /// Matrix units besides, for 16-bit convolutions and matrix products.
    Matrix,
}

impl Tier {
    /// One word: portable, fast, matrix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Fast => "fast",
            Self::Matrix => "matrix",
        }
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How to open a device.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// Which adapter.
    pub adapter: AdapterChoice,
    /// Use at most this tier (none: the fastest of the adapter's; programs on a CPU have no matrix units that are).
    pub tier: Option<Tier>,
    /// Ask only for the default limits of WebGPU, to see how an adapter without more behaves.
    pub default_limits: bool,
}

/// One limit of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub name: &'static str,
    /// How many, or how many bytes.
    pub value: u64,
    /// Whether it counts bytes.
    pub bytes: bool,
}

/// What is open, for people to read.
#[derive(Clone, Debug)]
pub struct GpuInfo {
    /// Name of the adapter.
    pub name: String,
    /// Vulkan, Metal, Dx12 or WebGPU.
    pub backend: String,
    /// Driver and its version, where known.
    pub driver: String,
    /// "discrete GPU", "integrated GPU", "software", …
    pub kind: String,
    /// Whether the adapter is a program on the CPU.
    pub software: bool,
    /// Tier in use.
    pub tier: Tier,
    /// The matrix units in use.
    pub matrix: Option<MatrixUnit>,
    /// Whether kernels can be timed one by one.
    pub timestamps: bool,
    /// Features in use, by name.
    pub features: Vec<String>,
    /// Limits that matter here.
    pub limits: Vec<Limit>,
}

/// Why there is no GPU, or no longer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GpuError {
    /// Nothing fits the choice.
    #[error("no GPU adapter {wanted}. Found: {found}. {advice}")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// The adapters there are.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// The adapter gives no device.
    #[error("the adapter {adapter} gave no device: {reason}")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// What the driver says.
        reason: String,
    },
    /// The device went away.
    #[error("the GPU device was lost ({reason}); open it again")]
    Lost {
        /// What the driver says.
        reason: String,
    },
    /// The device has not the memory.
    #[error(
        "the GPU has no memory for {what} ({bytes} bytes); use a smaller picture, tiles or --precision f16"
    )]
    OutOfMemory {
        /// What was to be allocated.
        what: String,
        /// Its size.
        bytes: u64,
    },
    /// The driver refused something of ours.
    #[error("the GPU refused {what}: {reason}")]
    Refused {
        /// What was tried.
        what: String,
        /// What the driver says.
        reason: String,
    },
}

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
        let adapter = adapter::choose(&options.adapter).await?;
        let mut descriptor = adapter::descriptor(&adapter, options.tier);
        if options.default_limits {
            descriptor.required_limits = wgpu::Limits::default();
        }
        let no_device = |error: wgpu::RequestDeviceError| GpuError::NoDevice {
            adapter: adapter.get_info().name,
            reason: reason(&error),
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(no_device)?;
        Ok(Self::adopt(&adapter, &device, &queue, None))
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
            let reason = reason(&error);
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
        if self.0.info.kind == "discrete GPU" { 8 << 30 } else { 2 << 30 }
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

    pub(crate) fn memory_counter(&self) -> &Arc<MemoryCounter> {
        &self.0.memory
    }

    pub(crate) fn pipelines(&self) -> &PipelineCache {
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

/// What the driver says, in one line: wgpu writes its chain of causes below each other.
pub(crate) fn reason(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    lines.map(|line| line.trim_end_matches('.')).collect::<Vec<_>>().join(": ")
}

/// Locks; a thread that panicked while it held the lock leaves plain data that is still good to read.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #[test]
    fn reasons_are_one_line() {
        let chain =
            "Validation Error\n\nCaused by:\n  In Device::create_buffer, label = 'x'\n    Too large.\n";
        assert_eq!(
            super::reason(&chain),
            "Validation Error: In Device::create_buffer, label = 'x': Too large"
        );
    }
}
