//! `ibq bench`: how long every stage and kernel takes, and how near it comes to what the adapter can do.

use ibq_core::bench::{self, BenchReport};

use super::{
    failure::Failure,
    model,
    numbers::{bytes, ms, rate},
    options::{GpuOptions, ModelOptions},
    session::Session,
    table::{Column, Table},
};

/// Least share of the time of a kernel with a line of its own.
const LEAST_PART: f64 = 0.004;

/// The command line of `ibq bench`.
#[derive(clap::Args)]
#[command(
    after_help = "\"reached\" is the share of the nearer of the adapter's two measured ceilings, computing and memory."
)]
pub(crate) struct Arguments {
    /// Side of the square picture in pixels, rounded up to the tokenizer's factor
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    size: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    gpu: GpuOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, &arguments.gpu, session).await?;
    session.title("bench");
    let report = bench::run(&loaded.tokenizer, arguments.size, session.job()).await?;
    if arguments.json {
        return session.print_json(&report);
    }
    print_summary(&report, session);
    print_stages(&report, session);
    if report.kernels.is_empty() {
        session.note("kernels", "this adapter cannot time them one by one");
    } else {
        print_kernels(&report, session);
    }
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
        session.print(table.row(stage.stage, &[ms(stage.ms), rate(stage.gflops)]));
    }
    let total = report.stages.iter().map(|stage| stage.ms).sum();
    session.print(table.row("together", &[ms(total)]));
}

fn print_kernels(report: &BenchReport, session: &Session) {
    let columns = vec![
        Column::new("stage", "", 6),
        Column::new("calls", "", 5),
        Column::new("time", "ms", 7),
        Column::new("part", "%", 4),
        Column::new("speed", "GFLOP/s", 7),
        Column::new("traffic", "GB/s", 7),
        Column::new("reached", "%", 7),
    ];
    let table = Table::of("kernel", report.kernels.iter().map(|kernel| &kernel.name), columns);
    session.print(format_args!("\n{}", table.header()));
    let all: f64 = report.kernels.iter().map(|kernel| kernel.ms).sum();
    let part = |ms: f64| format!("{:.1}", 100.0 * ms / all);
    // The slowest come first.
    let shown = report.kernels.partition_point(|kernel| kernel.ms >= LEAST_PART * all);
    let (long, short) = report.kernels.split_at(shown);
    for kernel in long {
        let cells = [
            kernel.stage.to_owned(),
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
