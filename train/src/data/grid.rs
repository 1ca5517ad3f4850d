//! Many images in one.

use ibq_core::picture::{sheet, side_by_side};
use image::RgbImage;

/// Images in rows of `columns`.
#[must_use]
pub fn image_grid(images: &[RgbImage], columns: usize) -> RgbImage {
    let row = |row: &[RgbImage]| side_by_side(&row.iter().collect::<Vec<_>>());
    sheet(&images.chunks(columns.max(1)).map(row).collect::<Vec<_>>())
}
