//! Linear layers of the transformer, with what comes before and after their products.

use crate::{
    Cpu, LinearWeights,
    causal_attention::Heads,
    exp::exp,
    isa::{Compute, Target},
    linear_tile::Products,
};

/// Added to the mean square.
const EPS: f32 = 1e-5;
/// Rows that are computed together: enough that weights are read seldom, few enough for the second-level cache.
const ROWS: usize = 96;

/// The vectors of adaptive layer norm of some sequences.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    /// [sequences, stride]
    pub values: &'a [f32],
    /// Values of one sequence.
    pub stride: usize,
    /// Neighboring rows of x that belong to one sequence.
    pub queries: usize,
}

impl Vectors<'_> {
    /// The vector of a row's sequence that begins at `at` and has `len` values.
    fn of_row(&self, row: usize, at: usize, len: usize) -> &[f32] {
        &self.values[row / self.queries * self.stride + at..][..len]
    }
}

/// What becomes of x before it is multiplied.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a> {
    /// Nothing.
    Plain,
    /// `x · sigmoid(x)`.
    Silu,
    /// `x · rsqrt(mean(x²) + EPS) · a + b`, where a and b begin at these places of a sequence's vectors. The norm's weight is
    /// part of a.
    Modulate(Vectors<'a>, [usize; 2]),
}

/// What becomes of the sums.
#[derive(Debug)]
pub enum Outputs<'a> {
    /// `y = sum`; rows of y have this many values, of which the layer makes the first ones.
    Plain(&'a mut [f32], usize),
    /// `y = sum + bias`.
    Bias(&'a mut [f32], &'a [f32]),
    /// `y = silu(first) · second`: the layer holds two matrices, four outputs of each in turn.
    Gate(&'a mut [f32]),
    /// `y += gamma · sum`, where gamma begins at this place of a sequence's vectors.
    Residual(&'a mut [f32], Vectors<'a>, usize),
    /// Queries, keys and values: queries and keys are rotated at their position. Queries go to `query`, the rest to `cache`.
    Qkv {
        /// How channels are cut into heads, and where the rows are in their sequences.
        heads: Heads,
        /// [positions, head / 2] of cosine and sine.
        rotation: &'a [f32],
        /// [rows, heads, head]
        query: &'a mut [f32],
        /// [sequences, keys or values, heads, positions, head]
        cache: &'a mut [f32],
    },
}

/// `outputs(inputs(x) · Wᵀ)` for rows of x: from one, when a token is decoded, to many, when a prefix is computed at once. A row's
/// result does not depend on the others. Weights are read once for 96 rows.
pub fn linear(cpu: &Cpu, weights: &LinearWeights, x: &[f32], inputs: Inputs<'_>, mut outputs: Outputs<'_>) {
    let (width, k) = (weights.width, weights.inputs());
    let panels = weights.outputs().div_ceil(width);
    for (index, x) in x.chunks(ROWS * k).enumerate() {
        let (first, rows) = (index * ROWS, x.len() / k);
        let x = cpu.isa().run(Prepare { x, k, inputs, first });
        let group_sums = match weights.format().group() {
            Some(group) => x.chunks_exact(k).flat_map(|row| row.chunks(group)).map(lane_sum).collect(),
            None => Vec::new(),
        };
        let mut sums = vec![0.0; panels * rows * width];
        // With few rows, reading and decoding a weight takes longer than its products.
        let band = cpu.band_of(panels, 2 * k * width * rows.max(4), 1);
        cpu.bands(&mut sums, band * rows * width, |index, sums| {
            let first_panel = index * band;
            cpu.isa().run(Products { weights, x: &x, group_sums: &group_sums, first_panel, sums });
        });
        cpu.isa().run(Finish { weights, sums: &sums, rows, first, outputs: &mut outputs });
    }
}

/// The sum of values, in eight lanes.
fn lane_sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    for values in values.chunks(8) {
        lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().sum()
}

/// Makes what is multiplied.
struct Prepare<'a> {
    x: &'a [f32],
    k: usize,
    inputs: Inputs<'a>,
    /// Row of the first one.
    first: usize,
}

