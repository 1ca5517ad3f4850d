//! The exponential function in a form that compilers vectorize.

use std::f32::consts::LOG2_E;

use crate::isa::Target;

/// `e^x` with a relative error below 2 units in the last place; 0 below -87.3, and finite up to 88.3.
///
/// `x = n · ln 2 + r` with `|r| ≤ ln 2 / 2`; a polynomial gives `e^r`, and n goes into the exponent's bits.
#[inline(always)]
pub(crate) fn exp<T: Target>(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to the next integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts: the first one has zeros at its end, so that its products with n are exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.3, 88.3);
    let rounded = T::mul_add(x, LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = T::mul_add(n, -LN_2_LOW, T::mul_add(n, -LN_2_HIGH, x));
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = T::mul_add(p, r, coefficient);
    }
    let p = T::mul_add(p, r * r, r) + 1.0;
    p * f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Baseline;

    #[test]
    fn it_is_the_exponential_function() {
        for step in -8_700..=8_800 {
            let x = step as f32 / 100.0;
            let (got, expected) = (f64::from(exp::<Baseline>(x)), f64::from(x).exp());
            assert!(((got - expected) / expected).abs() < 2.4e-7, "{x}: {got} and {expected}");
        }
    }

    #[test]
    fn far_arguments_stay_numbers() {
        assert!(exp::<Baseline>(f32::NEG_INFINITY) < 1.3e-38);
        assert!(exp::<Baseline>(f32::INFINITY).is_finite());
    }
}
