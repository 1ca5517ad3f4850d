//! What the tests share: noise, every instruction set, comparisons.

use crate::{Cpu, isa::Isa};

/// A processor for every instruction set that this machine has, alone and with three threads.
pub(crate) fn everywhere() -> Vec<Cpu> {
    Isa::available().into_iter().flat_map(|isa| [1, 3].map(|threads| Cpu::new(isa, threads))).collect()
}

/// Values in [-1, 1) that look random.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Every value within `tolerance` of what is expected.
#[track_caller]
pub(crate) fn assert_close(values: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(values.len(), expected.len(), "{what}");
    for (at, (&value, &expected)) in values.iter().zip(expected).enumerate() {
        assert!((f64::from(value) - expected).abs() <= tolerance, "{what}, {at}: {value} and {expected}");
    }
}
