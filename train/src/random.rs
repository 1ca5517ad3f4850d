//! Random numbers whose whole state is one integer, so that a checkpoint can hold it.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough to draw weights and pictures with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator that starts at `state`: a seed, or the [`state`](Self::state) of another one.
    #[must_use]
    pub fn new(state: u64) -> Self {
        Self { state }
    }

    /// What a checkpoint has to keep.
    #[must_use]
    pub fn state(&self) -> u64 {
        self.state
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in [-limit, limit).
    pub fn symmetric(&mut self, limit: f32) -> f32 {
        (2.0 * self.unit() - 1.0) * limit
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f32 {
        let (radius, angle) = ((1.0 - self.unit()).ln() * -2.0, self.unit() * std::f32::consts::TAU);
        radius.sqrt() * angle.cos()
    }

    /// Uniform among 0, 1, … `count` - 1. `count` must not be 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_state_goes_on_where_it_stopped() {
        let mut first = Random::new(7);
        first.bits();
        let mut second = Random::new(first.state());
        assert_eq!(first.bits(), second.bits());
    }

    #[test]
    fn draws_stay_in_range_and_spread() {
        let mut random = Random::new(1);
        let mean =
            (0..10_000).map(|_| random.unit()).inspect(|u| assert!((0.0..1.0).contains(u))).sum::<f32>()
                / 1e4;
        assert!((mean - 0.5).abs() < 0.02, "mean {mean}");
        let mut seen = [false; 7];
        (0..1000).for_each(|_| seen[random.below(7)] = true);
        assert_eq!(seen, [true; 7]);
    }
}
