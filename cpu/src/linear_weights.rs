//! The weights of a linear layer, packed as the register tiles read them.

use std::{collections::TryReserveError, ops::Range};

use crate::{Cpu, halves};

/// How the weights of a linear layer are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightFormat {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit levels; the lowest value and the step of the levels are 16-bit floats for 128 inputs of an output.
    Int8,
    /// 4-bit levels, with the same for 64 inputs.
    Int4,
}

impl WeightFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Int8, Self::Int4];

    /// Inputs that share one scale, of formats with scales.
    #[must_use]
    pub const fn group(self) -> Option<usize> {
        match self {
            Self::F32 | Self::F16 => None,
            Self::Int8 => Some(128),
            Self::Int4 => Some(64),
        }
    }

    /// Bytes of the weights of `count` neighboring outputs for `inputs` inputs.
    const fn bytes(self, inputs: usize, count: usize) -> usize {
        match self {
            Self::F32 => 4 * inputs * count,
            Self::F16 => 2 * inputs * count,
            Self::Int8 => inputs * count,
            Self::Int4 => inputs.div_ceil(2) * count,
        }
    }
}

/// The weights of a linear layer [out, in].
///
/// Values lie as `[out / width][in][width]`: the outputs of a panel side by side, so that one vector load serves as many
/// products as there are lanes. Outputs beyond the last are 0. Weights are `lowest + step · level` where they are quantized, as
/// on the GPU.
#[derive(Clone, Debug)]
pub struct LinearWeights {
    pub(crate) values: Values,
    /// `[out / width][group][lowest or step][width]`, bits of 16-bit floats; empty for floats.
    pub(crate) scales: Vec<u16>,
    pub(crate) width: usize,
    format: WeightFormat,
    inputs: usize,
    outputs: usize,
}

/// The stored values.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    F32(Vec<f32>),
    F16(Vec<u16>),
    Int8(Vec<u8>),
    /// Two inputs in a byte, the first one in its lower half.
    Int4(Vec<u8>),
}

