//! The preprocessing of the official evaluation, equal to the bit.
//!
//! It resizes with OpenCV's 8-bit `INTER_LINEAR`: no antialiasing, and fixed-point arithmetic whose rounding differs from
//! every floating-point bilinear filter. Tokens depend on it, so it is repeated here step by step.

use std::ops::Range;

use image::RgbImage;

/// Fractional bits of OpenCV's interpolation coefficients.
const COEFFICIENT_BITS: u32 = 11;

/// Scales so that the smaller side is `side` pixels (bilinear as OpenCV), then cuts the center `side × side`.
///
/// A side of 0 is taken as 1; a picture without pixels comes back unchanged.
#[must_use]
pub fn official_preprocess(rgb: &RgbImage, side: u32) -> RgbImage {
    let Some((width, height)) = smallest_side_size(rgb.dimensions(), side) else { return rgb.clone() };
    let side = side.max(1);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    // Only what the crop keeps is computed: a very long picture costs no more than a square one.
    resample(rgb, (width, left..left + side), (height, top..top + side))
}

/// Width and height of a picture scaled so that its smaller side is `side`; the other is `side · scale` rounded half
/// to even. None for a picture without pixels.
#[must_use]
pub fn smallest_side_size((width, height): (u32, u32), side: u32) -> Option<(u32, u32)> {
    let smaller = width.min(height);
    let scale = f64::from(side.max(1)) / f64::from(smaller);
    let scaled = |length: u32| ((f64::from(length) * scale).round_ties_even() as u32).max(1);
    (smaller > 0).then(|| (scaled(width), scaled(height)))
}

/// OpenCV's `resize` with 8-bit `INTER_LINEAR`: 11-bit coefficients, rows first, two shifts on the way back.
///
/// A picture without pixels, or a size of 0, gives a picture without pixels.
#[must_use]
pub fn resize_bilinear(rgb: &RgbImage, width: u32, height: u32) -> RgbImage {
    resample(rgb, (width, 0..width), (height, 0..height))
}

/// The window `columns × rows` of the picture scaled to `width × height`.
fn resample(
    rgb: &RgbImage,
    (width, columns): (u32, Range<u32>),
    (height, rows): (u32, Range<u32>),
) -> RgbImage {
    let (from_width, from_height) = rgb.dimensions();
    if from_width == 0 || from_height == 0 || columns.is_empty() || rows.is_empty() {
        return RgbImage::new(0, 0);
    }
    let mut out = RgbImage::new(columns.len() as u32, rows.len() as u32);
    // Across, OpenCV moves samples beyond the edge onto it; down, it keeps the weights and repeats the row.
    let columns: Vec<Sample> = samples(from_width, width, columns).map(|s| s.clamped(from_width)).collect();
    let stride = from_width as usize * 3;
    let source = rgb.as_raw();
    let mut scaled_rows = RowCache::default();
    for (to, row) in out.chunks_exact_mut(columns.len() * 3).zip(samples(from_height, height, rows)) {
        let last = i64::from(from_height) - 1;
        let row_index = |offset: i64| (row.first + offset).clamp(0, last) as usize;
        let row_at = |index: usize| &source[index * stride..(index + 1) * stride];
        let wanted = [row_index(0), row_index(1)];
        let (upper, lower) = scaled_rows.pair(wanted, |index| across(row_at(index), &columns));
        for ((to, &above), &below) in to.iter_mut().zip(upper).zip(lower) {
            let down = |value: i32, weight: i32| ((value >> 4) * weight) >> 16;
            *to = ((down(above, row.weights[0]) + down(below, row.weights[1]) + 2) >> 2).clamp(0, 255) as u8;
        }
    }
    out
}

/// Where one output position reads: pixels `first` and `first + 1` with 11-bit weights.
#[derive(Clone, Copy)]
struct Sample {
    first: i64,
    weights: [i32; 2],
}

impl Sample {
    /// Both pixels inside; a position beyond the edge reads the edge with full weight.
    fn clamped(self, length: u32) -> Self {
        let last = i64::from(length) - 1;
        let one = 1 << COEFFICIENT_BITS;
        match self.first {
            first if first < 0 => Self { first: 0, weights: [one, 0] },
            first if first >= last => Self { first: last, weights: [one, 0] },
            _ => self,
        }
    }
}

/// OpenCV computes positions in f64, stores them in f32, and rounds both weights on their own, half to even.
fn samples(from: u32, to: u32, wanted: Range<u32>) -> impl Iterator<Item = Sample> {
    let scale = 1.0 / (f64::from(to) / f64::from(from));
    let one = (1 << COEFFICIENT_BITS) as f32;
    wanted.map(move |index| {
        let position = ((f64::from(index) + 0.5) * scale - 0.5) as f32;
        let first = position.floor();
        let fraction = position - first;
        let weights = [1.0 - fraction, fraction].map(|weight| (weight * one).round_ties_even() as i32);
        Sample { first: first as i64, weights }
    })
}

fn across(row: &[u8], columns: &[Sample]) -> Vec<i32> {
    let mut out = Vec::with_capacity(columns.len() * 3);
    for sample in columns {
        let left = sample.first as usize * 3;
        // The right neighbor of the last pixel has weight 0: any pixel will do.
        let right = if left + 3 < row.len() { left + 3 } else { left };
        for channel in 0..3 {
            let pixels = [row[left + channel], row[right + channel]].map(i32::from);
            out.push(pixels[0] * sample.weights[0] + pixels[1] * sample.weights[1]);
        }
    }
    out
}

/// The two source rows in use, already scaled across: neighboring output rows share them.
#[derive(Default)]
struct RowCache {
    rows: [(Option<usize>, Vec<i32>); 2],
}

impl RowCache {
    fn pair(&mut self, wanted: [usize; 2], scale: impl Fn(usize) -> Vec<i32>) -> (&[i32], &[i32]) {
        if self.rows[1].0 == Some(wanted[0]) {
            self.rows.swap(0, 1);
        }
        for (slot, index) in self.rows.iter_mut().zip(wanted) {
            if slot.0 != Some(index) {
                *slot = (Some(index), scale(index));
            }
        }
        (&self.rows[0].1, &self.rows[1].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_color_stays_that_color_but_for_fixed_point(
            value: u8, from in (1_u32..40, 1_u32..40), to in (1_u32..40, 1_u32..40),
        ) {
            let picture = RgbImage::from_pixel(from.0, from.1, image::Rgb([value; 3]));
            let resized = resize_bilinear(&picture, to.0, to.1);
            prop_assert_eq!(resized.dimensions(), to);
            prop_assert!(resized.iter().all(|&v| v.abs_diff(value) <= 1));
        }

        #[test]
        fn the_official_size_is_square(from in (1_u32..60, 1_u32..60), side in 1_u32..40) {
            let picture = RgbImage::new(from.0, from.1);
            prop_assert_eq!(official_preprocess(&picture, side).dimensions(), (side, side));
        }
    }

    #[test]
    fn halving_averages_two_by_two() {
        let picture = RgbImage::from_fn(4, 2, |x, y| image::Rgb([(10 * x + 40 * y) as u8; 3]));
        let halved = resize_bilinear(&picture, 2, 1);
        assert_eq!([halved.get_pixel(0, 0).0[0], halved.get_pixel(1, 0).0[0]], [25, 45]);
    }

    #[test]
    fn a_picture_without_pixels_does_no_harm() {
        assert_eq!(official_preprocess(&RgbImage::new(0, 0), 8).dimensions(), (0, 0));
    }
}
