//! 16-bit floats as bits.

use half::f16;

/// The nearest 16-bit float; values beyond the largest one become the largest one.
pub(crate) fn to_bits(value: f32) -> u16 {
    let largest = f16::MAX.to_f32();
    f16::from_f32(value.clamp(-largest, largest)).to_bits()
}

/// The value of a 16-bit float, in a form that compilers vectorize.
#[inline(always)]
pub(crate) fn from_bits(bits: u16) -> f32 {
    /// The difference of the exponents' biases, 127 - 15, at the place of a 32-bit float's exponent.
    const REBIAS: u32 = 112 << 23;
    let magnitude = u32::from(bits & 0x7fff) << 13;
    let normal = magnitude + REBIAS;
    // Exponent 0: the fraction counts units of 2^-24. With exponent 1 - 15 and its leading 1, and without that 1 again.
    let subnormal =
        (f32::from_bits(magnitude + REBIAS + (1 << 23)) - f32::from_bits(REBIAS + (1 << 23))).to_bits();
    let finite = if magnitude < 1 << 23 { subnormal } else { normal };
    // The largest exponent stands for infinity and NaN.
    let any = if magnitude >= 31 << 23 { normal + REBIAS } else { finite };
    f32::from_bits(any | (u32::from(bits & 0x8000) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_has_its_value() {
        for bits in 0..=u16::MAX {
            let expected = f16::from_bits(bits).to_f32();
            let value = from_bits(bits);
            assert!(
                value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan()),
                "{bits:x}"
            );
            if value.is_finite() {
                assert_eq!(to_bits(value), bits);
            }
        }
    }

    #[test]
    fn large_values_become_the_largest_half() {
        assert_eq!([1e9, -1e9].map(|value| from_bits(to_bits(value))), [65_504.0, -65_504.0]);
        assert!(from_bits(to_bits(f32::NAN)).is_nan());
    }
}
