//! What attention needs beside products: softmax and transposition.

use crate::{
    Cpu,
    exp::exp,
    isa::{Compute, Target},
    padded,
};

/// Softmax of every row of `columns` values, in place; padding becomes 0.
pub fn softmax(cpu: &Cpu, columns: usize, x: &mut [f32]) {
    let width = padded(columns);
    let band = cpu.band_of(x.len() / width, 10 * width, 1) * width;
    cpu.bands(x, band, |_, x| cpu.isa().run(Softmax { columns, x }));
}

struct Softmax<'a> {
    columns: usize,
    x: &'a mut [f32],
}

impl Compute for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        for row in self.x.chunks_exact_mut(padded(self.columns)) {
            let (row, padding) = row.split_at_mut(self.columns);
            padding.fill(0.0);
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            // Eight sums side by side: one would wait for each addition.
            let mut sums = [0.0; 8];
            for values in row.chunks_mut(8) {
                for (value, sum) in values.iter_mut().zip(&mut sums) {
                    *value = exp::<T>(*value - largest);
                    *sum += *value;
                }
            }
            let scale = 1.0 / sums.iter().sum::<f32>();
            for value in row {
                *value *= scale;
            }
        }
    }
}

/// `y[c, r] = x[r, c]` for `rows` rows of `columns` values; y has rows for the padding of x's columns too, all 0.
pub fn transpose(cpu: &Cpu, rows: usize, columns: usize, x: &[f32], y: &mut [f32]) {
    let (x_width, y_width) = (padded(columns), padded(rows));
    let band = cpu.band_of(y.len() / y_width, 4 * y_width, 1);
    cpu.bands(y, band * y_width, |index, y| {
        for (offset, y) in y.chunks_exact_mut(y_width).enumerate() {
            let column = index * band + offset;
            y.fill(0.0);
            if column < columns {
                for (slot, x) in y.iter_mut().zip(x.chunks_exact(x_width).take(rows)) {
                    *slot = x[column];
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, everywhere, noise};
    use proptest::prelude::*;

    #[test]
    fn softmax_of_known_rows() {
        for cpu in everywhere() {
            let mut x = [
                0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 60_000.0, 0.0, 60_000.0, -60_000.0, 0.0, 9.0, 9.0,
                9.0,
            ];
            softmax(&cpu, 5, &mut x);
            let row = |values: [f64; 5]| values.into_iter().chain([0.0; 3]);
            let expected: Vec<f64> = row([0.2; 5]).chain(row([0.5, 0.0, 0.5, 0.0, 0.0])).collect();
            assert_close(&x, &expected, 1e-6, "softmax");
        }
    }

    proptest! {
        #[test]
        fn softmax_follows_its_definition(rows in 1_usize..9, columns in 1_usize..200, seed: u64) {
            let width = padded(columns);
            let x: Vec<f32> = noise(rows * width, seed).iter().map(|value| 9.0 * value).collect();
            let mut expected = Vec::new();
            for row in x.chunks_exact(width) {
                let sum: f64 = row[..columns].iter().map(|&value| f64::from(value).exp()).sum();
                expected.extend(row[..columns].iter().map(|&value| f64::from(value).exp() / sum));
                expected.resize(expected.len().next_multiple_of(width), 0.0);
            }
            for cpu in everywhere() {
                let mut y = x.clone();
                softmax(&cpu, columns, &mut y);
                assert_close(&y, &expected, 1e-6, &format!("{:?}", cpu.isa()));
            }
        }

        #[test]
        fn transposing_pads_with_zeros(rows in 1_usize..40, columns in 1_usize..40, seed: u64) {
            let (x_width, y_width) = (padded(columns), padded(rows));
            let x = noise(rows * x_width, seed);
            for cpu in everywhere() {
                let mut y = vec![f32::NAN; x_width * y_width];
                transpose(&cpu, rows, columns, &x, &mut y);
                for (at, value) in y.iter().enumerate() {
                    let (c, r) = (at / y_width, at % y_width);
                    let expected = if c < columns && r < rows { x[r * x_width + c] } else { 0.0 };
                    prop_assert_eq!(*value, expected);
                }
            }
        }
    }
}
