//! A loss of structure at several scales.

use burn::tensor::{Tensor, module::avg_pool2d, ops::AvgPoolOptions};

/// Side of the windows in which structure is compared, in pixels of their scale.
const WINDOW: usize = 8;
/// Scales, each half as large as the one before.
const SCALES: usize = 3;
/// The constants of SSIM for pictures that span 2: `(0.01 · 2)²` and `(0.03 · 2)²`.
const STABILISERS: [f64; 2] = [4e-4, 3.6e-3];

/// `1 - SSIM`, the mean over overlapping windows and over up to three scales (Wang et al. 2004, 2003), for pictures in
/// [-1, 1]: 0 for equal pictures, 1 for unrelated ones.
#[must_use]
pub fn structural_loss(picture: Tensor<4>, reconstruction: Tensor<4>) -> Tensor<1> {
    let mut sum = Tensor::zeros([1], &reconstruction.device());
    let (mut x, mut y) = (picture, reconstruction);
    let mut scales = 0.0;
    for scale in 0..SCALES {
        let [_, _, height, width] = x.dims();
        if scale > 0 {
            if height.min(width) < 2 * WINDOW {
                break;
            }
            let halve = || AvgPoolOptions::new([2, 2]);
            (x, y) = (avg_pool2d(x, halve()), avg_pool2d(y, halve()));
        }
        sum = sum + dissimilarity(x.clone(), y.clone());
        scales += 1.0;
    }
    sum / scales
}

/// `1 - SSIM` at one scale.
fn dissimilarity(x: Tensor<4>, y: Tensor<4>) -> Tensor<1> {
    let [c1, c2] = STABILISERS;
    let (mean_x, mean_y) = (window_mean(x.clone()), window_mean(y.clone()));
    let variance_x = window_mean(x.clone().square()) - mean_x.clone().square();
    let variance_y = window_mean(y.clone().square()) - mean_y.clone().square();
    let covariance = window_mean(x * y) - mean_x.clone() * mean_y.clone();
    let luminance = (mean_x.clone() * mean_y.clone() * 2.0 + c1) / (mean_x.square() + mean_y.square() + c1);
    let structure = (covariance * 2.0 + c2) / (variance_x + variance_y + c2);
    -(luminance * structure).mean() + 1.0
}

/// Means over windows that overlap by half.
fn window_mean(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let half = avg_pool2d(x, AvgPoolOptions::new([WINDOW / 2; 2]));
    if height < WINDOW || width < WINDOW {
        return half;
    }
    let mut options = AvgPoolOptions::new([2, 2]);
    options.stride = [1, 1];
    avg_pool2d(half, options)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn equal_pictures_cost_nothing_and_worse_ones_cost_more() {
        let device = Device::flex();
        device.seed(1);
        let picture = Tensor::<4>::random([1, 3, 32, 32], Distribution::Uniform(-1.0, 1.0), &device);
        let noise = Tensor::<4>::random([1, 3, 32, 32], Distribution::Uniform(-1.0, 1.0), &device);
        let loss = |share: f64| {
            structural_loss(picture.clone(), picture.clone() * (1.0 - share) + noise.clone() * share)
                .into_scalar::<f32>()
        };
        assert!(loss(0.0).abs() < 1e-5);
        assert!(loss(0.0) < loss(0.2) && loss(0.2) < loss(0.5) && loss(0.5) < loss(1.0));
        assert!(loss(1.0) > 0.7);
    }
}
