//! What computes: a GPU, or the processor.

use std::sync::Arc;

use ibq_cpu::{Cpu, isa::Isa};
use ibq_shaders::Storage;

use crate::gpu::{Gpu, GpuError, GpuOptions, MemoryCounter, MemoryUse, Precision};

/// What computes. Clones share it.
#[derive(Clone, Debug)]
pub enum Device {
    /// A GPU, or a software adapter.
    Gpu(Gpu),
    /// The processor, without any driver.
    Cpu(Processor),
}

/// The processor as a device. Clones share its threads.
#[derive(Clone, Debug)]
pub struct Processor {
    cpu: Cpu,
    name: Arc<str>,
    /// Bytes that weights and activations together should stay below.
    budget: u64,
    memory: Arc<MemoryCounter>,
}

impl Processor {
    /// The processor with `threads` threads (0: as many as the system grants).
    #[must_use]
    pub fn open(threads: usize) -> Self {
        // What is free before anything of ours is loaded; a part of it is left to others.
        let budget = available_memory().map_or(4 << 30, |bytes| bytes / 4 * 3);
        let cpu = Cpu::new(Isa::best(), threads);
        Self { cpu, name: model_name().into(), budget, memory: Arc::default() }
    }

    /// Name of the processor, where the system gives one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.cpu.threads()
    }

    /// Name of the vector instructions in use.
    #[must_use]
    pub fn instructions(&self) -> &'static str {
        self.cpu.isa().name()
    }

    pub(crate) fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    pub(crate) fn memory_counter(&self) -> &Arc<MemoryCounter> {
        &self.memory
    }
}

impl Device {
    /// The best GPU; the processor, with `threads` threads, where there is no adapter or only a software one.
    ///
    /// # Errors
    /// [`GpuError`]: there is a GPU, but it cannot be opened.
    pub async fn best(threads: usize) -> Result<Self, GpuError> {
        let gpu = Gpu::open_hardware(&GpuOptions::default()).await?;
        Ok(gpu.map_or_else(|| Self::Cpu(Processor::open(threads)), Self::Gpu))
    }

    /// The GPU, if it is one.
    #[must_use]
    pub fn gpu(&self) -> Option<&Gpu> {
        match self {
            Self::Gpu(gpu) => Some(gpu),
            Self::Cpu(_) => None,
        }
    }

    /// Bytes of weights and activations.
    #[must_use]
    pub fn memory(&self) -> MemoryUse {
        match self {
            Self::Gpu(gpu) => gpu.memory(),
            Self::Cpu(processor) => processor.memory.snapshot(),
        }
    }

    /// Bytes that weights and activations together should stay below.
    #[must_use]
    pub fn memory_budget(&self) -> u64 {
        match self {
            Self::Gpu(gpu) => gpu.memory_budget(),
            Self::Cpu(processor) => processor.budget,
        }
    }

    /// The largest tensor that it can hold, in bytes.
    pub(crate) fn largest_tensor(&self) -> u64 {
        match self {
            Self::Gpu(gpu) => gpu.limits().max_buffer_size,
            Self::Cpu(_) => u64::MAX,
        }
    }

    /// How it stores values that were asked for in this precision: the processor keeps all of them as f32.
    pub(crate) fn storage(&self, precision: Precision) -> Storage {
        match self {
            Self::Gpu(gpu) => gpu.storage(precision),
            Self::Cpu(_) => Storage::F32,
        }
    }
}

impl From<Gpu> for Device {
    fn from(gpu: Gpu) -> Self {
        Self::Gpu(gpu)
    }
}

impl From<&Gpu> for Device {
    fn from(gpu: &Gpu) -> Self {
        Self::Gpu(gpu.clone())
    }
}

impl From<Processor> for Device {
    fn from(processor: Processor) -> Self {
        Self::Cpu(processor)
    }
}

impl From<&Device> for Device {
    fn from(device: &Device) -> Self {
        device.clone()
    }
}

/// The value of a line `key: value` of a file of the system.
fn system_value(path: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let value =
        lines.into_iter().find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned());
    value.filter(|value| !value.is_empty())
}

fn model_name() -> String {
    system_value("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Bytes that programs can still have, where the system says it.
fn available_memory() -> Option<u64> {
    let value = system_value("/proc/meminfo", "MemAvailable")?;
    value.strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
