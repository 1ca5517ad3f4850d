//! Pictures that show how two pictures differ.

use image::{Rgb, RgbImage, imageops};

/// Pixels between pictures that stand side by side.
pub const GAP: u32 = 8;

const BACKGROUND: Rgb<u8> = Rgb([255; 3]);

/// Anchors of the viridis color map (by Smith and van der Walt, CC0), evenly spaced: even in lightness, and readable with every form of color
/// blindness.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Color of the heat map at `share`, 0 (dark violet) to 1 (yellow); beyond is clamped.
#[must_use]
pub fn heat_color(share: f32) -> [u8; 3] {
    let position = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) } * (VIRIDIS.len() - 1) as f32;
    let index = (position as usize).min(VIRIDIS.len() - 2);
    let fraction = position - index as f32;
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(VIRIDIS[index][channel]), f32::from(VIRIDIS[index + 1][channel]));
        (from + (to - from) * fraction).round() as u8
    })
}

/// Heat map of the mean absolute difference over the channels; `full_scale` levels out of 255 and more are yellow.
///
/// The size is that of the part both pictures have.
#[must_use]
pub fn difference(a: &RgbImage, b: &RgbImage, full_scale: u8) -> RgbImage {
    let (width, height) = (a.width().min(b.width()), a.height().min(b.height()));
    let most = f32::from(full_scale.max(1)) * 3.0;
    RgbImage::from_fn(width, height, |x, y| {
        let (a, b) = (a.get_pixel(x, y).0, b.get_pixel(x, y).0);
        let sum: u16 = a.iter().zip(b).map(|(&a, b)| u16::from(a.abs_diff(b))).sum();
        Rgb(heat_color(f32::from(sum) / most))
    })
}

/// The pictures from left to right on white, [`GAP`] pixels between them, aligned at the top.
#[must_use]
pub fn side_by_side(pictures: &[&RgbImage]) -> RgbImage {
    let gaps = GAP * (pictures.len() as u32).saturating_sub(1);
    let width = pictures.iter().map(|picture| picture.width()).sum::<u32>() + gaps;
    let height = pictures.iter().map(|picture| picture.height()).max().unwrap_or(0);
    let mut out = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut left = 0;
    for &picture in pictures {
        imageops::replace(&mut out, picture, left, 0);
        left += i64::from(picture.width() + GAP);
    }
    out
}

/// Rows of pictures, one below the other on white, [`GAP`] pixels between them.
#[must_use]
pub fn sheet(rows: &[RgbImage]) -> RgbImage {
    let gaps = GAP * (rows.len() as u32).saturating_sub(1);
    let width = rows.iter().map(RgbImage::width).max().unwrap_or(0);
    let height = rows.iter().map(RgbImage::height).sum::<u32>() + gaps;
    let mut out = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut top = 0;
    for row in rows {
        imageops::replace(&mut out, row, 0, top);
        top += i64::from(row.height() + GAP);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pixels_are_dark_and_large_differences_yellow() {
        let black = RgbImage::new(2, 1);
        let mut other = black.clone();
        other.put_pixel(1, 0, Rgb([255; 3]));
        let heat = difference(&black, &other, 64);
        assert_eq!([heat.get_pixel(0, 0).0, heat.get_pixel(1, 0).0], [VIRIDIS[0], VIRIDIS[8]]);
    }

    #[test]
    fn lightness_rises_with_the_difference() {
        let lightness = |share: f32| {
            let [r, g, b] = heat_color(share).map(f32::from);
            0.299 * r + 0.587 * g + 0.114 * b
        };
        assert!((0..100).all(|i| lightness(i as f32 / 100.0) < lightness((i + 1) as f32 / 100.0)));
    }

    #[test]
    fn a_sheet_holds_every_picture_at_its_place() {
        let red = RgbImage::from_pixel(3, 2, Rgb([255, 0, 0]));
        let blue = RgbImage::from_pixel(4, 5, Rgb([0, 0, 255]));
        let row = side_by_side(&[&red, &blue]);
        assert_eq!(row.dimensions(), (7 + GAP, 5));
        assert_eq!((row.get_pixel(2, 1).0, row.get_pixel(3 + GAP, 4).0), ([255, 0, 0], [0, 0, 255]));
        let both = sheet(&[row, red]);
        assert_eq!(both.dimensions(), (7 + GAP, 7 + GAP));
        assert_eq!(both.get_pixel(0, 5 + GAP).0, [255, 0, 0]);
        assert_eq!(side_by_side(&[]).dimensions(), (0, 0));
    }
}
