//! Weights as the register tiles read them.

use crate::Cpu;

/// The weights of a convolution or a matrix, `[out / width][tap][in][width]`: the outputs of a panel lie side by side, so that one
/// vector load serves as many products as there are lanes. Outputs beyond the last are 0.
///
/// The width is that of the register tile: [`Cpu::panel_width`].
#[derive(Clone, Debug, Default)]
pub struct Panels {
    pub(crate) values: Vec<f32>,
    pub(crate) width: usize,
    pub(crate) taps: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Panels {
    /// From `value(tap, input, output)`.
    pub fn new(
        cpu: &Cpu,
        (taps, inputs, outputs): (usize, usize, usize),
        value: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let width = cpu.panel_width(outputs);
        let mut values = vec![0.0; outputs.div_ceil(width) * taps * inputs * width];
        let mut rows = values.chunks_exact_mut(width);
        for panel in 0..outputs.div_ceil(width) {
            for tap in 0..taps {
                for input in 0..inputs {
                    let Some(row) = rows.next() else { break };
                    let first = panel * width;
                    for (lane, slot) in row.iter_mut().take(outputs - first).enumerate() {
                        *slot = value(tap, input, first + lane);
                    }
                }
            }
        }
        Self { values, width, taps, inputs, outputs }
    }

    /// From a convolution's weights as in PyTorch: [out, in, side, side].
    #[must_use]
    pub fn of_conv(cpu: &Cpu, weight: &[f32], outputs: usize, inputs: usize, side: usize) -> Self {
        let taps = side * side;
        Self::new(cpu, (taps, inputs, outputs), |tap, input, output| {
            weight[(output * inputs + input) * taps + tap]
        })
    }

    /// From a matrix [in, out] whose rows are `stride` values apart.
    #[must_use]
    pub fn of_matrix(cpu: &Cpu, matrix: &[f32], inputs: usize, outputs: usize, stride: usize) -> Self {
        Self::new(cpu, (1, inputs, outputs), |_, input, output| matrix[input * stride + output])
    }

    /// From rows [out, in], such as codes.
    #[must_use]
    pub fn of_rows(cpu: &Cpu, rows: &[f32], outputs: usize, inputs: usize) -> Self {
        Self::new(cpu, (1, inputs, outputs), |_, input, output| rows[output * inputs + input])
    }

    /// Adds rows [out, in] behind the last output of a matrix. They may begin within a panel.
    pub fn append_rows(&mut self, rows: &[f32]) {
        debug_assert_eq!(self.taps, 1, "a matrix");
        for row in rows.chunks_exact(self.inputs) {
            let (panel, lane) = (self.outputs / self.width, self.outputs % self.width);
            let first = panel * self.inputs * self.width;
            if lane == 0 {
                self.values.resize(first + self.inputs * self.width, 0.0);
            }
            let places = self.values[first..].iter_mut().skip(lane).step_by(self.width);
            for (place, value) in places.zip(row) {
                *place = *value;
            }
            self.outputs += 1;
        }
    }

    /// Number of panels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.outputs.div_ceil(self.width)
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Bytes of the values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        4 * self.values.len() as u64
    }

    /// One weight.
    #[must_use]
    pub fn get(&self, tap: usize, input: usize, output: usize) -> f32 {
        let (panel, lane) = (output / self.width, output % self.width);
        self.values[((panel * self.taps + tap) * self.inputs + input) * self.width + lane]
    }

    /// `[tap][in]` of one panel, whose width must be `N`.
    #[inline(always)]
    pub(crate) fn panel<const N: usize>(&self, panel: usize) -> &[[f32; N]] {
        let len = self.taps * self.inputs;
        &self.values.as_chunks::<N>().0[panel * len..][..len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{everywhere, noise};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_that_come_in_parts_are_where_they_would_be_at_once(
            inputs in 1_usize..9, first in 5_usize..70, second in 1_usize..70, seed: u64,
        ) {
            let rows = noise((first + second) * inputs, seed);
            for cpu in everywhere() {
                let whole = Panels::of_rows(&cpu, &rows, first + second, inputs);
                let mut parts = Panels::of_rows(&cpu, &rows[..first * inputs], first, inputs);
                parts.append_rows(&rows[first * inputs..]);
                prop_assert_eq!(parts.outputs(), first + second);
                prop_assert_eq!(parts.values, whole.values);
            }
        }
    }
}
