//! Attention of the transformer: every token looks at all positions up to its own.

use crate::{
    Cpu,
    exp::exp,
    isa::{Compute, Target},
};

/// How channels are cut into heads, and where rows are in their sequences. Of each sequence there are `queries` neighboring rows at
/// neighboring positions.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Number of heads.
    pub count: usize,
    /// Channels of one head.
    pub size: usize,
    /// Positions of the cache.
    pub positions: usize,
    /// Position of the first row of every sequence.
    pub first: usize,
    /// Rows of one sequence.
    pub queries: usize,
}

impl Heads {
    /// Channels of all heads.
    #[must_use]
    pub fn width(&self) -> usize {
        self.count * self.size
    }

    /// The position of a row.
    #[must_use]
    pub fn position(&self, row: usize) -> usize {
        self.first + row % self.queries
    }

    /// Where in the cache [sequences, keys or values, heads, positions, head] a head of a row's sequence is at a position:
    /// its key (`which` is 0) or value (1).
    #[must_use]
    pub fn cache_at(&self, row: usize, which: usize, head: usize, position: usize) -> usize {
        let sequence = row / self.queries;
        (((sequence * 2 + which) * self.count + head) * self.positions + position) * self.size
    }
}

/// `y = softmax(q · kᵀ · scale) · v` over all positions up to the query's own, from the cache.
///
/// q, y: [rows, heads, head].
pub fn causal_attention(cpu: &Cpu, heads: &Heads, scale: f32, q: &[f32], cache: &[f32], y: &mut [f32]) {
    let cost = 4 * heads.size * (heads.first + heads.queries);
    let band = cpu.band_of(y.len() / heads.size, cost, 1);
    cpu.bands(y, band * heads.size, |index, y| {
        cpu.isa().run(Band { heads, scale, q, cache, first: index * band, y });
    });
}

/// Some heads of some rows, which are counted through.
struct Band<'a> {
    heads: &'a Heads,
    scale: f32,
    q: &'a [f32],
    cache: &'a [f32],
    first: usize,
    y: &'a mut [f32],
}

impl Compute for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        let heads = self.heads;
        let size = heads.size;
        let mut weights = Vec::with_capacity(heads.positions);
        for (offset, y) in self.y.chunks_exact_mut(size).enumerate() {
            let (row, head) = ((self.first + offset) / heads.count, (self.first + offset) % heads.count);
            let count = (heads.position(row) + 1).min(heads.positions);
            let keys = &self.cache[heads.cache_at(row, 0, head, 0)..][..count * size];
            let values = &self.cache[heads.cache_at(row, 1, head, 0)..][..count * size];
            let query = &self.q[(self.first + offset) * size..][..size];

            weights.clear();
            let mut largest = f32::NEG_INFINITY;
            for key in keys.chunks_exact(size) {
                let score = self.scale * dot::<T>(query, key);
                largest = largest.max(score);
                weights.push(score);
            }
            let mut sums = [0.0; 8];
            for weights in weights.chunks_mut(8) {
                for (weight, sum) in weights.iter_mut().zip(&mut sums) {
                    *weight = exp::<T>(*weight - largest);
                    *sum += *weight;
                }
            }
            y.fill(0.0);
            for (value, weight) in values.chunks_exact(size).zip(&weights) {
                for (y, value) in y.iter_mut().zip(value) {
                    *y = T::mul_add(*weight, *value, *y);
                }
            }
            let inverse = 1.0 / sums.iter().sum::<f32>();
            for y in y {
                *y *= inverse;
            }
        }
    }
}

/// `Σ a · b`, sixteen sums side by side.
#[inline(always)]
fn dot<T: Target>(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        for n in 0..16 {
            lanes[n] = T::mul_add(a[n], b[n], lanes[n]);
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane = T::mul_add(*a, *b, *lane);
    }
    // Halves are added to halves.
    for half in [8, 4, 2, 1] {
        for n in 0..half {
            lanes[n] += lanes[n + half];
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, everywhere, noise};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_follows_its_definition(
            count in 1_usize..4, quarter in 1_usize..12, queries in 1_usize..5, sequences in 1_usize..3,
            first in 0_usize..40, seed: u64,
        ) {
            let heads = Heads { count, size: 4 * quarter, positions: first + queries + 2, first, queries };
            let (size, rows) = (heads.size, queries * sequences);
            let q: Vec<f32> = noise(rows * heads.width(), seed).iter().map(|value| 3.0 * value).collect();
            let cache = noise(sequences * 2 * heads.width() * heads.positions, seed ^ 1);
            let mut expected = Vec::new();
            for (row, head) in (0..rows).flat_map(|row| (0..count).map(move |head| (row, head))) {
                let query = &q[(row * count + head) * size..][..size];
                let at = |which, position| &cache[heads.cache_at(row, which, head, position)..][..size];
                let weight = |position| -> f64 {
                    let product: f64 = query.iter().zip(at(0, position)).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                    (0.5 * product).exp()
                };
                let here = first + row % queries;
                let sum: f64 = (0..=here).map(weight).sum();
                for c in 0..size {
                    let mixed: f64 = (0..=here).map(|p| weight(p) * f64::from(at(1, p)[c])).sum();
                    expected.push(mixed / sum);
                }
            }
            for cpu in everywhere() {
                let mut y = vec![f32::NAN; rows * heads.width()];
                causal_attention(&cpu, &heads, 0.5, &q, &cache, &mut y);
                assert_close(&y, &expected, 1e-5, &format!("{:?}", cpu.isa()));
            }
        }
    }
}
