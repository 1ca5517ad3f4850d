//! The products of a linear layer: rows by stored weights. A row is summed in the same order however many there are.
//!
//! The code uses loops, not closures: a closure that the compiler does not inline is compiled without the vector
//! instructions of its caller.

use crate::{
    halves,
    isa::{Compute, Target, Tile},
    linear_weights::{LinearWeights, Values},
    tile::add_products,
};

/// Rows from which on weights become floats in memory first: then they are decoded once for all rows.
const FEW: usize = 4;
/// Inputs whose products are added up by themselves, where weights have no groups.
const BLOCK: usize = 128;

/// How the weights of neighboring outputs are stored: an element for each output and one or two inputs.
trait Stored {
    type Element: Copy;
    /// The weight, or the level, of one of these inputs.
    fn decode(element: Self::Element, input: usize) -> f32;
}

struct F32;
struct F16;
struct Int8;
struct Int4;

impl Stored for F32 {
    type Element = f32;
    #[inline(always)]
    fn decode(element: f32, _: usize) -> f32 {
        element
    }
}

impl Stored for F16 {
    type Element = u16;
    #[inline(always)]
    fn decode(element: u16, _: usize) -> f32 {
        halves::from_bits(element)
    }
}

impl Stored for Int8 {
    type Element = u8;
    #[inline(always)]
    fn decode(element: u8, _: usize) -> f32 {
        // Signed numbers are what most instruction sets convert.
        i32::from(element) as f32
    }
}

impl Stored for Int4 {
    type Element = u8;
    #[inline(always)]
    fn decode(element: u8, input: usize) -> f32 {
        i32::from(if input == 0 { element & 15 } else { element >> 4 }) as f32
    }
}

/// Some panels of a layer, for all rows of x.
pub(crate) struct Products<'a> {
    pub(crate) weights: &'a LinearWeights,
    /// [rows, in]
    pub(crate) x: &'a [f32],
    /// The sum of each row over each group of inputs; empty for floats.
    pub(crate) group_sums: &'a [f32],
    pub(crate) first_panel: usize,
    /// `[panel][row][width]`
    pub(crate) sums: &'a mut [f32],
}

impl Compute for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        match T::TILE {
            Tile::P4C8 => self.formats::<T, 4, 8>(),
            Tile::P6C16 => self.formats::<T, 6, 16>(),
            Tile::P12C32 => self.formats::<T, 12, 32>(),
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn formats<T: Target, const P: usize, const N: usize>(self) {
        let weights = self.weights;
        match &weights.values {
            Values::F32(values) => self.panels::<T, F32, 1, P, N>(values),
            Values::F16(values) => self.panels::<T, F16, 1, P, N>(values),
            Values::Int8(values) => self.panels::<T, Int8, 1, P, N>(values),
            Values::Int4(values) => self.panels::<T, Int4, 2, P, N>(values),
        }
    }

    /// A panel comes from memory once and then stays in the cache while all rows pass over it.
    #[inline(always)]
    fn panels<T: Target, S: Stored, const I: usize, const P: usize, const N: usize>(
        self,
        values: &[S::Element],
    ) {
        let inputs = self.weights.inputs();
        let rows = self.x.len() / inputs;
        let elements = inputs / I;
        let group = self.weights.format().group();
        let groups = group.map_or(0, |group| inputs.div_ceil(group));
        let block = group.unwrap_or(BLOCK);
        let mut floats = vec![[0.0; N]; block];
        for (offset, sums) in self.sums.chunks_exact_mut(rows * N).enumerate() {
            let index = self.first_panel + offset;
            let panel = Panel {
                x: self.x,
                inputs,
                group_sums: self.group_sums,
                values: &values.as_chunks::<N>().0[index * elements..][..elements],
                scales: &self.weights.scales.as_chunks::<N>().0[2 * index * groups..][..2 * groups],
                block,
            };
            let sums = sums.as_chunks_mut::<N>().0;
            if rows < FEW {
                let mut row = 0;
                if rows >= 2 {
                    panel.few::<T, S, I, 2>(row, sums);
                    row += 2;
                }
                if row < rows {
                    panel.few::<T, S, I, 1>(row, sums);
                }
            } else {
                panel.many::<T, S, I, P>(sums, &mut floats);
            }
        }
    }
}

/// One panel, and the rows that it is multiplied with.
struct Panel<'a, E, const N: usize> {
    x: &'a [f32],
    inputs: usize,
    group_sums: &'a [f32],
    values: &'a [[E; N]],
    /// [group][lowest or step]; none for floats.
    scales: &'a [[u16; N]],
    /// Inputs whose products are added up by themselves.
    block: usize,
}

