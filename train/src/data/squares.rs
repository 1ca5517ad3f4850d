//! The middle squares of the pictures of a data set.

use std::ops::Range;

use ibq_core::data_set::{DataSet, Skipped};
use image::RgbImage;
use rayon::prelude::*;

use super::crop;

/// The middle squares of the pictures in a range, scaled to `side`, in their order.
///
/// # Panics
/// When the range goes beyond the last picture.
#[must_use]
pub fn middle_squares(set: &DataSet, range: Range<usize>, side: usize) -> Vec<Result<RgbImage, Skipped>> {
    let square = |index: usize| {
        let picture = set.read(index)?;
        crop::middle(&picture.rgb, side).map_err(|reason| Skipped { path: set.name(index), reason })
    };
    range.into_par_iter().map(square).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_scaled_and_small_pictures_are_named() {
        let folder = std::env::temp_dir().join(format!("ibq-train-squares-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, width) in [("a.png", 6), ("b.png", 4)] {
            RgbImage::new(width, 4).save(folder.join(name)).unwrap();
        }
        let set = DataSet::open(&folder).unwrap();
        let squares = middle_squares(&set, 0..2, 2);
        assert!(squares.iter().all(|square| square.as_ref().unwrap().dimensions() == (2, 2)));
        let skipped = middle_squares(&set, 1..2, 5)[0].clone().unwrap_err();
        assert!(skipped.path.ends_with("b.png") && skipped.reason.contains("4×4 is smaller than 5×5"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
