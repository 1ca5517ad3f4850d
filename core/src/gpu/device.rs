//! Opening an adapter and saying what it can do.

use std::str::FromStr;

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
    /// 16-bit floats in shaders, and subgroups.
    Fast,
}

/// How to open a device.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// Which adapter.
    pub adapter: AdapterChoice,
    /// Use at most this tier (none: the best the adapter has).
    pub tier: Option<Tier>,
    /// Ask only for the default limits of WebGPU, to see how an adapter without more behaves.
    pub default_limits: bool,
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
    /// Whether kernels can be timed one by one.
    pub timestamps: bool,
    /// Features in use, by name.
    pub features: Vec<String>,
    /// Limits that matter here: name, value in bytes or counts.
    pub limits: Vec<(&'static str, u64)>,
}

/// Bytes in buffers of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Now.
    pub now: u64,
    /// The most at one time so far.
    pub peak: u64,
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
pub struct Gpu(());

impl Gpu {
    /// Opens an adapter.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::NoDevice`].
    pub async fn open(_options: &GpuOptions) -> Result<Self, GpuError> {
        unimplemented!()
    }

    /// What a window should ask of an adapter so that the engine can share its device.
    #[must_use]
    pub fn device_descriptor(_adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
        unimplemented!()
    }

    /// Shares the device of a window, made with [`Gpu::device_descriptor`].
    #[must_use]
    pub fn share(_adapter: &wgpu::Adapter, _device: &wgpu::Device, _queue: &wgpu::Queue) -> Self {
        unimplemented!()
    }

    /// What is open.
    #[must_use]
    pub fn info(&self) -> &GpuInfo {
        unimplemented!()
    }

    /// Bytes in the engine's buffers.
    #[must_use]
    pub fn memory(&self) -> MemoryUse {
        unimplemented!()
    }

    /// Why the device was lost, if it was.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        unimplemented!()
    }
}
