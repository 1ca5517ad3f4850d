//! The code of every latent vector.

use crate::{
    Cpu, Panels,
    cpu::NARROW,
    isa::{Compute, Target, Tile},
    padded,
    tile::add_products,
};

/// What a position without a score that is a number gets in place of an index.
pub const NO_INDEX: u32 = u32::MAX;

/// Index and margin of one position.
#[derive(Clone, Copy, Debug)]
struct Found {
    index: u32,
    best: f32,
    second: f32,
}

const NOTHING: Found = Found { index: NO_INDEX, best: f32::NEG_INFINITY, second: f32::NEG_INFINITY };

/// `index = argmax_k (z · C[k] + bias[k])` for every row of z, the lowest index on an exact tie, and the margin: best minus
/// second-best score. [`NO_INDEX`] where no score is a number above minus infinity.
///
/// z: [positions, dimension padded]; codes: one tap of [dimension, K].
pub fn lookup(
    cpu: &Cpu,
    z: &[f32],
    codes: &Panels,
    bias: Option<&[f32]>,
    indices: &mut [u32],
    margins: &mut [f32],
) {
    let positions = indices.len();
    let mut found = vec![NOTHING; positions];
    let band = cpu.band_of(positions, 2 * codes.values.len(), 6);
    cpu.bands(&mut found, band, |index, found| {
        cpu.isa().run(Band { z, codes, bias, first: index * band, found });
    });
    for ((index, margin), found) in indices.iter_mut().zip(margins).zip(&found) {
        *index = found.index;
        *margin = found.best - found.second;
    }
}

/// Some consecutive positions.
struct Band<'a> {
    z: &'a [f32],
    codes: &'a Panels,
    bias: Option<&'a [f32]>,
    first: usize,
    found: &'a mut [Found],
}

impl Compute for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        match T::TILE {
            _ if self.codes.width == NARROW => self.all::<T, 6, NARROW>(),
            Tile::P4C8 => self.all::<T, 4, 8>(),
            Tile::P6C16 => self.all::<T, 6, 16>(),
            Tile::P12C32 => self.all::<T, 12, 32>(),
        }
    }
}

/// The best and the second-best score of each lane, with the index of the best one.
#[derive(Clone, Copy)]
struct Lanes<const N: usize> {
    index: [u32; N],
    best: [f32; N],
    second: [f32; N],
}

impl<const N: usize> Lanes<N> {
    /// Strictly larger scores replace: codes come in order, so the lowest index of equal scores stays.
    #[inline(always)]
    fn add(&mut self, products: &[f32; N], bias: &[f32; N], code: u32) {
        for n in 0..N {
            let (score, best) = (products[n] + bias[n], self.best[n]);
            let larger = score > best;
            let smaller_of_both = if larger { best } else { score };
            self.second[n] = if smaller_of_both > self.second[n] { smaller_of_both } else { self.second[n] };
            self.index[n] = if larger { code + n as u32 } else { self.index[n] };
            self.best[n] = if larger { score } else { best };
        }
    }

    #[inline(always)]
    fn merge(&self) -> Found {
        let mut found = NOTHING;
        for n in 0..N {
            let (index, best) = (self.index[n], self.best[n]);
            let wins = best > found.best || (best == found.best && index < found.index);
            let loser = if wins { found.best } else { best };
            found.second = found.second.max(loser).max(self.second[n]);
            if wins {
                (found.index, found.best) = (index, best);
            }
        }
        found
    }
}

/// Bytes of codes that stay in the second-level cache while all positions of a band pass over them.
const BLOCK_BYTES: usize = 128 << 10;

