//! Measuring: the ceilings of the adapter, and how near each kernel comes to them.

mod generation;

use std::sync::Arc;

use ibq_shaders::{
    Kernel, Storage,
    params::{PeakArithmeticParams, PeakCopyParams},
};
use image::RgbImage;
use serde::Serialize;
use web_time::Instant;

use crate::{
    device::{Device, Peaks, Processor},
    gpu::{
        Bound, Dispatch, DispatchBuilder, Extent, Gpu, GpuError, KernelTime, Precision, RunError, Stage,
        StageTime,
    },
    job::Job,
    ops::processor_peaks,
    picture::Size,
    tokenizer::{RunOptions, Tiling, Tokenizer, TokenizerError},
};

pub use generation::{Drift, GenerationReport, TokenSpeed, drift, generation};

/// Runs whose fastest counts.
const REPEATS: usize = 3;

/// What the adapter can do at most, measured by kernels that do nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ceilings {
    /// 10⁹ f32 operations per second (a multiply-add is two), in registers.
    pub gflops: f64,
    /// 10⁹ bytes per second, read plus written, of one large copy.
    pub gbytes_per_s: f64,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageReport {
    /// Which.
    pub stage: Stage,
    /// Milliseconds from the call to the result, the fastest of the runs.
    pub ms: f64,
    /// 10⁹ floating-point operations per second over all of it.
    pub gflops: f64,
}

/// One kernel in one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelReport {
    /// What it did.
    pub name: String,
    /// Stage it belongs to.
    pub stage: Stage,
    /// How often it ran.
    pub calls: u32,
    /// Milliseconds on the device, all calls together.
    pub ms: f64,
    /// 10⁹ floating-point operations per second.
    pub gflops: f64,
    /// 10⁹ bytes per second, counting what must move at least.
    pub gbytes_per_s: f64,
    /// Share of the nearer ceiling that was reached, 0 to 1.
    pub share: f64,
}

/// Everything that a benchmark prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Name of the adapter or of the processor.
    pub adapter: String,
    /// Tier in use; on the processor, its vector instructions.
    pub tier: String,
    /// Storage of weights and activations.
    pub precision: Precision,
    /// Side of the square picture in pixels.
    pub size: u32,
    /// What the adapter can do at most.
    pub ceilings: Ceilings,
    /// The stages in order.
    pub stages: Vec<StageReport>,
    /// The kernels, the slowest first; empty where the adapter cannot time them.
    pub kernels: Vec<KernelReport>,
    /// Bytes of weights.
    pub weights_memory: u64,
    /// Bytes of activations, planned.
    pub activations_memory: u64,
    /// The most bytes in the engine's buffers at one time so far.
    pub peak_memory: u64,
}

