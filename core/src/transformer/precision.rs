//! How the weights of a transformer are stored.

use std::{fmt, str::FromStr};

use ibq_shaders::{Storage, WeightFormat};
use serde::{Deserialize, Serialize};

use crate::{device::Device, gpu::Precision};

/// How the weights of a transformer are stored. Sums are always f32; keys and values are f32 or, on a GPU and with anything
/// smaller, 16-bit floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransformerPrecision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
    /// 8 bits, with two 16-bit floats for 128 weights.
    Int8,
    /// 4 bits, with two 16-bit floats for 64 weights; the layer that makes the logits as [`Int8`](Self::Int8).
    Int4,
}

/// A word that names no precision of a transformer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a precision: use f32, f16, int8 or int4")]
pub struct TransformerPrecisionError(pub String);

impl TransformerPrecision {
    /// All of them, the most exact first.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Int8, Self::Int4];

    /// "f32", "f16", "int8" or "int4".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }

    /// How linear layers are stored, but for what [`Layer::format`](super::layers::Layer::format) changes.
    pub(super) fn format(self) -> WeightFormat {
        match self {
            Self::F32 | Self::F16 => WeightFormat::Float,
            Self::Int8 => WeightFormat::Int8,
            Self::Int4 => WeightFormat::Int4,
        }
    }

    /// How keys and values are stored, and weights that are not quantized.
    pub(super) fn floats(self) -> Precision {
        if self == Self::F32 { Precision::F32 } else { Precision::F16 }
    }

    /// How a device stores keys and values.
    pub(super) fn storage(self, device: &Device) -> Storage {
        device.storage(self.floats())
    }
}

impl fmt::Display for TransformerPrecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for TransformerPrecision {
    type Err = TransformerPrecisionError;

    fn from_str(text: &str) -> Result<Self, TransformerPrecisionError> {
        let found = Self::ALL.into_iter().find(|precision| precision.name() == text);
        found.ok_or_else(|| TransformerPrecisionError(text.to_owned()))
    }
}
