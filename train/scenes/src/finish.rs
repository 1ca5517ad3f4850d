//! From painted light to bytes: what a camera adds.

use crate::canvas::Canvas;
use crate::color::{Rgb, rgb};
use crate::math::saturate;
use crate::noise::Noise;
use crate::rng::Rng;

/// Exposure, a slight tint, darker corners, highlights that roll off, and the noise of a sensor.
pub(crate) fn develop(canvas: &Canvas, rng: &mut Rng) -> Vec<u8> {
    let exposure = rng.range(0.92, 1.08);
    let warmth = rng.around(0.04);
    let tint = rgb(exposure * (1.0 + warmth), exposure, exposure * (1.0 - warmth));
    let contrast = rng.range(0.0, 0.25);
    let vignette = rng.range(0.05, 0.45);
    let grain = rng.range(0.003, 0.012);
    let noise = Noise::new(rng);
    let middle = canvas.middle();
    let mut bytes = Vec::with_capacity(canvas.pixels.len() * 3);
    for y in 0..canvas.height() {
        for x in 0..canvas.width() {
            let from_middle = canvas.point(x, y) - middle;
            let falloff = 1.0 - vignette * (from_middle.dot(from_middle)).min(1.0);
            let color = canvas.pixels[y * canvas.width() + x] * tint * falloff;
            let speckle = |channel: i32| {
                let column = x as i32 * 3 + channel;
                (noise.cell(column, y as i32) + noise.cell(column, !(y as i32)) - 1.0) * 2.0 * grain
            };
            let luma = speckle(0);
            let noisy = color + Rgb { r: luma, g: luma + 0.3 * speckle(1), b: luma + 0.4 * speckle(2) };
            for value in [noisy.r, noisy.g, noisy.b] {
                let value = saturate(shoulder(value));
                let curved = value + (value * value * (3.0 - 2.0 * value) - value) * contrast;
                bytes.push((curved * 255.0 + 0.5) as u8);
            }
        }
    }
    bytes
}

/// Straight up to 0.8, then bending toward 1 so that bright light keeps its gradations.
fn shoulder(value: f32) -> f32 {
    if value <= 0.8 {
        value
    } else {
        let over = (value - 0.8) / 0.2;
        0.8 + 0.2 * over / (1.0 + 0.55 * over) * 1.1
    }
}
