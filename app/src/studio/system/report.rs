//! This pane as text.

use std::fmt::Write as _;

use ibq_core::{
    bench::{BenchReport, KernelReport},
    device::{Device, Processor},
    gpu::{Gpu, GpuInfo, KernelTime, Limit, Tier},
};

use crate::studio::{
    context::Shared,
    format::bytes,
    models::{Slot, precision_name, set_name},
};

use super::{state::System, tasks::KernelTimes};

/// The value of a limit, with its unit where it has one.
pub(super) fn limit(limit: &Limit) -> String {
    if limit.bytes { bytes(limit.value) } else { limit.value.to_string() }
}

/// Name of a tier.
pub(super) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Portable => "portable (what every WebGPU offers)",
        Tier::Fast => "fast (16-bit floats)",
        Tier::Matrix => "matrix (16-bit floats on matrix units)",
    }
}

/// What the adapter is: name and value of each line.
pub(super) fn adapter(info: &GpuInfo) -> Vec<(&'static str, String)> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    vec![
        ("Adapter", info.name.clone()),
        ("Kind", info.kind.to_string()),
        ("Backend", info.backend.clone()),
        ("Driver", if info.driver.is_empty() { "not told".to_owned() } else { info.driver.clone() }),
        ("Tier", tier(info.tier).to_owned()),
        ("Kernel timers", yes_no(info.timestamps)),
    ]
}

/// What the processor is: name and value of each line.
pub(super) fn processor(processor: &Processor) -> Vec<(&'static str, String)> {
    vec![
        ("Computes", processor.name().to_owned()),
        ("Threads", processor.threads().to_string()),
        ("Instructions", processor.instructions().to_owned()),
    ]
}

/// One kernel as a line of a table.
pub(super) fn kernel_cells(kernel: &KernelTime, total: f64) -> [String; 6] {
    let seconds = kernel.ms / 1e3;
    let per_second =
        |amount: f64| if seconds > 0.0 { format!("{:.1}", amount / seconds / 1e9) } else { "–".to_owned() };
    [
        kernel.stage.to_string(),
        kernel.calls.to_string(),
        format!("{:.2}", kernel.ms),
        format!("{:.1}", kernel.ms / total.max(1e-9) * 100.0),
        per_second(kernel.flops),
        per_second(kernel.bytes),
    ]
}

/// Everything on the pane as text.
pub(super) fn text(system: &System, shared: &Shared) -> String {
    let mut text = format!("IBQ Studio {}\n", env!("CARGO_PKG_VERSION"));
    if let Some(used) = &shared.devices.processor {
        let memory = Device::from(used.clone()).memory();
        for (name, value) in processor(used) {
            // Writing into a string cannot fail, here and below.
            let _ = writeln!(text, "{name}: {value}");
        }
        let _ = writeln!(text, "Memory: {}, at most {}", bytes(memory.now), bytes(memory.peak));
    }
    match &shared.devices.gpu {
        Ok(gpu) => text.push_str(&gpu_text(gpu)),
        Err(reason) => {
            let _ = writeln!(text, "{reason}");
        }
    }
    for slot in Slot::BOTH {
        if let Some(model) = shared.models.get(slot) {
            let precision = precision_name(model.tokenizer.precision());
            let codes = model.tokenizer.config().quantizer().codes;
            let set = set_name(model.set);
            let _ = writeln!(text, "Model: {}, {codes} codes, {set} weights, {precision}", model.name);
        }
    }
    if let Some(times) = system.times(shared) {
        text.push_str(&kernels_text(times));
    }
    if let Some(report) = &system.report {
        text.push_str(&bench_text(report));
    }
    text
}

fn gpu_text(gpu: &Gpu) -> String {
    let mut text = String::new();
    let info = gpu.info();
    for (name, value) in adapter(info) {
        let _ = writeln!(text, "{name}: {value}");
    }
    let memory = gpu.memory();
    let _ = writeln!(text, "Memory in buffers: {}, at most {}", bytes(memory.now), bytes(memory.peak));
    let _ = writeln!(text, "Features: {}", info.features.join(", "));
    for one in &info.limits {
        let _ = writeln!(text, "{}: {}", one.name, limit(one));
    }
    text
}

fn kernels_text(times: &KernelTimes) -> String {
    let mut text = String::new();
    if !times.kernels.is_empty() {
        let (width, height) = times.size;
        let _ = writeln!(text, "\nKernels, {width} × {height}: stage, calls, ms, %, GFLOP/s, GB/s");
    }
    let total = times.kernels.iter().map(|kernel| kernel.ms).sum();
    for kernel in &times.kernels {
        let _ = writeln!(text, "{}: {}", kernel.name, kernel_cells(kernel, total).join(", "));
    }
    text
}

/// The benchmark as text.
pub(super) fn bench_text(report: &BenchReport) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\nBenchmark, {0} × {0}, {1}, {2}, {3} tier\nCeilings: {4:.1} GFLOP/s, {5:.1} GB/s",
        report.size,
        report.precision,
        report.adapter,
        report.tier,
        report.ceilings.gflops,
        report.ceilings.gbytes_per_s
    );
    for stage in &report.stages {
        let _ = writeln!(text, "{}: {:.1} ms, {:.1} GFLOP/s", stage.stage, stage.ms, stage.gflops);
    }
    for kernel in &report.kernels {
        let KernelReport { name, stage, calls, ms, gflops, gbytes_per_s, share } = kernel;
        let percent = share * 100.0;
        let _ = writeln!(
            text,
            "{name} ({stage}, {calls} calls): {ms:.2} ms, {gflops:.1} GFLOP/s, {gbytes_per_s:.1} GB/s, {percent:.0} %"
        );
    }
    let _ = writeln!(text, "Peak memory: {}", bytes(report.peak_memory));
    text
}

#[cfg(test)]
mod tests {
    use ibq_core::gpu::Stage;

    use super::*;

    #[test]
    fn rates_follow_from_time_and_work() {
        let kernel = KernelTime {
            name: "conv2d".to_owned(),
            stage: Stage::Decode,
            calls: 2,
            ms: 500.0,
            flops: 5e9,
            bytes: 1e9,
        };
        assert_eq!(kernel_cells(&kernel, 1000.0), ["decode", "2", "500.00", "50.0", "10.0", "2.0"]);
        let idle = KernelTime { ms: 0.0, ..kernel };
        assert_eq!(kernel_cells(&idle, 0.0)[4], "–");
    }
}
