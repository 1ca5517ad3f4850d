//! GroupNorm, and the swish that follows it.

use crate::{
    Cpu,
    exp::exp,
    isa::{Compute, Target},
    padded,
};

/// Pixels whose statistics are taken together: they stay in the first-level cache between the two passes.
const CHUNK: usize = 64;

/// What a GroupNorm needs beside its input.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm<'a> {
    /// Channels.
    pub channels: usize,
    /// Groups of channels; they divide the channels.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f32,
    /// One factor per channel.
    pub weight: &'a [f32],
    /// One summand per channel.
    pub bias: &'a [f32],
    /// Whether `v · sigmoid(v)` follows.
    pub swish: bool,
}

/// Count, mean, and sum of squared differences from the mean.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    m2: f64,
}

impl Moments {
    /// Chan's formula: no difference of large sums of squares.
    fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let delta = other.mean - self.mean;
        let mean = self.mean + delta * other.count / count;
        Self { count, mean, m2: self.m2 + other.m2 + delta * delta * self.count * other.count / count }
    }
}

/// `y = (x - mean) / sqrt(variance + eps) · weight + bias`, then swish, for items of `item_pixels` pixels: mean and variance are
/// those of a group of channels over all pixels of an item. Without `x`, `y` is normalized in place.
pub fn group_norm(cpu: &Cpu, norm: &GroupNorm<'_>, item_pixels: usize, x: Option<&[f32]>, y: &mut [f32]) {
    let width = padded(norm.channels);
    let item = item_pixels * width;
    for index in 0..y.len() / item {
        let range = index * item..(index + 1) * item;
        let y = &mut y[range.clone()];
        match x.map(|x| &x[range]) {
            Some(x) => {
                let factors = factors(cpu, norm, x);
                apply(cpu, norm, &factors, Some(x), y);
            }
            None => {
                let factors = factors(cpu, norm, y);
                apply(cpu, norm, &factors, None, y);
            }
        }
    }
}

/// Scale of every channel, then shift of every channel.
fn factors(cpu: &Cpu, norm: &GroupNorm<'_>, x: &[f32]) -> [Vec<f32>; 2] {
    let width = padded(norm.channels);
    let chunks = (x.len() / width).div_ceil(CHUNK);
    // Mean and M2 of every channel in every chunk.
    let mut statistics = vec![0.0; chunks * 2 * width];
    let band = cpu.band_of(chunks, 4 * CHUNK * width, 1);
    cpu.bands(&mut statistics, band * 2 * width, |index, statistics| {
        let x = &x[index * band * CHUNK * width..];
        cpu.isa().run(Statistics { x, width, statistics });
    });
    let mut factors = [vec![0.0; width], vec![0.0; width]];
    let group = norm.channels / norm.groups;
    for first in (0..norm.channels).step_by(group) {
        let mut moments = Moments::default();
        for (chunk, values) in statistics.chunks_exact(2 * width).enumerate() {
            let count = CHUNK.min(x.len() / width - chunk * CHUNK) as f64;
            for channel in first..first + group {
                let (mean, m2) = (f64::from(values[channel]), f64::from(values[width + channel]));
                moments = moments.merge(Moments { count, mean, m2 });
            }
        }
        let deviation = (moments.m2 / moments.count + f64::from(norm.eps)).sqrt();
        let channels = first..first + group;
        let parameters = norm.weight[channels.clone()].iter().zip(&norm.bias[channels.clone()]);
        let [scales, shifts] = &mut factors;
        let slots = scales[channels.clone()].iter_mut().zip(&mut shifts[channels]);
        for ((slot_scale, slot_shift), (weight, bias)) in slots.zip(parameters) {
            let scale = f64::from(*weight) / deviation;
            *slot_scale = scale as f32;
            *slot_shift = (f64::from(*bias) - moments.mean * scale) as f32;
        }
    }
    factors
}

/// The statistics of some chunks.
struct Statistics<'a> {
    x: &'a [f32],
    width: usize,
    statistics: &'a mut [f32],
}

