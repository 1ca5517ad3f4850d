//! `ibq bench`: how long every stage and kernel takes, and how near it comes to what the adapter can do.

mod generation;

use clap::ValueEnum;
use ibq_core::{
    bench::{self, BenchReport, KernelReport},
    gpu::AdapterChoice,
};

use super::{
    failure::Failure,
    model,
    numbers::{bytes, ms, rate},
    options::{GpuOptions, ModelOptions, PrecisionChoice as FloatChoice, TierChoice},
    session::Session,
    table::{Column, Table},
    transformer::PrecisionChoice,
};

/// Least share of the time of a kernel with a line of its own.
const LEAST_PART: f64 = 0.004;

/// The command line of `ibq bench`.
#[derive(clap::Args)]
#[command(
    after_help = "\"reached\" is the share of the nearer of the adapter's two measured ceilings, computing and memory.\n\
                  --drift draws pictures in f32 and compares, along their tokens, the predictions of f16, int8 and int4."
)]
pub(crate) struct Arguments {
    /// Side of the square picture in pixels, rounded up to the tokenizer's factor
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    size: u32,
    /// Measure a transformer instead of a tokenizer: 1 and 8 pictures at a time, without and with guidance
    #[arg(long)]
    generate: bool,
    /// Say what smaller precisions change in what a transformer predicts
    #[arg(long, conflicts_with_all = ["generate", "size_like", "precision"])]
    drift: bool,
    /// With --generate: an official size with random weights, for timing only; its pictures would be noise
    #[arg(long, value_enum, value_name = "SIZE", requires = "generate", conflicts_with = "model")]
    size_like: Option<OfficialSize>,
    /// With --generate: tokens that are timed in each way
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=2500))]
    tokens: u32,
    /// With --drift: pictures that are compared
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pictures: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelOptions,
    /// Part of an adapter's name, or software
    #[arg(long, value_name = "NAME", default_value = "best", help_heading = "GPU")]
    adapter: AdapterChoice,
    /// Storage of weights and activations; int8 and int4 with --generate only [default: f32]
    #[arg(long, value_enum, help_heading = "GPU")]
    precision: Option<PrecisionChoice>,
    /// Kind of kernels [default: the fastest that the adapter has]
    #[arg(long, value_enum, help_heading = "GPU")]
    tier: Option<TierChoice>,
}

/// The sizes of the official models.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OfficialSize {
    /// 343 million parameters
    #[value(name = "B", alias = "b")]
    B,
    /// 650 million parameters
    #[value(name = "L", alias = "l")]
    L,
    /// 1.1 billion parameters
    #[value(name = "XL", alias = "xl")]
    Xl,
    /// 2.1 billion parameters
    #[value(name = "XXL", alias = "xxl")]
    Xxl,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    if arguments.drift {
        return generation::drift(arguments, session).await;
    }
    if arguments.generate {
        return generation::speed(arguments, session).await;
    }
    let precision = match arguments.precision {
        None | Some(PrecisionChoice::F32) => FloatChoice::F32,
        Some(PrecisionChoice::F16) => FloatChoice::F16,
        Some(PrecisionChoice::Int8 | PrecisionChoice::Int4) => {
            let reason = "tokenizers are f32 or f16; int8 and int4 are for transformers (--generate)";
            return Err(Failure::Usage(reason.to_owned()));
        }
    };
    let gpu = GpuOptions { adapter: arguments.adapter.clone(), precision, tier: arguments.tier };
    let loaded = model::load(&arguments.model, &gpu, session).await?;
    session.title("bench");
    let report = bench::run(&loaded.tokenizer, arguments.size, session.job()).await?;
    if arguments.json {
        return session.print_json(&report);
    }
    print_summary(&report, session);
    print_stages(&report, session);
    print_kernels(&report.kernels, session);
    Ok(())
}

fn print_summary(report: &BenchReport, session: &Session) {
    let BenchReport { size, ceilings, .. } = report;
    let lines = [
        ("picture", format!("{size} × {size} pixels, {}, {} tier", report.precision, report.tier)),
        ("ceilings", format!("{} GFLOP/s, {} GB/s", rate(ceilings.gflops), rate(ceilings.gbytes_per_s))),
        (
            "memory",
            format!(
                "{} weights, {} activations, {} at the peak",
                bytes(report.weights_memory),
                bytes(report.activations_memory),
                bytes(report.peak_memory)
            ),
        ),
    ];
    for (what, text) in lines {
        session.print(format_args!("{what:<10}{text}"));
    }
}

fn print_stages(report: &BenchReport, session: &Session) {
    let columns = vec![Column::new("time", "ms", 8), Column::new("speed", "GFLOP/s", 8)];
    let table = Table::new("stage", 8, columns);
    session.print(format_args!("\n{}", table.header()));
    for stage in &report.stages {
        session.print(table.row(stage.stage.name(), &[ms(stage.ms), rate(stage.gflops)]));
    }
    let total = report.stages.iter().map(|stage| stage.ms).sum();
    session.print(table.row("together", &[ms(total)]));
}

/// The kernels, the slowest first.
fn print_kernels(kernels: &[KernelReport], session: &Session) {
    if kernels.is_empty() {
        return session.note("kernels", "this adapter cannot time them one by one");
    }
    let columns = vec![
        Column::new("stage", "", 6),
        Column::new("calls", "", 5),
        Column::new("time", "ms", 7),
        Column::new("part", "%", 4),
        Column::new("speed", "GFLOP/s", 7),
        Column::new("traffic", "GB/s", 7),
        Column::new("reached", "%", 7),
    ];
    let table = Table::of("kernel", kernels.iter().map(|kernel| &kernel.name), columns);
    session.print(format_args!("\n{}", table.header()));
    let all: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
    let part = |ms: f64| format!("{:.1}", 100.0 * ms / all);
    // The slowest come first.
    let shown = kernels.partition_point(|kernel| kernel.ms >= LEAST_PART * all);
    let (long, short) = kernels.split_at(shown);
    for kernel in long {
        let cells = [
            kernel.stage.to_string(),
            kernel.calls.to_string(),
            ms(kernel.ms),
            part(kernel.ms),
            if kernel.gflops > 0.0 { rate(kernel.gflops) } else { "–".to_owned() },
            rate(kernel.gbytes_per_s),
            format!("{:.0}", 100.0 * kernel.share),
        ];
        session.print(table.row(&kernel.name, &cells));
    }
    if !short.is_empty() {
        let (calls, time) = short.iter().fold((0, 0.0), |(calls, time), k| (calls + k.calls, time + k.ms));
        let cells = [String::new(), calls.to_string(), ms(time), part(time)];
        session.print(table.row(&format!("{} shorter ones (see --json)", short.len()), &cells));
    }
}
