//! Random numbers that choose what a scene looks like.

use crate::math::{Vec2, vec2};

/// A SplitMix64 generator: integers only, so the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: u64,
}

/// Scrambles 64 bits so that neighbors have nothing in common (the finisher of SplitMix64).
fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// A generator for a seed within a named stream.
    pub(crate) fn new(stream: &str, seed: u64) -> Rng {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        for byte in stream.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Rng { state: scramble(scramble(state) ^ seed) }
    }

    /// An independent generator for item `i` of something of which a picture shows a window, such as trees along a
    /// hill: item `i` looks the same however wide the picture is.
    pub(crate) fn item(&self, i: i32) -> Rng {
        Rng { state: scramble(self.state ^ scramble(u64::from(i as u32) ^ 0x5851_f42d_4c95_7f2d)) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.state)
    }

    /// 32 random bits.
    pub(crate) fn bits(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// Even in 0..1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 * (1.0 / 16_777_216.0)
    }

    /// Even between two numbers.
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Around zero, mostly within ±`spread`: the sum of three even numbers.
    pub(crate) fn around(&mut self, spread: f32) -> f32 {
        (self.unit() + self.unit() + self.unit() - 1.5) * spread
    }

    /// A whole number in `low..=high`.
    pub(crate) fn int(&mut self, low: i32, high: i32) -> i32 {
        let count = (high - low + 1) as u64;
        low + (((self.next() >> 32) * count) >> 32) as i32
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// −1 or 1.
    pub(crate) fn sign(&mut self) -> f32 {
        if self.chance(0.5) { 1.0 } else { -1.0 }
    }

    /// One of the items.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.int(0, items.len() as i32 - 1) as usize]
    }

    /// A point within a disc of radius one.
    pub(crate) fn disc(&mut self) -> Vec2 {
        loop {
            let p = vec2(self.range(-1.0, 1.0), self.range(-1.0, 1.0));
            if p.dot(p) <= 1.0 {
                return p;
            }
        }
    }
}
