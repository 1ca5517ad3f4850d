//! `ibq bench`: the speed of a tokenizer.

use ibq_core::bench::{self, BenchReport};

use super::{
    super::{
        failure::Failure,
        model,
        numbers::{bytes, ms, rate},
        options::{PrecisionChoice, TokenizerGpuOptions, TransformerPrecisionChoice},
        session::Session,
        table::{Column, Table},
    },
    Arguments,
    kernels::print_kernels,
};

/// Measures the tokenizer and prints what it took.
pub(super) async fn measure(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let asked = arguments.precision.map(TransformerPrecisionChoice::of_tokenizer);
    let Some(precision) = asked.unwrap_or(Some(PrecisionChoice::F32)) else {
        let reason = "tokenizers are f32 or f16; int8 and int4 are for transformers (--generate)";
        return Err(Failure::Usage(reason.to_owned()));
    };
    let options = TokenizerGpuOptions { gpu: arguments.gpu.clone(), precision };
    let loaded = model::load(&arguments.model, &options, session).await?;
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