/// Runs a picture of `size × size` pixels (rounded up to the factor) through all stages and reports.
///
/// # Errors
/// [`TokenizerError`] as of encoding and decoding.
pub async fn run(tokenizer: &Tokenizer, size: u32, job: &Job) -> Result<BenchReport, TokenizerError> {
    let device = tokenizer.device();
    let size = size.clamp(1, 16_384).next_multiple_of(tokenizer.config().factor());
    job.stage("measure the adapter");
    let (adapter, tier, ceilings) = describe_device(device, job).await?;
    let plan = tokenizer.plan(Size::square(size), 1, Tiling::Auto)?;
    let picture = RgbImage::from_fn(size, size, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let pictures = [picture];
    let options = RunOptions::default();
    let mut stages: Vec<StageTime> = Vec::new();
    for _ in 0..REPEATS {
        let encoding = tokenizer.encode(&pictures, &options, job).await?;
        let decoding = tokenizer.decode(&encoding.grids, &options, job).await?;
        let times = encoding.times.into_iter().chain(decoding.times);
        // The first run alone plans and compiles.
        for time in times.filter(|time| !matches!(time.stage, Stage::Plan | Stage::Compile)) {
            match stages.iter_mut().find(|best| best.stage == time.stage) {
                Some(best) => best.ms = best.ms.min(time.ms),
                None => stages.push(time),
            }
        }
    }
    // Again with a timestamp around every kernel, which costs time itself.
    let timed = RunOptions { kernel_times: true, ..options };
    let encoding = tokenizer.encode(&pictures, &timed, job).await?;
    let decoding = tokenizer.decode(&encoding.grids, &timed, job).await?;
    let kernels: Vec<KernelTime> = encoding.kernels.into_iter().chain(decoding.kernels).collect();
    let stage_report = |time: StageTime| {
        let flops: f64 =
            kernels.iter().filter(|kernel| kernel.stage == time.stage).map(|kernel| kernel.flops).sum();
        StageReport { stage: time.stage, ms: time.ms, gflops: flops / time.ms / 1e6 }
    };
    let stages = stages.into_iter().map(stage_report).collect();
    let mut kernels: Vec<KernelReport> =
        kernels.iter().map(|kernel| kernel_report(kernel, ceilings)).collect();
    kernels.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    Ok(BenchReport {
        adapter,
        tier,
        precision: tokenizer.precision(),
        size,
        ceilings,
        stages,
        kernels,
        weights_memory: plan.weights,
        activations_memory: plan.activations,
        peak_memory: device.memory().peak,
    })
}

/// Name, tier or vector instructions, and ceilings of a device.
///
/// # Errors
/// [`RunError`]: no memory, cancelled, a lost device.
async fn describe_device(device: &Device, job: &Job) -> Result<(String, String, Ceilings), RunError> {
    Ok(match device {
        Device::Gpu(gpu) => {
            let info = gpu.info();
            (info.name.clone(), info.tier.name().to_owned(), ceilings(gpu, job).await?)
        }
        Device::Cpu(cpu) => {
            (cpu.name().to_owned(), cpu.instructions().to_owned(), processor_ceilings(cpu).await?)
        }
    })
}

fn kernel_report(kernel: &KernelTime, ceilings: Ceilings) -> KernelReport {
    let gflops = kernel.flops / kernel.ms / 1e6;
    let gbytes_per_s = kernel.bytes / kernel.ms / 1e6;
    KernelReport {
        name: kernel.name.clone(),
        stage: kernel.stage,
        calls: kernel.calls,
        ms: kernel.ms,
        gflops,
        gbytes_per_s,
        share: (gflops / ceilings.gflops).max(gbytes_per_s / ceilings.gbytes_per_s),
    }
}

/// Measures the processor.
async fn processor_ceilings(processor: &Processor) -> Result<Ceilings, GpuError> {
    let Peaks { gflops, gbytes_per_s } = processor_peaks(processor).await?;
    Ok(Ceilings { gflops, gbytes_per_s })
}

/// Measures the adapter.
///
/// # Errors
/// [`RunError`]: no memory, cancelled, a lost device.
pub async fn ceilings(gpu: &Gpu, job: &Job) -> Result<Ceilings, RunError> {
    let software = gpu.info().is_software();
    // About 10 ms of work each on a mid-range adapter of the kind.
    let (invocations, rounds) = if software { (4096, 2048) } else { (1 << 20, 512) };
    let elements: u64 = if software { 1 << 20 } else { 1 << 22 };
    let usage = wgpu::BufferUsages::STORAGE;
    let sums = gpu.buffer("benchmark", invocations * 4, usage).await?;
    let source = gpu.buffer("benchmark", elements * 16, usage).await?;
    let target = gpu.buffer("benchmark", elements * 16, usage).await?;
    let arithmetic = DispatchBuilder {
        kernel: Kernel::PeakArithmetic,
        storage: Storage::F32,
        params: PeakArithmeticParams { rounds, factor: 1.0 - 1.0 / 1_048_576.0 }.into(),
        bindings: vec![Bound::whole(&sums)],
        extent: Extent::Elements(invocations),
        label: Arc::from("peak_arithmetic"),
        flops: invocations as f64 * f64::from(rounds) * 64.0,
        bytes: 0.0,
    };
    let copy = DispatchBuilder {
        kernel: Kernel::PeakCopy,
        storage: Storage::F32,
        params: PeakCopyParams { elements: elements as u32 }.into(),
        bindings: vec![Bound::whole(&source), Bound::whole(&target)],
        extent: Extent::Elements(elements),
        label: Arc::from("peak_copy"),
        flops: 0.0,
        bytes: elements as f64 * 32.0,
    };
    let (arithmetic, copy) = (arithmetic.build(gpu).await?, copy.build(gpu).await?);
    let flops = arithmetic.flops / fastest(gpu, &arithmetic, job).await?;
    let bytes = copy.bytes / fastest(gpu, &copy, job).await?;
    Ok(Ceilings { gflops: flops / 1e9, gbytes_per_s: bytes / 1e9 })
}

/// Seconds of the fastest of some runs, the first one not counted.
async fn fastest(gpu: &Gpu, dispatch: &Dispatch, job: &Job) -> Result<f64, RunError> {
    let mut best = f64::INFINITY;
    for repeat in 0..=REPEATS {
        let started = Instant::now();
        let dispatches = std::slice::from_ref(dispatch);
        let timed = gpu.run(dispatches, true, job, |_| {}).await?;
        let seconds = match timed.first() {
            Some(&ms) if ms > 0.0 => ms / 1e3,
            _ => started.elapsed().as_secs_f64(),
        };
        if repeat > 0 {
            best = best.min(seconds);
        }
    }
    Ok(best)
}
