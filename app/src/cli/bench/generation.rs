//! `ibq bench --generate` and `--drift`: the speed of a transformer, and what smaller precisions change.

use ibq_core::{
    bench::{Drift, GenerationReport, drift, generation},
    generator::OpenedGenerator,
    transformer::{Transformer, TransformerConfig, TransformerPrecision, TransformerWeights},
};
use serde::Serialize;

use super::{
    super::{
        failure::Failure,
        model::Adapter,
        numbers::{bytes, count, ms, rate},
        options::TransformerGpuOptions,
        session::Session,
        table::{Column, Table},
        transformer::{self, TransformerOptions},
    },
    Arguments, OfficialSize,
    kernels::print_kernels,
};

/// Seed of random weights.
const SEED: u64 = 1;

/// What is printed with `--generate --json`.
#[derive(Serialize)]
struct SpeedDocument<'a> {
    model: &'a str,
    /// Its weights are random: for timing only.
    random_weights: bool,
    config: &'a TransformerConfig,
    #[serde(flatten)]
    report: GenerationReport,
}

/// What is printed with `--drift --json`.
#[derive(Serialize)]
struct DriftDocument<'a> {
    model: &'a str,
    adapter: Adapter,
    pictures: u32,
    precisions: &'a [Drift],
}

impl OfficialSize {
    fn name(self) -> &'static str {
        match self {
            Self::B => "B",
            Self::L => "L",
            Self::Xl => "XL",
            Self::Xxl => "XXL",
        }
    }
}

fn gpu_options(arguments: &Arguments) -> TransformerGpuOptions {
    TransformerGpuOptions { gpu: arguments.gpu.clone(), precision: arguments.precision }
}

async fn open(arguments: &Arguments, session: &Session) -> Result<OpenedGenerator, Failure> {
    let (model, config) = (arguments.model.model.clone(), arguments.model.choice.config.clone());
    transformer::open(&TransformerOptions { model, config }, session).await
}

/// Measures the speed and prints it.
pub(super) async fn measure_speed(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let (name, weights, precision) = match arguments.size_like {
        Some(size) => {
            let size = size.name();
            let config = TransformerConfig::official(size)
                .ok_or_else(|| Failure::Usage(format!("there is no official size {size}")))?;
            let parameters = config.parameter_count() as f64 / 1e6;
            session.tell(
                "model",
                format_args!("size {size} · {parameters:.0} million random parameters: timing only"),
            );
            let precision = arguments.precision.map(Into::into).unwrap_or_default();
            (format!("size {size}, random weights"), TransformerWeights::random(config, SEED)?, precision)
        }
        None => {
            let opened = open(arguments, session).await?;
            let usual = TransformerPrecision::default();
            let precision = transformer::precision(&opened, &gpu_options(arguments), usual)?;
            (opened.name().to_owned(), opened.weights().clone(), precision)
        }
    };
    let device = transformer::open_device(&gpu_options(arguments), precision.name(), session).await?;
    session.title(&name);
    let transformer = Transformer::load(&device, &weights, precision, session.job()).await?;
    let report = generation(&transformer, arguments.tokens, session.job()).await?;
    if arguments.json {
        let random_weights = arguments.size_like.is_some();
        let document = SpeedDocument { model: &name, random_weights, config: weights.config(), report };
        return session.print_json(&document);
    }
    print_speed(&name, &report, session);
    Ok(())
}

fn print_speed(name: &str, report: &GenerationReport, session: &Session) {
    let GenerationReport { ceilings, timed_tokens, .. } = report;
    let (weights, peak) = (bytes(report.weights_memory), bytes(report.peak_memory));
    let lines = [
        ("model", format!("{name}, {}, {} on {}", report.precision.name(), report.tier, report.adapter)),
        ("ceilings", format!("{} GFLOP/s, {} GB/s", rate(ceilings.gflops), rate(ceilings.gbytes_per_s))),
        ("memory", format!("{weights} weights, {peak} at the peak")),
        ("timed", format!("{timed_tokens} tokens in the middle of a picture, each line")),
    ];
    for (what, text) in lines {
        session.print(format_args!("{what:<10}{text}"));
    }
    let columns = vec![
        Column::new("guidance", "", 8),
        Column::new("per token", "ms", 9),
        Column::new("speed", "tokens/s", 9),
        Column::new("dispatches", "", 10),
        Column::new("traffic", "GB/s", 7),
        Column::new("bandwidth", "%", 9),
    ];
    let table = Table::new("pictures", 8, columns);
    session.print(format_args!("\n{}", table.header()));
    for speed in &report.speeds {
        let cells = [
            if speed.guided { "with" } else { "without" }.to_owned(),
            ms(speed.ms_per_token),
            rate(speed.tokens_per_s),
            speed.dispatches.to_string(),
            rate(speed.gbytes_per_s),
            format!("{:.0}", 100.0 * speed.share),
        ];
        session.print(table.row(&speed.pictures.to_string(), &cells));
    }
    session.print("\none token of one picture without guidance, kernel by kernel");
    print_kernels(&report.kernels, session);
}

/// Measures the drift and prints it.
pub(super) async fn measure_drift(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let opened = open(arguments, session).await?;
    let device = transformer::open_device(&gpu_options(arguments), "f32, f16, int8, int4", session).await?;
    session.title(opened.name());
    let drifts = drift(&device, opened.weights(), arguments.pictures, session.job()).await?;
    if arguments.json {
        return session.print_json(&DriftDocument {
            model: opened.name(),
            adapter: Adapter::from(&device),
            pictures: arguments.pictures,
            precisions: &drifts,
        });
    }
    let tokens = arguments.pictures * opened.config().block_size;
    session.print(format_args!("against f32, over {} tokens", count(tokens.into())));
    let columns = vec![
        Column::new("weights", "", 9),
        Column::new("largest logit difference", "", 24),
        Column::new("divergence", "nats/token", 10),
        Column::new("same greedy token", "%", 17),
    ];
    let table = Table::new("precision", 9, columns);
    session.print(format_args!("\n{}", table.header()));
    for drift in &drifts {
        let cells = [
            bytes(drift.weights_memory),
            format!("{:.2e}", drift.largest_difference),
            format!("{:.2e}", drift.kl_per_token),
            format!("{:.1}", 100.0 * drift.agreement),
        ];
        session.print(table.row(drift.precision.name(), &cells));
    }
    Ok(())
}