impl LinearWeights {
    /// Weights that are all 0, to be filled. The number of inputs must be even.
    ///
    /// # Errors
    /// There is no memory.
    pub fn zeros(
        cpu: &Cpu,
        format: WeightFormat,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, TryReserveError> {
        let width = cpu.isa().tile_width();
        let rows = outputs.div_ceil(width) * width;
        let groups = format.group().map_or(0, |group| inputs.div_ceil(group));
        let values = match format {
            WeightFormat::F32 => Values::F32(zeros(inputs * rows)?),
            WeightFormat::F16 => Values::F16(zeros(inputs * rows)?),
            WeightFormat::Int8 => Values::Int8(zeros(inputs * rows)?),
            WeightFormat::Int4 => Values::Int4(zeros(inputs.div_ceil(2) * rows)?),
        };
        Ok(Self { values, scales: zeros(2 * groups * rows)?, width, format, inputs, outputs })
    }

    /// Bytes of such weights.
    #[must_use]
    pub fn bytes_of(cpu: &Cpu, format: WeightFormat, inputs: usize, outputs: usize) -> u64 {
        let rows = outputs.next_multiple_of(cpu.isa().tile_width());
        let scales = format.group().map_or(0, |group| 4 * inputs.div_ceil(group) * rows);
        (format.bytes(inputs, rows) + scales) as u64
    }

    /// Bytes of values and scales.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let values = match &self.values {
            Values::F32(values) => 4 * values.len(),
            Values::F16(values) => 2 * values.len(),
            Values::Int8(values) | Values::Int4(values) => values.len(),
        };
        (values + 2 * self.scales.len()) as u64
    }

    /// How they are stored.
    #[must_use]
    pub fn format(&self) -> WeightFormat {
        self.format
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Fills in rows [rows, in] of floats, which are rounded or quantized. `output` says which output each row makes.
    pub fn put_rows(&mut self, rows: &[f32], output: impl Fn(usize) -> usize) {
        for (index, row) in rows.chunks_exact(self.inputs).enumerate() {
            let output = output(index);
            let (panel, lane) = (output / self.width, output % self.width);
            let first = panel * self.inputs * self.width;
            match &mut self.values {
                Values::F32(values) => {
                    let places = values[first..].iter_mut().skip(lane).step_by(self.width);
                    places.zip(row).for_each(|(place, &value)| *place = value);
                }
                Values::F16(values) => {
                    let places = values[first..].iter_mut().skip(lane).step_by(self.width);
                    places.zip(row).for_each(|(place, &value)| *place = halves::to_bits(value));
                }
                Values::Int8(_) => self.quantize(output, row, 128, 255.0),
                Values::Int4(_) => self.quantize(output, row, 64, 15.0),
            }
        }
    }

    /// Quantizes the weights of one output: the levels of a group run from its lowest to its largest value in equal steps, and
    /// values are rounded to the nearest, as `linear_weights.wgsl` does it.
    fn quantize(&mut self, output: usize, row: &[f32], group: usize, steps: f32) {
        for (index, values) in row.chunks(group).enumerate() {
            let low = values.iter().copied().fold(f32::INFINITY, f32::min);
            let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let scale = [low, (high - low) / steps].map(halves::to_bits);
            self.set_scale(index, output, scale);
            // Levels are those of the stored scale.
            let [lowest, step] = scale.map(halves::from_bits);
            // A group of equal values has no steps.
            let step = if step == 0.0 { 1.0 } else { step };
            for (offset, value) in values.iter().enumerate() {
                let level = ((value - lowest) / step).round_ties_even().clamp(0.0, steps) as u8;
                self.set_level(index * group + offset, output, level);
            }
        }
    }

    /// Fills in the levels of some outputs from an input on, a multiple of four, as the GPU's kernel reads them: words of elements
    /// `[in / 4][out / 4]`, 4 inputs × 4 outputs each. The first output must be a multiple of four.
    pub fn put_levels(&mut self, first: usize, outputs: Range<usize>, words: &[u32]) {
        let (words_of_element, bits) = if self.format == WeightFormat::Int8 { (4, 8) } else { (2, 4) };
        let row = words_of_element * outputs.len().div_ceil(4);
        for (index, words) in words.chunks_exact(row).enumerate() {
            for (n, element) in words.chunks_exact(words_of_element).enumerate() {
                for i in 0..4 {
                    // The four outputs of one input.
                    let at = i * 4 * bits;
                    let four = element[at / 32] >> (at % 32);
                    for o in 0..4 {
                        let level = (four >> (o * bits)) & ((1 << bits) - 1);
                        self.set_level(first + 4 * index + i, outputs.start + 4 * n + o, level as u8);
                    }
                }
            }
        }
    }

    /// Fills in the scales of some outputs from a group on, as the GPU's kernel reads them: words of elements
    /// `[group][out / 4]`, four lowest values and four steps each, 16-bit floats.
    pub fn put_scales(&mut self, first: usize, outputs: Range<usize>, words: &[u32]) {
        for (index, words) in words.chunks_exact(4 * outputs.len().div_ceil(4)).enumerate() {
            for (n, element) in words.as_chunks::<4>().0.iter().enumerate() {
                for o in 0..4 {
                    let half = |at: usize| (element[at / 2] >> (16 * (at % 2))) as u16;
                    self.set_scale(first + index, outputs.start + 4 * n + o, [half(o), half(4 + o)]);
                }
            }
        }
    }

    /// The levels as the GPU's kernel reads them; see [`put_levels`](Self::put_levels).
    #[must_use]
    pub fn levels(&self) -> Vec<u32> {
        let bits = if self.format == WeightFormat::Int8 { 8 } else { 4 };
        let (elements, words_of_element) = (self.outputs.div_ceil(4), bits / 2);
        let mut words = vec![0; self.inputs / 4 * elements * words_of_element];
        for (index, element) in words.chunks_exact_mut(words_of_element).enumerate() {
            let (k, n) = (index / elements, index % elements);
            for (i, o) in (0..4).flat_map(|i| (0..4).map(move |o| (i, o))) {
                let at = (4 * i + o) * bits;
                element[at / 32] |= u32::from(self.level(4 * k + i, 4 * n + o)) << (at % 32);
            }
        }
        words
    }

    /// The scales as the GPU's kernel reads them; see [`put_scales`](Self::put_scales).
    #[must_use]
    pub fn scale_words(&self) -> Vec<u32> {
        let elements = self.outputs.div_ceil(4);
        let groups = self.format.group().map_or(0, |group| self.inputs.div_ceil(group));
        let mut words = vec![0; groups * elements * 4];
        for (index, element) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let (group, n) = (index / elements, index % elements);
            for o in 0..4 {
                let [lowest, step] =
                    self.scale_places(group, 4 * n + o).map(|place| u32::from(self.scales[place]));
                element[o / 2] |= lowest << (16 * (o % 2));
                element[2 + o / 2] |= step << (16 * (o % 2));
            }
        }
        words
    }

    fn set_level(&mut self, input: usize, output: usize, level: u8) {
        let (panel, lane) = (output / self.width, output % self.width);
        match &mut self.values {
            Values::Int8(values) => values[(panel * self.inputs + input) * self.width + lane] = level,
            Values::Int4(values) => {
                let place = &mut values[(panel * self.inputs.div_ceil(2) + input / 2) * self.width + lane];
                let shift = 4 * (input % 2);
                *place = (*place & (0xf0 >> shift)) | (level << shift);
            }
            Values::F32(_) | Values::F16(_) => {}
        }
    }

    fn level(&self, input: usize, output: usize) -> u8 {
        let (panel, lane) = (output / self.width, output % self.width);
        match &self.values {
            Values::Int8(values) => values[(panel * self.inputs + input) * self.width + lane],
            Values::Int4(values) => {
                let byte = values[(panel * self.inputs.div_ceil(2) + input / 2) * self.width + lane];
                (byte >> (4 * (input % 2))) & 15
            }
            Values::F32(_) | Values::F16(_) => 0,
        }
    }

    fn scale_places(&self, group: usize, output: usize) -> [usize; 2] {
        let groups = self.format.group().map_or(0, |group| self.inputs.div_ceil(group));
        let (panel, lane) = (output / self.width, output % self.width);
        let lowest = 2 * (panel * groups + group) * self.width + lane;
        [lowest, lowest + self.width]
    }

    fn set_scale(&mut self, group: usize, output: usize, scale: [u16; 2]) {
        for (place, half) in self.scale_places(group, output).into_iter().zip(scale) {
            self.scales[place] = half;
        }
    }

    /// One weight.
    #[must_use]
    pub fn get(&self, input: usize, output: usize) -> f32 {
        let at = (output / self.width * self.inputs + input) * self.width + output % self.width;
        match (&self.values, self.format.group()) {
            (Values::F32(values), _) => values[at],
            (Values::F16(values), _) => halves::from_bits(values[at]),
            (_, group) => {
                let places = self.scale_places(input / group.unwrap_or(1), output);
                let [lowest, step] = places.map(|place| halves::from_bits(self.scales[place]));
                lowest + step * f32::from(self.level(input, output))
            }
        }
    }
}