impl Compute for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        let chunks = self.x.chunks(CHUNK * self.width);
        for (x, statistics) in chunks.zip(self.statistics.chunks_exact_mut(2 * self.width)) {
            let count = (x.len() / self.width) as f32;
            let (mean, m2) = statistics.split_at_mut(self.width);
            for pixel in x.chunks_exact(self.width) {
                for (sum, value) in mean.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
            for sum in mean.iter_mut() {
                *sum /= count;
            }
            for pixel in x.chunks_exact(self.width) {
                for ((sum, mean), value) in m2.iter_mut().zip(&*mean).zip(pixel) {
                    let difference = value - mean;
                    *sum = T::mul_add(difference, difference, *sum);
                }
            }
        }
    }
}

fn apply(cpu: &Cpu, norm: &GroupNorm<'_>, factors: &[Vec<f32>; 2], x: Option<&[f32]>, y: &mut [f32]) {
    let width = padded(norm.channels);
    let band = cpu.band_of(y.len() / width, if norm.swish { 8 } else { 2 } * width, 1) * width;
    cpu.bands(y, band, |index, y| {
        let x = x.map(|x| &x[index * band..][..y.len()]);
        cpu.isa().run(Apply { factors, swish: norm.swish, x, y });
    });
}

/// The last step for some pixels.
struct Apply<'a> {
    factors: &'a [Vec<f32>; 2],
    swish: bool,
    x: Option<&'a [f32]>,
    y: &'a mut [f32],
}

impl Compute for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(self) {
        let [scales, shifts] = self.factors;
        let width = scales.len();
        for (index, y) in self.y.chunks_exact_mut(width).enumerate() {
            if let Some(x) = self.x {
                y.copy_from_slice(&x[index * width..][..width]);
            }
            let factors = scales.iter().zip(shifts);
            if self.swish {
                for (y, (scale, shift)) in y.iter_mut().zip(factors) {
                    let value = T::mul_add(*y, *scale, *shift);
                    *y = value / (1.0 + exp::<T>(-value));
                }
            } else {
                for (y, (scale, shift)) in y.iter_mut().zip(factors) {
                    *y = T::mul_add(*y, *scale, *shift);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, everywhere, noise};
    use proptest::prelude::*;

    /// The definition, in f64.
    fn reference(norm: &GroupNorm<'_>, item_pixels: usize, x: &[f32]) -> Vec<f64> {
        let width = padded(norm.channels);
        let group = norm.channels / norm.groups;
        let mut y = vec![0.0; x.len()];
        for item in 0..x.len() / (item_pixels * width) {
            for first in (0..norm.channels).step_by(group) {
                let places: Vec<_> = (0..item_pixels)
                    .flat_map(|pixel| {
                        (first..first + group).map(move |c| ((item * item_pixels + pixel) * width + c, c))
                    })
                    .collect();
                let count = places.len() as f64;
                let mean = places.iter().map(|&(at, _)| f64::from(x[at])).sum::<f64>() / count;
                let variance =
                    places.iter().map(|&(at, _)| (f64::from(x[at]) - mean).powi(2)).sum::<f64>() / count;
                for (at, c) in places {
                    let normal = (f64::from(x[at]) - mean) / (variance + f64::from(norm.eps)).sqrt();
                    let value = normal * f64::from(norm.weight[c]) + f64::from(norm.bias[c]);
                    y[at] = if norm.swish { value / (1.0 + (-value).exp()) } else { value };
                }
            }
        }
        y
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn it_follows_its_definition(
            items in 1_usize..3, pixels in 1_usize..300, per_group in 1_usize..5, groups in prop::sample::select(vec![1_usize, 4, 32]),
            swish: bool, in_place: bool, far in prop::sample::select(vec![0.0_f32, 50.0]), seed: u64,
        ) {
            let channels = groups * per_group;
            let width = padded(channels);
            let mut x: Vec<f32> = noise(items * pixels * width, seed).iter().map(|value| value + far).collect();
            for pixel in x.chunks_exact_mut(width) {
                pixel[channels..].fill(0.0);
            }
            let (weight, bias) = (noise(channels, seed ^ 1), noise(channels, seed ^ 2));
            let norm = GroupNorm { channels, groups, eps: 1e-6, weight: &weight, bias: &bias, swish };
            let expected = reference(&norm, pixels, &x);
            for cpu in everywhere() {
                let mut y = if in_place { x.clone() } else { vec![f32::NAN; x.len()] };
                group_norm(&cpu, &norm, pixels, (!in_place).then_some(&x[..]), &mut y);
                assert_close(&y, &expected, if far > 0.0 { 4e-4 } else { 2e-5 }, &format!("{:?}", cpu.isa()));
            }
        }
    }
}
