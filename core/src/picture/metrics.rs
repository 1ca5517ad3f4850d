//! How close a reconstruction is.

use image::RgbImage;

/// Side of the SSIM window in pixels.
const WINDOW: usize = 7;

/// Peak signal-to-noise ratio in dB over all pixels and channels, with 255 as the peak.
///
/// Infinite for equal pictures; not a number when the sizes differ or there are no pixels.
#[must_use]
pub fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    if a.dimensions() != b.dimensions() || a.is_empty() {
        return f64::NAN;
    }
    let squared: u64 = a.iter().zip(b.iter()).map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2)).sum();
    let mean = squared as f64 / a.len() as f64;
    10.0 * (255.0 * 255.0 / mean).log10()
}

/// Structural similarity as scikit-image computes it: 7 × 7 uniform window, sample covariance, data range 1, mean over
/// the positions where the window fits and over the channels.
///
/// Not a number when the sizes differ or a side is under 7 pixels.
#[must_use]
pub fn ssim(a: &RgbImage, b: &RgbImage) -> f64 {
    let (width, height) = (a.width() as usize, a.height() as usize);
    if a.dimensions() != b.dimensions() || width < WINDOW || height < WINDOW {
        return f64::NAN;
    }
    let stride = width * 3;
    // For each column and channel, the sums over the WINDOW rows of the current window.
    let mut columns = vec![Sums::default(); stride];
    let at = |row: usize, index: usize| (a.as_raw()[row * stride + index], b.as_raw()[row * stride + index]);
    let mut total = 0.0;
    for row in 0..height {
        for (index, column) in columns.iter_mut().enumerate() {
            column.add(at(row, index));
            if row >= WINDOW {
                column.subtract(at(row - WINDOW, index));
            }
        }
        if row + 1 >= WINDOW {
            total += (0..3).map(|channel| row_ssim(&columns, channel)).sum::<f64>();
        }
    }
    total / ((width - WINDOW + 1) * (height - WINDOW + 1) * 3) as f64
}

/// Sum of the SSIM over one row of windows of one channel.
fn row_ssim(columns: &[Sums], channel: usize) -> f64 {
    let mut window = Sums::default();
    let mut total = 0.0;
    let of_channel = || columns.iter().skip(channel).step_by(3);
    let mut leaving = of_channel();
    for (x, entering) in of_channel().enumerate() {
        window.join(entering);
        if x + 1 >= WINDOW {
            total += window.ssim();
            if let Some(first) = leaving.next() {
                window.leave(first);
            }
        }
    }
    total
}

/// Exact integer sums of x, y, x², y² and xy.
#[derive(Clone, Copy, Default)]
struct Sums([i64; 5]);

impl Sums {
    fn of((x, y): (u8, u8)) -> [i64; 5] {
        let (x, y) = (i64::from(x), i64::from(y));
        [x, y, x * x, y * y, x * y]
    }

    fn add(&mut self, pixels: (u8, u8)) {
        self.join(&Self(Self::of(pixels)));
    }

    fn subtract(&mut self, pixels: (u8, u8)) {
        self.leave(&Self(Self::of(pixels)));
    }

    fn join(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum += value;
        }
    }

    fn leave(&mut self, other: &Self) {
        for (sum, value) in self.0.iter_mut().zip(other.0) {
            *sum -= value;
        }
    }

    fn ssim(&self) -> f64 {
        let count = (WINDOW * WINDOW) as f64;
        let [x, y, xx, yy, xy] = self.0.map(|sum| sum as f64);
        let (mean_x, mean_y) = (x / count / 255.0, y / count / 255.0);
        // (n·Σxy - Σx·Σy) is an exact integer; sample covariance divides by n·(n - 1).
        let covariance = |product: f64, a: f64, b: f64| {
            (count * product - a * b) / (count * (count - 1.0) * 255.0 * 255.0)
        };
        let (var_x, var_y, cov) = (covariance(xx, x, x), covariance(yy, y, y), covariance(xy, x, y));
        let (c1, c2) = (0.01_f64.powi(2), 0.03_f64.powi(2));
        ((2.0 * mean_x * mean_y + c1) * (2.0 * cov + c2))
            / ((mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(width: u32, height: u32, seed: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let mix = (x * 7919 + y * 104_729 + seed).wrapping_mul(2_654_435_761);
            image::Rgb([(mix >> 24) as u8, (mix >> 16) as u8, (mix >> 8) as u8])
        })
    }

    /// The definition, window by window.
    fn plain_ssim(a: &RgbImage, b: &RgbImage) -> f64 {
        let (mut total, mut windows) = (0.0, 0.0);
        for channel in 0..3 {
            for top in 0..=a.height() - 7 {
                for left in 0..=a.width() - 7 {
                    let pixels = |p: &RgbImage| -> Vec<f64> {
                        (0..49)
                            .map(|i| f64::from(p.get_pixel(left + i % 7, top + i / 7).0[channel]) / 255.0)
                            .collect()
                    };
                    let (x, y) = (pixels(a), pixels(b));
                    let mean = |v: &[f64]| v.iter().sum::<f64>() / 49.0;
                    let (mx, my) = (mean(&x), mean(&y));
                    let cov = |u: &[f64], mu: f64, v: &[f64], mv: f64| {
                        u.iter().zip(v).map(|(p, q)| (p - mu) * (q - mv)).sum::<f64>() / 48.0
                    };
                    let (vx, vy, vxy) = (cov(&x, mx, &x, mx), cov(&y, my, &y, my), cov(&x, mx, &y, my));
                    total += (2.0 * mx * my + 1e-4) * (2.0 * vxy + 9e-4)
                        / ((mx * mx + my * my + 1e-4) * (vx + vy + 9e-4));
                    windows += 1.0;
                }
            }
        }
        total / windows
    }

    #[test]
    fn equal_pictures_are_perfect() {
        let picture = noise(20, 9, 1);
        assert_eq!((psnr(&picture, &picture), ssim(&picture, &picture)), (f64::INFINITY, 1.0));
    }

    #[test]
    fn a_difference_of_one_everywhere_is_48_db() {
        let a = RgbImage::from_pixel(8, 8, image::Rgb([10; 3]));
        let b = RgbImage::from_pixel(8, 8, image::Rgb([11; 3]));
        assert!((psnr(&a, &b) - 20.0 * 255.0_f64.log10()).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_compared_is_not_a_number() {
        assert!(psnr(&noise(8, 8, 1), &noise(8, 9, 1)).is_nan());
        assert!(ssim(&noise(6, 30, 1), &noise(6, 30, 2)).is_nan());
    }

    proptest! {
        #[test]
        fn sliding_sums_give_the_plain_definition(width in 7_u32..24, height in 7_u32..24, seed: u32) {
            let (a, b) = (noise(width, height, seed % 1000), noise(width, height, seed % 977 + 5));
            prop_assert!((ssim(&a, &b) - plain_ssim(&a, &b)).abs() < 1e-9);
        }
    }
}
