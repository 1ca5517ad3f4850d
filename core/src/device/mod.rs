//! What computes: a GPU, or the processor.

#[cfg(target_arch = "wasm32")]
mod worker;

use std::sync::Arc;

use ibq_cpu::{Cpu, Priority, isa::Isa};
use ibq_shaders::Storage;
use serde::{Deserialize, Serialize};
use web_time::Instant;

#[cfg(target_arch = "wasm32")]
pub(crate) use worker::{BROKEN, Call, Event, READY, Worker};

use crate::gpu::{Gpu, GpuError, GpuOptions, MemoryCounter, MemoryUse, Precision};

/// Bytes that may be used where the system does not say what it has; a browser gives a program 4 GiB of addresses at most.
const UNKNOWN_MEMORY: u64 = if cfg!(target_arch = "wasm32") { 2 << 30 } else { 4 << 30 };

/// What computes. Clones share it.
#[derive(Clone, Debug)]
pub enum Device {
    /// A GPU, or a software adapter.
    Gpu(Gpu),
    /// The processor, without any driver.
    Cpu(Processor),
}

/// What a processor can do at most, measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Peaks {
    /// 10⁹ floating-point operations per second, on values that never leave the registers.
    pub(crate) gflops: f64,
    /// 10⁹ bytes per second, read and written by one large copy.
    pub(crate) gbytes_per_s: f64,
}

/// Measurements of which the best one counts.
const MEASUREMENTS: u32 = 4;

/// The processor as a device. Clones share its threads.
#[derive(Clone, Debug)]
pub struct Processor {
    cpu: Cpu,
    name: Arc<str>,
    /// Bytes that weights and activations together should stay below.
    budget: u64,
    memory: Arc<MemoryCounter>,
    /// Computes in place of the page's own thread.
    #[cfg(target_arch = "wasm32")]
    worker: Option<Worker>,
}

impl Processor {
    /// The processor with `threads` threads (0: as many as the system grants).
    #[must_use]
    pub fn open(threads: usize) -> Self {
        Self::with_priority(threads, Priority::Normal)
    }

    /// The same behind a window: on Linux its threads let others go first, so that the window stays responsive.
    #[must_use]
    pub fn open_behind_window(threads: usize) -> Self {
        Self::with_priority(threads, Priority::Low)
    }

    fn with_priority(threads: usize, priority: Priority) -> Self {
        // What is free before anything of ours is loaded; a part of it is left to others.
        let budget = available_memory().map_or(UNKNOWN_MEMORY, |bytes| bytes / 4 * 3);
        let cpu = Cpu::with_priority(Isa::best(), threads, priority);
        Self {
            cpu,
            name: model_name().into(),
            budget,
            memory: Arc::default(),
            #[cfg(target_arch = "wasm32")]
            worker: None,
        }
    }

    /// The processor, computing in a fresh worker of this page, whose script loads this program and calls
    /// [`answer_page`](crate::answer_page). The page stays alive meanwhile.
    ///
    /// # Errors
    /// [`GpuError::Worker`]: it does not start.
    #[cfg(target_arch = "wasm32")]
    pub async fn in_worker(worker: web_sys::Worker) -> Result<Self, GpuError> {
        let worker = Worker::start(worker).await?;
        Ok(Self { worker: Some(worker), ..Self::open(1) })
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn worker(&self) -> Option<&Worker> {
        self.worker.as_ref()
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

    /// Measures what the processor can do at most, on the caller's thread and on its own.
    pub(crate) fn measure(&self) -> Peaks {
        let values = if cfg!(target_arch = "wasm32") { 1 << 22 } else { 1 << 24 };
        let (source, mut target) = (vec![1.0; values], vec![0.0; values]);
        let mut best = Peaks { gflops: 0.0, gbytes_per_s: 0.0 };
        for _ in 0..MEASUREMENTS {
            let started = Instant::now();
            let flops = ibq_cpu::peak_arithmetic(&self.cpu, 8 * self.threads());
            best.gflops = best.gflops.max(flops / started.elapsed().as_secs_f64() / 1e9);
            let started = Instant::now();
            let bytes = ibq_cpu::peak_copy(&self.cpu, &source, &mut target);
            best.gbytes_per_s = best.gbytes_per_s.max(bytes / started.elapsed().as_secs_f64() / 1e9);
        }
        best
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
    let otherwise = if cfg!(target_arch = "wasm32") { "processor" } else { std::env::consts::ARCH };
    system_value("/proc/cpuinfo", "model name").unwrap_or_else(|| otherwise.to_owned())
}

/// Bytes that programs can still have, where the system says it.
fn available_memory() -> Option<u64> {
    let value = system_value("/proc/meminfo", "MemAvailable")?;
    value.strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
