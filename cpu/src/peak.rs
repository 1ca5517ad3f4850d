//! What the processor can do at most: the ceilings that a benchmark compares with.

use std::hint::black_box;

use crate::{
    Cpu,
    isa::{Compute, Target},
};

/// Multiply-adds of one band.
const ROUNDS: usize = 1 << 16;

/// Computes `bands` bands of multiply-adds on values that never leave the registers; returns the floating-point operations.
pub fn peak_arithmetic(cpu: &Cpu, bands: usize) -> f64 {
    let mut sums = vec![0.0; bands];
    cpu.bands(&mut sums, 1, |_, sum| sum[0] = cpu.isa().run(Chains { rounds: ROUNDS }));
    black_box(sums);
    (bands * ROUNDS * 12 * 8 * 2) as f64
}

/// Twelve independent chains: the processor has more to do than one result takes.
struct Chains {
    rounds: usize,
}

impl Compute for Chains {
    type Output = f32;

    #[inline(always)]
    fn run<T: Target>(self) -> f32 {
        let mut chains = [[1.0f32; 8]; 12];
        let factor = black_box(0.999_9);
        for _ in 0..self.rounds {
            for chain in &mut chains {
                for lane in chain {
                    *lane = T::mul_add(*lane, factor, 1e-4);
                }
            }
        }
        chains.iter().flatten().sum()
    }
}

/// Copies x to y; returns the bytes that were moved.
pub fn peak_copy(cpu: &Cpu, x: &[f32], y: &mut [f32]) -> f64 {
    let band = cpu.band_of(y.len(), 1, 1);
    cpu.bands(y, band, |index, y| y.copy_from_slice(&x[index * band..][..y.len()]));
    8.0 * y.len() as f64
}