impl Band<'_> {
    #[inline(always)]
    fn all<T: Target, const P: usize, const N: usize>(self) {
        let dimension = self.codes.inputs;
        let width = padded(dimension);
        let tiles = self.found.len().div_ceil(P);
        let empty =
            Lanes { index: [NO_INDEX; N], best: [f32::NEG_INFINITY; N], second: [f32::NEG_INFINITY; N] };
        let mut lanes = vec![[empty; P]; tiles];
        let block = (BLOCK_BYTES / (4 * dimension * N)).max(1);
        let count = self.codes.count();
        for first in (0..count).step_by(block) {
            for (tile, lanes) in lanes.iter_mut().enumerate() {
                let mut pixels: [&[f32]; P] = [&[]; P];
                for (p, pixel) in pixels.iter_mut().enumerate() {
                    let at = self.first + (tile * P + p).min(self.found.len() - 1);
                    *pixel = &self.z[at * width..][..width];
                }
                for panel in first..(first + block).min(count) {
                    let code = panel * N;
                    // Codes beyond the last one must never win.
                    let mut start = [f32::NEG_INFINITY; N];
                    for (n, slot) in start.iter_mut().take(self.codes.outputs - code).enumerate() {
                        *slot = self.bias.map_or(0.0, |bias| bias[code + n]);
                    }
                    let sums = add_products::<T, P, N>(pixels, self.codes.panel(panel), [[0.0; N]; P]);
                    for (sums, lanes) in sums.iter().zip(lanes.iter_mut()) {
                        lanes.add(sums, &start, code as u32);
                    }
                }
            }
        }
        for (found, lanes) in self.found.iter_mut().zip(lanes.iter().flatten()) {
            *found = lanes.merge();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{everywhere, noise};
    use proptest::prelude::*;

    fn run(cpu: &Cpu, z: &[f32], codes: &Panels, bias: Option<&[f32]>) -> (Vec<u32>, Vec<f32>) {
        let positions = z.len() / padded(codes.inputs);
        let (mut indices, mut margins) = (vec![0; positions], vec![0.0; positions]);
        lookup(cpu, z, codes, bias, &mut indices, &mut margins);
        (indices, margins)
    }

    proptest! {
        #[test]
        fn it_finds_the_largest_score(
            positions in 1_usize..40, dimension in 1_usize..20, codes in 1_usize..100, with_bias: bool, seed: u64,
        ) {
            let width = padded(dimension);
            let z = noise(positions * width, seed);
            let rows = noise(codes * dimension, seed ^ 1);
            let bias = noise(codes, seed ^ 2);
            let bias = with_bias.then_some(&bias[..]);
            for cpu in everywhere() {
                let panels = Panels::of_rows(&cpu, &rows, codes, dimension);
                let (indices, margins) = run(&cpu, &z, &panels, bias);
                for (position, z) in z.chunks_exact(width).enumerate() {
                    let score = |code: usize| {
                        let products = z.iter().zip(&rows[code * dimension..][..dimension]);
                        let product: f64 = products.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                        product + bias.map_or(0.0, |bias| f64::from(bias[code]))
                    };
                    let mut scores: Vec<f64> = (0..codes).map(score).collect();
                    let chosen = scores[indices[position] as usize];
                    scores.sort_by(|a, b| b.total_cmp(a));
                    prop_assert!(scores[0] - chosen < 1e-5);
                    let margin = if codes > 1 { scores[0] - scores[1] } else { f64::INFINITY };
                    prop_assert!(margin == f64::from(margins[position]) || (margin - f64::from(margins[position])).abs() < 1e-5);
                }
            }
        }

        #[test]
        fn the_lowest_index_wins_a_tie(copies in 2_usize..90, seed: u64) {
            let row = noise(8, seed);
            let rows: Vec<f32> = (0..copies).flat_map(|_| row.clone()).collect();
            for cpu in everywhere() {
                let panels = Panels::of_rows(&cpu, &rows, copies, 8);
                let (indices, margins) = run(&cpu, &row, &panels, None);
                prop_assert_eq!((indices[0], margins[0]), (0, 0.0));
            }
        }
    }

    #[test]
    fn what_is_not_a_number_gets_no_index() {
        for cpu in everywhere() {
            let panels = Panels::of_rows(&cpu, &noise(20 * 4, 1), 20, 4);
            assert_eq!(run(&cpu, &[f32::NAN; 4], &panels, None).0, [NO_INDEX]);
        }
    }
}