impl<E: Copy, const N: usize> Panel<'_, E, N> {
    /// The sums of `P` rows from `first` on, with weights that become floats in registers.
    #[inline(always)]
    fn few<T: Target, S: Stored<Element = E>, const I: usize, const P: usize>(
        &self,
        first: usize,
        sums: &mut [[f32; N]],
    ) {
        let mut totals = [[0.0; N]; P];
        for (block, values) in self.values.chunks(self.block / I).enumerate() {
            let mut x: [&[[f32; I]]; P] = [&[]; P];
            for (p, x) in x.iter_mut().enumerate() {
                *x = &self.x[(first + p) * self.inputs + block * self.block..].as_chunks().0[..values.len()];
            }
            let products = add_stored::<T, S, I, P, N>(x, values);
            totals = self.finish::<T, P>(first, block, products, totals);
        }
        sums[first..first + P].copy_from_slice(&totals);
    }

    /// The sums of all rows. A block of weights becomes floats once; then the tile of convolutions multiplies with it.
    #[inline(always)]
    fn many<T: Target, S: Stored<Element = E>, const I: usize, const P: usize>(
        &self,
        sums: &mut [[f32; N]],
        floats: &mut [[f32; N]],
    ) {
        for sum in &mut *sums {
            *sum = [0.0; N];
        }
        for (block, values) in self.values.chunks(self.block / I).enumerate() {
            let floats = &mut floats[..values.len() * I];
            for (floats, row) in floats.as_chunks_mut::<I>().0.iter_mut().zip(values) {
                for (input, floats) in floats.iter_mut().enumerate() {
                    *floats = decode::<S, N>(row, input);
                }
            }
            let mut row = 0;
            while row < sums.len() {
                row += match sums.len() - row {
                    left if left >= P => self.tile::<T, P>(row, block, floats, sums),
                    4.. => self.tile::<T, 4>(row, block, floats, sums),
                    2.. => self.tile::<T, 2>(row, block, floats, sums),
                    _ => self.tile::<T, 1>(row, block, floats, sums),
                };
            }
        }
    }

    /// Adds a block of weights to the sums of `P` rows from `first` on; returns P.
    #[inline(always)]
    fn tile<T: Target, const P: usize>(
        &self,
        first: usize,
        block: usize,
        floats: &[[f32; N]],
        sums: &mut [[f32; N]],
    ) -> usize {
        let mut x: [&[f32]; P] = [&[]; P];
        for (p, x) in x.iter_mut().enumerate() {
            *x = &self.x[(first + p) * self.inputs + block * self.block..];
        }
        let mut totals = [[0.0; N]; P];
        totals.copy_from_slice(&sums[first..first + P]);
        let products = add_products::<T, P, N>(x, floats, [[0.0; N]; P]);
        totals = self.finish::<T, P>(first, block, products, totals);
        sums[first..first + P].copy_from_slice(&totals);
        P
    }

    /// Takes the products of a block to the sums of `P` rows: where weights are `lowest + step · level`, it adds
    /// `step · Σ x · level + lowest · Σ x`.
    #[inline(always)]
    fn finish<T: Target, const P: usize>(
        &self,
        first: usize,
        block: usize,
        products: [[f32; N]; P],
        mut totals: [[f32; N]; P],
    ) -> [[f32; N]; P] {
        if self.scales.is_empty() {
            for p in 0..P {
                for n in 0..N {
                    totals[p][n] += products[p][n];
                }
            }
            return totals;
        }
        let groups = self.scales.len() / 2;
        let (lowest, step) = (floats(&self.scales[2 * block]), floats(&self.scales[2 * block + 1]));
        for p in 0..P {
            let sum = self.group_sums[(first + p) * groups + block];
            for n in 0..N {
                totals[p][n] = T::mul_add(step[n], products[p][n], T::mul_add(lowest[n], sum, totals[p][n]));
            }
        }
        totals
    }
}

#[inline(always)]
fn decode<S: Stored, const N: usize>(row: &[S::Element; N], input: usize) -> [f32; N] {
    let mut weights = [0.0; N];
    for (weight, &element) in weights.iter_mut().zip(row) {
        *weight = S::decode(element, input);
    }
    weights
}

#[inline(always)]
fn floats<const N: usize>(halves: &[u16; N]) -> [f32; N] {
    let mut values = [0.0; N];
    for (value, &bits) in values.iter_mut().zip(halves) {
        *value = halves::from_bits(bits);
    }
    values
}

/// `Σ x[p] · values` over the inputs of `values`, `I` inputs an element.
#[inline(always)]
fn add_stored<T: Target, S: Stored, const I: usize, const P: usize, const N: usize>(
    x: [&[[f32; I]]; P],
    values: &[[S::Element; N]],
) -> [[f32; N]; P] {
    let mut sums = [[0.0; N]; P];
    let mut same_length = x;
    for x in &mut same_length {
        *x = &x[..values.len()];
    }
    for (k, row) in values.iter().enumerate() {
        for input in 0..I {
            let weights = decode::<S, N>(row, input);
            for (sums, x) in sums.iter_mut().zip(same_length) {
                let value = x[k][input];
                for (sum, weight) in sums.iter_mut().zip(&weights) {
                    *sum = T::mul_add(value, *weight, *sum);
                }
            }
        }
    }
    sums
}