impl Compute for Prepare<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<T: Target>(self) -> Vec<f32> {
        let mut x = self.x.to_vec();
        for (row, x) in x.chunks_exact_mut(self.k).enumerate() {
            match self.inputs {
                Inputs::Plain => {}
                Inputs::Silu => {
                    for value in x {
                        *value = silu::<T>(*value);
                    }
                }
                Inputs::Modulate(vectors, [factor, shift]) => {
                    let factors = vectors.of_row(self.first + row, factor, self.k);
                    let shifts = vectors.of_row(self.first + row, shift, self.k);
                    let mut squares = [0.0; 8];
                    for values in x.chunks(8) {
                        for (sum, &value) in squares.iter_mut().zip(values) {
                            *sum = T::mul_add(value, value, *sum);
                        }
                    }
                    let rstd = 1.0 / (squares.iter().sum::<f32>() / self.k as f32 + EPS).sqrt();
                    for ((x, factor), shift) in x.iter_mut().zip(factors).zip(shifts) {
                        *x = T::mul_add(*x * rstd, *factor, *shift);
                    }
                }
            }
        }
        x
    }
}

/// Takes the sums, `[panel][row][width]`, to where they belong.
struct Finish<'a, 'b> {
    weights: &'a LinearWeights,
    sums: &'a [f32],
    rows: usize,
    /// Row of the first one.
    first: usize,
    outputs: &'a mut Outputs<'b>,
}

impl Compute for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        let count = self.weights.outputs();
        let mut sums = Vec::with_capacity(count.next_multiple_of(self.weights.width));
        for row in 0..self.rows {
            sums.clear();
            for panel in self.sums.chunks_exact(self.rows * self.weights.width) {
                sums.extend_from_slice(&panel[row * self.weights.width..][..self.weights.width]);
            }
            store::<T>(self.first + row, &sums[..count], self.outputs);
        }
    }
}

/// Stores the sums of one row.
#[inline(always)]
fn store<T: Target>(row: usize, sums: &[f32], outputs: &mut Outputs<'_>) {
    let count = sums.len();
    match outputs {
        Outputs::Plain(y, stride) => y[row * *stride..][..count].copy_from_slice(sums),
        Outputs::Bias(y, bias) => {
            let places = y[row * count..][..count].iter_mut();
            places.zip(sums).zip(bias.iter()).for_each(|((y, sum), bias)| *y = sum + bias);
        }
        Outputs::Gate(y) => {
            let places = y[row * count / 2..][..count / 2].as_chunks_mut::<4>().0;
            for (y, both) in places.iter_mut().zip(sums.as_chunks::<8>().0) {
                for i in 0..4 {
                    y[i] = silu::<T>(both[i]) * both[4 + i];
                }
            }
        }
        Outputs::Residual(y, vectors, gamma) => {
            let gammas = vectors.of_row(row, *gamma, count);
            for ((y, sum), gamma) in y[row * count..][..count].iter_mut().zip(sums).zip(gammas) {
                *y = T::mul_add(*gamma, *sum, *y);
            }
        }
        Outputs::Qkv { heads, rotation, query, cache } => {
            let position = heads.position(row);
            if position >= heads.positions {
                return;
            }
            let angles = &rotation[position * heads.size..][..heads.size];
            for (which, sums) in sums.chunks_exact(heads.width()).enumerate() {
                for (head, sums) in sums.chunks_exact(heads.size).enumerate() {
                    let place = match which {
                        0 => &mut query[row * heads.width() + head * heads.size..][..heads.size],
                        _ => &mut cache[heads.cache_at(row, which - 1, head, position)..][..heads.size],
                    };
                    if which == 2 {
                        place.copy_from_slice(sums);
                    } else {
                        rotate(sums, angles, place);
                    }
                }
            }
        }
    }
}

/// Turns each pair of neighboring channels by its angle.
#[inline(always)]
fn rotate(x: &[f32], angles: &[f32], y: &mut [f32]) {
    let pairs = x.as_chunks::<2>().0.iter().zip(angles.as_chunks::<2>().0);
    for (y, ([a, b], [cosine, sine])) in y.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
        *y = [a * cosine - b * sine, a * sine + b * cosine];
    }
}

