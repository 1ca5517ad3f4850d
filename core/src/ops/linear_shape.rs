//! The shape of linear layers and of the parts of quantized ones, and which part of one is meant.

use std::ops::Range;

use ibq_shaders::WeightFormat;
use serde::{Deserialize, Serialize};

/// Bytes of f32 weights that are on their way to a device at one time.
pub(crate) const PIECE: u64 = 16 << 20;

/// The shape of a linear layer, and how its weights are stored.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LinearShape {
    /// Inputs.
    pub(crate) inputs: u32,
    /// Outputs of each matrix.
    pub(crate) rows: u32,
    /// Matrices; of two, four rows of each in turn.
    pub(crate) matrices: u32,
    pub(crate) format: WeightFormat,
}

/// What a layer with quantized weights consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LinearPart {
    /// [inputs / 4, outputs / 4]: four inputs × four outputs an element.
    Levels,
    /// [groups, outputs / 4]: four lowest values and four steps an element, 16-bit floats.
    Scales,
}

impl LinearShape {
    /// Inputs, in fours.
    pub(crate) fn k4(&self) -> u32 {
        self.inputs / 4
    }

    /// Outputs, in fours.
    pub(crate) fn o4(&self) -> u32 {
        self.rows.div_ceil(4) * self.matrices
    }

    /// Rows of a part of quantized weights: inputs in fours, or groups.
    pub(crate) fn part_rows(&self, part: LinearPart) -> u32 {
        match part {
            LinearPart::Levels => self.k4(),
            LinearPart::Scales => self.k4().div_ceil(self.format.group4()),
        }
    }

    /// Bytes of a row of a part, which has an element for four outputs.
    pub(crate) fn part_row_bytes(&self, part: LinearPart) -> u64 {
        let element = match part {
            LinearPart::Levels => element_bytes(self.format, 0),
            LinearPart::Scales => 16,
        };
        u64::from(self.o4()) * element
    }

    /// Bytes on the GPU: weights, and scales where there are any. `four` is the size of four floats.
    pub(crate) fn bytes(&self, four: u64) -> (u64, Option<u64>) {
        let weights = u64::from(self.k4()) * u64::from(self.o4()) * element_bytes(self.format, four);
        let rows = u64::from(self.part_rows(LinearPart::Scales));
        let quantized = self.format != WeightFormat::Float;
        (weights, quantized.then(|| rows * self.part_row_bytes(LinearPart::Scales)))
    }
}

/// Bytes of one element of a matrix: 4 inputs × 4 outputs.
fn element_bytes(format: WeightFormat, four: u64) -> u64 {
    match format {
        WeightFormat::Float => 4 * four,
        WeightFormat::Int8 => 16,
        WeightFormat::Int4 => 8,
    }
}

/// A part of a layer with quantized weights, and its words.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type PartWords = (LinearPart, Vec<u32>);

/// Which rows of a linear layer: from row `first` of one of its matrices on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LinearRows {
    pub(crate) matrix: u32,
    pub(crate) first: u32,
}

/// Which words of a linear layer: those of some outputs, from row `row` of a part on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LinearWords {
    pub(crate) part: LinearPart,
    pub(crate) outputs: Range<u32>,
    pub(crate) row: u32,
}
