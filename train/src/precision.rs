//! Mixed precision: products with weights in 16 bits, all else in 32.
//!
//! Weights, averages, moments, norms, attention's own products, losses and the quantizer have 32 bits; convolutions and products with
//! matrices of the network take 16-bit copies of what they multiply, so that the GPU's matrix units do them. Gradients that are too small for 16 bits
//! are kept by a factor on the loss (Micikevicius et al. 2018), which is taken off again before anybody sees them.

use std::str::FromStr;

use burn::tensor::{DType, Device};
use serde::{Deserialize, Serialize};

/// In what a network multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrainingPrecision {
    /// 32 bits everywhere.
    #[default]
    Full,
    /// Products with weights in 16 bits (f16).
    Mixed,
}

impl FromStr for TrainingPrecision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            "mixed" => Ok(Self::Mixed),
            other => Err(format!("`{other}` is none of full, mixed")),
        }
    }
}

/// The device cannot train in mixed precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrecisionError {
    /// It is the CPU.
    #[error("mixed precision is for GPUs: on the CPU 16 bits are no faster. Take --precision full")]
    Processor,
    /// It has no 16-bit floats.
    #[error("this GPU, or its driver, does not compute with 16-bit floats. Take --precision full")]
    NoHalf,
}

impl TrainingPrecision {
    /// Whether a device can do it.
    ///
    /// # Errors
    /// [`PrecisionError`].
    pub fn check(self, device: &Device) -> Result<(), PrecisionError> {
        match self {
            Self::Full => Ok(()),
            Self::Mixed if *device == Device::flex() => Err(PrecisionError::Processor),
            Self::Mixed if !device.supports_dtype(DType::F16) => Err(PrecisionError::NoHalf),
            Self::Mixed => Ok(()),
        }
    }
}

/// The factor on the loss. It halves when a gradient leaves the range of 16 bits and grows again after a while without.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    factor: f32,
    /// Steps since it changed.
    calm: u32,
}

impl LossScale {
    /// Steps without a change after which it doubles.
    const PATIENCE: u32 = 2000;
    const LARGEST: f32 = 65_536.0;

    #[cfg(test)]
    pub(crate) fn of_factor(factor: f32) -> Self {
        Self { factor, calm: 0 }
    }

    /// The factor.
    #[must_use]
    pub fn factor(self) -> f32 {
        self.factor
    }

    /// A gradient was no number: whether the step can be tried again with half of the factor.
    pub fn halve(&mut self) -> bool {
        let can = self.factor > 1.0;
        *self = Self { factor: (self.factor / 2.0).max(1.0), calm: 0 };
        can
    }

    /// A step went well.
    pub fn went_well(&mut self) {
        self.calm += 1;
        if self.calm >= Self::PATIENCE {
            *self = Self { factor: (2.0 * self.factor).min(Self::LARGEST), calm: 0 };
        }
    }
}

impl Default for LossScale {
    fn default() -> Self {
        Self { factor: Self::LARGEST, calm: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_falls_with_every_overflow_and_comes_back() {
        let mut scale = LossScale::default();
        assert!(scale.halve() && scale.halve());
        assert_eq!(scale.factor(), 16_384.0);
        (0..LossScale::PATIENCE - 1).for_each(|_| scale.went_well());
        assert_eq!(scale.factor(), 16_384.0);
        scale.went_well();
        assert_eq!(scale.factor(), 32_768.0);
        (0..15).for_each(|_| assert!(scale.halve()));
        assert!(scale.factor() == 1.0 && !scale.halve());
    }

    #[test]
    fn the_processor_refuses_mixed_precision_and_says_what_to_do() {
        let message = TrainingPrecision::Mixed.check(&Device::flex()).unwrap_err().to_string();
        assert!(message.contains("--precision full"), "{message}");
        assert!(TrainingPrecision::Full.check(&Device::flex()).is_ok());
        assert!("half".parse::<TrainingPrecision>().unwrap_err().contains("full, mixed"));
    }
}