#[inline(always)]
fn silu<T: Target>(x: f32) -> f32 {
    x / (1.0 + exp::<T>(-x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        WeightFormat,
        testing::{assert_close, everywhere, noise},
    };
    use proptest::prelude::*;

    fn layer(cpu: &Cpu, format: WeightFormat, rows: &[f32], inputs: usize) -> LinearWeights {
        let mut weights = LinearWeights::zeros(cpu, format, inputs, rows.len() / inputs).unwrap();
        weights.put_rows(rows, |row| row);
        weights
    }

    /// `x · Wᵀ` with the weights as they are stored.
    fn products(weights: &LinearWeights, x: &[f64]) -> Vec<f64> {
        let row = |x: &[f64], output| -> f64 {
            x.iter().enumerate().map(|(input, x)| x * f64::from(weights.get(input, output))).sum()
        };
        let rows = x.chunks_exact(weights.inputs());
        rows.flat_map(|x| (0..weights.outputs()).map(move |output| row(x, output))).collect()
    }

    fn exact_silu(x: f64) -> f64 {
        x / (1.0 + (-x).exp())
    }

    fn exact(x: &[f32]) -> Vec<f64> {
        x.iter().copied().map(f64::from).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn sums_are_those_of_the_stored_weights(
            rows in 1_usize..20, quarter in 1_usize..80, outputs in 1_usize..70, seed: u64,
        ) {
            let inputs = 4 * quarter;
            let (w, x) = (noise(inputs * outputs, seed), noise(rows * inputs, seed ^ 1));
            let bias = noise(outputs, seed ^ 2);
            for cpu in everywhere() {
                for format in WeightFormat::ALL {
                    let weights = layer(&cpu, format, &w, inputs);
                    let mut y = vec![f32::NAN; rows * (outputs + 3)];
                    linear(&cpu, &weights, &x, Inputs::Plain, Outputs::Plain(&mut y, outputs + 3));
                    let expected = products(&weights, &exact(&x));
                    for (y, expected) in y.chunks_exact(outputs + 3).zip(expected.chunks_exact(outputs)) {
                        assert_close(&y[..outputs], expected, 1e-4, &format!("{format:?}"));
                        prop_assert!(y[outputs..].iter().all(|value| value.is_nan()));
                    }
                    let mut y = vec![f32::NAN; rows * outputs];
                    linear(&cpu, &weights, &x, Inputs::Silu, Outputs::Bias(&mut y, &bias));
                    let expected = products(&weights, &x.iter().map(|&x| exact_silu(x.into())).collect::<Vec<_>>());
                    let expected: Vec<f64> = expected.iter().zip(bias.iter().cycle()).map(|(sum, &bias)| sum + f64::from(bias)).collect();
                    assert_close(&y, &expected, 1e-4, "bias");
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        let (inputs, outputs, rows) = (200, 40, 2 * ROWS + 7);
        let (w, x) = (noise(inputs * outputs, 1), noise(rows * inputs, 2));
        for cpu in everywhere() {
            for format in WeightFormat::ALL {
                let weights = layer(&cpu, format, &w, inputs);
                let mut together = vec![0.0; rows * outputs];
                linear(&cpu, &weights, &x, Inputs::Plain, Outputs::Plain(&mut together, outputs));
                for (x, expected) in x.chunks_exact(inputs).zip(together.chunks_exact(outputs)) {
                    let mut alone = vec![0.0; outputs];
                    linear(&cpu, &weights, x, Inputs::Plain, Outputs::Plain(&mut alone, outputs));
                    assert_eq!(alone, expected);
                }
            }
        }
    }

    #[test]
    fn rows_are_normalized_and_residuals_added_with_the_vectors_of_their_sequence() {
        let (width, outputs, queries, sequences) = (36, 36, 3, 2);
        let rows = queries * sequences;
        let (w, x) = (noise(width * outputs, 1), noise(rows * width, 2));
        let values = noise(sequences * 3 * width, 3);
        let start = noise(rows * outputs, 4);
        for cpu in everywhere() {
            let weights = layer(&cpu, WeightFormat::F32, &w, width);
            let vectors = Vectors { values: &values, stride: 3 * width, queries };
            let mut y = start.clone();
            let inputs = Inputs::Modulate(vectors, [width, 2 * width]);
            linear(&cpu, &weights, &x, inputs, Outputs::Residual(&mut y, vectors, 0));
            let mut expected = exact(&start);
            for row in 0..rows {
                let own = exact(&values[row / queries * 3 * width..][..3 * width]);
                let x = exact(&x[row * width..][..width]);
                let rstd = 1.0 / (x.iter().map(|x| x * x).sum::<f64>() / width as f64 + 1e-5).sqrt();
                let modulated: Vec<f64> =
                    (0..width).map(|c| x[c] * rstd * own[width + c] + own[2 * width + c]).collect();
                for (c, sum) in products(&weights, &modulated).iter().enumerate() {
                    expected[row * outputs + c] += own[c] * sum;
                }
            }
            assert_close(&y, &expected, 1e-5, "residual");
        }
    }

    #[test]
    fn a_gate_takes_four_outputs_of_both_matrices_in_turn() {
        let (inputs, half, rows) = (20, 24, 3);
        let (first, second, x) = (noise(inputs * half, 1), noise(inputs * half, 2), noise(rows * inputs, 3));
        for cpu in everywhere() {
            let mut weights = LinearWeights::zeros(&cpu, WeightFormat::F32, inputs, 2 * half).unwrap();
            weights.put_rows(&first, |row| row / 4 * 8 + row % 4);
            weights.put_rows(&second, |row| row / 4 * 8 + 4 + row % 4);
            let mut y = vec![f32::NAN; rows * half];
            linear(&cpu, &weights, &x, Inputs::Plain, Outputs::Gate(&mut y));
            let one = products(&layer(&cpu, WeightFormat::F32, &first, inputs), &exact(&x));
            let two = products(&layer(&cpu, WeightFormat::F32, &second, inputs), &exact(&x));
            let expected: Vec<f64> = one.iter().zip(&two).map(|(one, two)| exact_silu(*one) * two).collect();
            assert_close(&y, &expected, 1e-5, "gate");
        }
    }

    #[test]
    fn queries_and_keys_are_rotated_at_their_position() {
        let heads = Heads { count: 3, size: 8, positions: 9, first: 4, queries: 2 };
        let (width, sequences) = (24, 2);
        let (w, x) = (noise(3 * width * width, 1), noise(4 * width, 2));
        let angles = noise(9 * 4, 3);
        let rotation: Vec<f32> = angles.iter().flat_map(|angle| [angle.cos(), angle.sin()]).collect();
        for cpu in everywhere() {
            let weights = layer(&cpu, WeightFormat::F32, &w, width);
            let mut query = vec![f32::NAN; 4 * width];
            let mut cache = vec![f32::NAN; sequences * 2 * width * 9];
            let outputs = Outputs::Qkv { heads, rotation: &rotation, query: &mut query, cache: &mut cache };
            linear(&cpu, &weights, &x, Inputs::Plain, outputs);
            let sums = products(&weights, &exact(&x));
            for (row, sums) in sums.chunks_exact(3 * width).enumerate() {
                let (sequence, position) = (row / 2, 4 + row % 2);
                for (c, sum) in sums.iter().enumerate() {
                    let (which, head, d) = (c / width, c % width / 8, c % 8);
                    let angle = f64::from(angles[position * 4 + d / 2]);
                    let other = sums[c ^ 1];
                    let rotated = if d % 2 == 0 {
                        sum * angle.cos() - other * angle.sin()
                    } else {
                        other * angle.sin() + sum * angle.cos()
                    };
                    let ours = match which {
                        0 => query[row * width + c],
                        _ => cache[(((sequence * 2 + which - 1) * 3 + head) * 9 + position) * 8 + d],
                    };
                    let expected = if which == 2 { *sum } else { rotated };
                    assert!((f64::from(ours) - expected).abs() < 1e-5, "{row} {c}");
                }
            }
            assert_eq!(cache.iter().filter(|value| value.is_finite()).count(), 4 * 2 * width);
        }
    }
}
