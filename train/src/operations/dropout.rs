//! Dropout whose choice is a function of a seed and of the place of a value.

use burn::tensor::{DType, Device, Int, Tensor};

/// Which values are dropped: decided by a seed and the place of the value, so that the backward pass knows it too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropout {
    /// Seed of one application.
    pub(crate) seed: u32,
    /// Fraction of the values that become 0; the others grow so that the mean stays.
    pub(crate) rate: f32,
}

impl Dropout {
    const MULTIPLIERS: [u32; 3] = [0x9E37_79B9, 0x7FEB_352D, 0x846C_A68B];

    /// Factor of the value at `place`.
    #[inline(always)]
    pub(crate) fn factor(self, place: u32) -> f32 {
        // Two rounds of multiply and xor-shift (Wellons, "lowbias32").
        let mut x = place.wrapping_mul(Self::MULTIPLIERS[0]) ^ self.seed;
        x = (x ^ (x >> 16)).wrapping_mul(Self::MULTIPLIERS[1]);
        x = (x ^ (x >> 15)).wrapping_mul(Self::MULTIPLIERS[2]);
        x ^= x >> 16;
        if (x >> 8) as f32 >= self.least() { 1.0 / (1.0 - self.rate) } else { 0.0 }
    }

    /// [`factor`](Self::factor) of the first `count` places, computed on a device.
    pub(crate) fn factors(self, count: usize, device: &Device) -> Tensor<1> {
        let [a, b, c] = Self::MULTIPLIERS.map(u32::cast_signed);
        // Shifts of signed numbers bring copies of the sign, which the mask takes off.
        let shifted = |x: &Tensor<1, Int>, bits: u32| {
            let mask = (u32::MAX >> bits).cast_signed();
            x.clone().bitwise_right_shift_scalar(bits.cast_signed()).bitwise_and_scalar(mask)
        };
        let mixed = |x: Tensor<1, Int>, bits: u32| x.clone().bitwise_xor(shifted(&x, bits));
        let places = Tensor::<1, Int>::arange(0..count as i64, (device, DType::I32));
        let x = (places * a).bitwise_xor_scalar(self.seed.cast_signed());
        let x = mixed(mixed(mixed(x, 16) * b, 15) * c, 16);
        shifted(&x, 8).float().greater_equal_elem(self.least()).float() / (1.0 - self.rate)
    }

    /// Values with 24 random bits below this are dropped.
    fn least(self) -> f32 {
        self.rate * 16_777_216.0
    }
}
