//! Options that several commands have.

use std::{convert::Infallible, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use ibq_core::{
    files::WeightSet,
    gpu::{AdapterChoice, Precision, Tier},
    picture::Resize,
    tokenizer::Tiling,
    transformer::TransformerPrecision,
};

/// Which model.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelOptions {
    /// Model file (.ckpt, .pt, .safetensors) or folder [default: the bundled model]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: WeightOptions,
}

/// Which of a model's weights, and what its configuration must be.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct WeightOptions {
    /// Official configuration file to check the model against
    #[arg(long, value_name = "YAML")]
    pub(crate) config: Option<PathBuf>,
    /// Set of weights [default: ema where the file has it]
    #[arg(long, value_enum, value_name = "SET")]
    pub(crate) weights: Option<WeightChoice>,
}

/// `--weights`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum WeightChoice {
    /// Moving average of the training, as officially evaluated
    Ema,
    /// As the optimizer left them
    Raw,
}

impl From<WeightChoice> for WeightSet {
    fn from(choice: WeightChoice) -> Self {
        match choice {
            WeightChoice::Ema => Self::Ema,
            WeightChoice::Raw => Self::Raw,
        }
    }
}

/// Where to compute.
#[derive(Clone, Args)]
#[command(next_help_heading = "Device")]
pub(crate) struct GpuOptions {
    /// auto: the GPU, or the processor where there is none; gpu; cpu; software: a software adapter; part of an adapter's name
    #[arg(long, alias = "adapter", value_name = "NAME", default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// Threads of the processor [default: as many as the system grants]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Kind of kernels [default: the fastest that the adapter has]
    #[arg(long, value_enum)]
    pub(crate) tier: Option<TierChoice>,
}

/// Where and how to run a tokenizer.
#[derive(Args)]
#[command(next_help_heading = "Device")]
pub(crate) struct TokenizerGpuOptions {
    #[command(flatten)]
    pub(crate) gpu: GpuOptions,
    /// Storage of weights and activations; sums are always f32
    #[arg(long, value_enum, default_value = "f32")]
    pub(crate) precision: PrecisionChoice,
}

/// Where and how to run a transformer.
#[derive(Args)]
#[command(next_help_heading = "Device")]
pub(crate) struct TransformerGpuOptions {
    #[command(flatten)]
    pub(crate) gpu: GpuOptions,
    /// Storage of the transformer's weights [default: f32, or as they are stored where they are quantized]
    #[arg(long, value_enum)]
    pub(crate) precision: Option<TransformerPrecisionChoice>,
}

/// `--device`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeviceChoice {
    /// The best GPU; the processor where the only adapter is software.
    Auto,
    /// The processor.
    Cpu,
    /// An adapter.
    Adapter(AdapterChoice),
}

impl FromStr for DeviceChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "gpu" => Self::Adapter(AdapterChoice::Best),
            name => Self::Adapter(name.parse()?),
        })
    }
}

/// `--tier`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierChoice {
    /// What every WebGPU browser has
    Portable,
    /// 16-bit floats in shaders
    Fast,
    /// Matrix units (tensor cores) for f16; only Vulkan, and experimental in wgpu
    Matrix,
}

impl From<TierChoice> for Tier {
    fn from(choice: TierChoice) -> Self {
        match choice {
            TierChoice::Portable => Self::Portable,
            TierChoice::Fast => Self::Fast,
            TierChoice::Matrix => Self::Matrix,
        }
    }
}

/// `--precision` of a tokenizer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionChoice {
    /// 32-bit floats
    F32,
    /// 16-bit floats: half the memory
    F16,
}

impl PrecisionChoice {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        Precision::from(self).name()
    }
}

impl From<PrecisionChoice> for Precision {
    fn from(choice: PrecisionChoice) -> Self {
        match choice {
            PrecisionChoice::F32 => Self::F32,
            PrecisionChoice::F16 => Self::F16,
        }
    }
}

/// `--precision` of a transformer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransformerPrecisionChoice {
    /// 32-bit floats
    F32,
    /// 16-bit floats: half the memory
    F16,
    /// 8 bits: a quarter
    Int8,
    /// 4 bits: a seventh
    Int4,
}

impl TransformerPrecisionChoice {
    /// The choice of a tokenizer, which is never quantized.
    pub(crate) fn of_tokenizer(self) -> Option<PrecisionChoice> {
        match self {
            Self::F32 => Some(PrecisionChoice::F32),
            Self::F16 => Some(PrecisionChoice::F16),
            Self::Int8 | Self::Int4 => None,
        }
    }
}

impl From<TransformerPrecisionChoice> for TransformerPrecision {
    fn from(choice: TransformerPrecisionChoice) -> Self {
        match choice {
            TransformerPrecisionChoice::F32 => Self::F32,
            TransformerPrecisionChoice::F16 => Self::F16,
            TransformerPrecisionChoice::Int8 => Self::Int8,
            TransformerPrecisionChoice::Int4 => Self::Int4,
        }
    }
}

/// Tiles.
#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct TileOptions {
    /// Overlapping tiles for large pictures: auto (when memory asks for it), off, or their side in pixels (at least 8 tokens)
    #[arg(long, value_name = "auto|off|N", default_value = "auto")]
    pub(crate) tile: Tiling,
}

/// What happens to a picture's size.
#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct SizeOptions {
    /// Size before encoding: none (padded to the tokenizer's factor, cropped after), short:N (smaller side N
    /// pixels) or fit:WxH (within W × H)
    #[arg(long, value_name = "none|short:N|fit:WxH", default_value = "none")]
    pub(crate) resize: Resize,
}
