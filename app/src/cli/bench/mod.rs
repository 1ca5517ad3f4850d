//! `ibq bench`: how long every stage and kernel takes, and how near it comes to what the adapter can do.

mod generation;
mod kernels;
mod tokenizer;

use clap::ValueEnum;

use super::{
    failure::Failure,
    options::{GpuOptions, ModelOptions, TransformerPrecisionChoice},
    session::Session,
};

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
    #[command(flatten)]
    gpu: GpuOptions,
    /// Storage of weights; int8 and int4 with --generate only [default: f32, or as they are stored where they are quantized]
    #[arg(long, value_enum, help_heading = "GPU")]
    precision: Option<TransformerPrecisionChoice>,
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
        generation::measure_drift(arguments, session).await
    } else if arguments.generate {
        generation::measure_speed(arguments, session).await
    } else {
        tokenizer::measure(arguments, session).await
    }
}