fn zeros<V: Clone + Default>(count: usize) -> Result<Vec<V>, TryReserveError> {
    let mut values = Vec::new();
    values.try_reserve_exact(count)?;
    values.resize(count, V::default());
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{everywhere, noise};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_are_stored_within_half_a_step(quarter in 1_usize..60, outputs in 1_usize..70, seed: u64) {
            let inputs = 4 * quarter;
            let rows = noise(inputs * outputs, seed);
            for cpu in everywhere() {
                for format in WeightFormat::ALL {
                    let mut weights = LinearWeights::zeros(&cpu, format, inputs, outputs).unwrap();
                    weights.put_rows(&rows, |row| outputs - 1 - row);
                    // Values reach from -1 to 1. Scales are rounded, too.
                    let tolerance = match format {
                        WeightFormat::F32 => 0.0,
                        WeightFormat::F16 => 2.5e-4,
                        WeightFormat::Int8 => 0.5 * 2.0 / 255.0 + 1.5e-3,
                        WeightFormat::Int4 => 0.5 * 2.0 / 15.0 + 2e-3,
                    };
                    for (at, &value) in rows.iter().enumerate() {
                        let stored = weights.get(at % inputs, outputs - 1 - at / inputs);
                        prop_assert!((stored - value).abs() <= tolerance, "{format:?}: {stored} and {value}");
                    }
                    prop_assert_eq!(weights.bytes(), LinearWeights::bytes_of(&cpu, format, inputs, outputs));
                }
            }
        }

        #[test]
        fn what_is_packed_as_on_the_gpu_comes_back(quarter in 1_usize..40, outputs in 1_usize..70, seed: u64) {
            let inputs = 4 * quarter;
            let rows = noise(inputs * outputs, seed);
            for cpu in everywhere() {
                for format in [WeightFormat::Int8, WeightFormat::Int4] {
                    let mut weights = LinearWeights::zeros(&cpu, format, inputs, outputs).unwrap();
                    weights.put_rows(&rows, |row| row);
                    let (levels, scales) = (weights.levels(), weights.scale_words());
                    let mut again = LinearWeights::zeros(&cpu, format, inputs, outputs).unwrap();
                    // In parts, as files are read.
                    let half = quarter / 2 * levels.len() / quarter;
                    again.put_levels(0, 0..outputs, &levels[..half]);
                    again.put_levels(4 * (quarter / 2), 0..outputs, &levels[half..]);
                    again.put_scales(0, 0..outputs, &scales);
                    for (input, output) in (0..inputs).flat_map(|i| (0..outputs).map(move |o| (i, o))) {
                        prop_assert_eq!(again.get(input, output), weights.get(input, output));
                    }
                }
            }
        }
    }

    /// Levels 0 to 15 of four inputs × four outputs, in the order that `linear.wgsl` documents.
    #[test]
    fn the_packing_is_that_of_the_kernel() {
        for cpu in everywhere() {
            let mut int4 = LinearWeights::zeros(&cpu, WeightFormat::Int4, 4, 4).unwrap();
            int4.put_levels(0, 0..4, &[0x7654_3210, 0xfedc_ba98]);
            let mut int8 = LinearWeights::zeros(&cpu, WeightFormat::Int8, 4, 4).unwrap();
            int8.put_levels(0, 0..4, &[0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]);
            // Lowest values 0, 1, 2, 3 and steps of 1.
            let [one, two, three] = [1.0, 2.0, 3.0].map(|value| u32::from(halves::to_bits(value)));
            for weights in [&mut int4, &mut int8] {
                weights.put_scales(
                    0,
                    0..4,
                    &[one << 16, two | three << 16, one | one << 16, one | one << 16],
                );
                for (input, output) in (0..4).flat_map(|i| (0..4).map(move |o| (i, o))) {
                    assert_eq!(weights.get(input, output), (4 * input + 2 * output) as f32);
                }
            }
        }
    }
}
