//! Transparent pictures on white.

use image::{DynamicImage, RgbImage};

/// Composites on white at 16 bits per channel, rounded once.
pub(super) fn on_white(pixels: &DynamicImage, notes: &mut Vec<String>) -> RgbImage {
    let (width, height) = (pixels.width(), pixels.height());
    let mut rgb = RgbImage::new(width, height);
    let mut transparent = false;
    let mut put = |to: &mut [u8], from: [u64; 4], most: u64| {
        let alpha = from[3];
        transparent |= alpha < most;
        for (to, value) in to.iter_mut().zip(&from[..3]) {
            let over_white = value * alpha + most * (most - alpha);
            let whole = most * most;
            *to = ((over_white * 255 + whole / 2) / whole) as u8;
        }
    };
    if let Some(deep) = pixels.as_rgba16() {
        for (to, from) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(deep.pixels()) {
            put(to, from.0.map(u64::from), 65_535);
        }
    } else if let Some(deep) = pixels.as_luma_alpha16() {
        for (to, from) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(deep.pixels()) {
            let [gray, alpha] = from.0.map(u64::from);
            put(to, [gray, gray, gray, alpha], 65_535);
        }
    } else {
        for (to, from) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(pixels.to_rgba8().pixels()) {
            put(to, from.0.map(u64::from), 255);
        }
    }
    if transparent {
        notes.push("alpha composited on white".to_owned());
    }
    rgb
}
