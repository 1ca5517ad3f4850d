//! Pictures that are too large for memory, in overlapping tiles.
//!
//! Attention and GroupNorm look at a whole picture, so a tile never comes out quite as the same place of the whole
//! would. Each token is taken from the tile in which it lies deepest, and decoded tiles are blended linearly where they
//! overlap: what differs fades over instead of showing as a seam.

use image::{Rgb, RgbImage};

use super::{TileLayout, Tiling};

/// One tile: top left corner, in units of the caller (pixels or tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) top: u32,
    pub(super) left: u32,
}

/// Where tiles lie. All have one size, so that one compiled program serves them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Height and width of every tile in tokens.
    pub(super) size: (u32, u32),
    pub(super) tiles: Vec<Tile>,
    /// Height and width of the whole in tokens.
    whole: (u32, u32),
}

/// Overlap of neighbours: four tokens, at least 32 pixels.
pub(super) fn overlap_tokens(factor: u32) -> u32 {
    4_u32.max(32_u32.div_ceil(factor))
}

impl Tiles {
    /// Covers a grid of `whole` tokens with tiles of `side` tokens that overlap by at least `overlap`.
    pub(super) fn cover(whole: (u32, u32), side: u32, overlap: u32) -> Self {
        let side = side.max(2 * overlap);
        let rows = starts(whole.0, side, overlap);
        let cols = starts(whole.1, side, overlap);
        let tiles = rows.iter().flat_map(|&top| cols.iter().map(move |&left| Tile { top, left })).collect();
        Self { size: (whole.0.min(side), whole.1.min(side)), tiles, whole }
    }

    /// For people: in pixels.
    pub(super) fn layout(&self, factor: u32, overlap: u32, tiling: Tiling) -> TileLayout {
        TileLayout {
            tiles: self.tiles.len() as u32,
            size: (self.size.0 * factor, self.size.1 * factor),
            overlap: overlap * factor,
            automatic: tiling == Tiling::Auto,
        }
    }

    /// (row and column in the whole, index in the tile, index in the whole) of every token of a tile.
    pub(super) fn positions(&self, tile: Tile) -> impl Iterator<Item = (u32, u32, usize, usize)> + use<> {
        let ((rows, cols), (_, whole_cols)) = (self.size, self.whole);
        (0..rows * cols).map(move |inner| {
            let (row, col) = (tile.top + inner / cols, tile.left + inner % cols);
            (row, col, inner as usize, row as usize * whole_cols as usize + col as usize)
        })
    }

    /// How deep token (row, col) of the whole lies in a tile: distance to the nearest side that is not a side of the
    /// picture. Negative outside.
    pub(super) fn depth(&self, tile: Tile, row: u32, col: u32) -> i64 {
        let along = |at: u32, start: u32, size: u32, whole: u32| {
            let (at, start, end) = (i64::from(at), i64::from(start), i64::from(start + size));
            let before = if start == 0 && at >= 0 { i64::MAX } else { at - start };
            let after = if end == i64::from(whole) { i64::MAX } else { end - 1 - at };
            before.min(after)
        };
        let vertical = along(row, tile.top, self.size.0, self.whole.0);
        vertical.min(along(col, tile.left, self.size.1, self.whole.1))
    }
}

/// Evenly spread first positions of tiles along one side.
fn starts(whole: u32, side: u32, overlap: u32) -> Vec<u32> {
    if whole <= side {
        return vec![0];
    }
    let count = (whole - overlap).div_ceil(side - overlap).max(2);
    (0..count).map(|i| (u64::from(i) * u64::from(whole - side) / u64::from(count - 1)) as u32).collect()
}

/// Adds up decoded tiles, weighted by how deep each pixel lies in its tile.
pub(super) struct Blend {
    width: u32,
    height: u32,
    overlap: u32,
    /// Per pixel: weighted red, green, blue, and the weight.
    sums: Vec<[f32; 4]>,
}

impl Blend {
    /// A picture of this size whose tiles overlap by this many pixels.
    pub(super) fn new(width: u32, height: u32, overlap: u32) -> Self {
        Self { width, height, overlap, sums: vec![[0.0; 4]; width as usize * height as usize] }
    }

    /// Adds a tile whose top left pixel lies at (left, top).
    pub(super) fn add(&mut self, tile: &RgbImage, left: u32, top: u32) {
        let ramp = |at: u32, size: u32, start: u32, whole: u32| {
            let before = if start == 0 { self.overlap } else { at + 1 };
            let after = if start + size == whole { self.overlap } else { size - at };
            before.min(after).min(self.overlap) as f32
        };
        let columns: Vec<f32> = (0..tile.width()).map(|x| ramp(x, tile.width(), left, self.width)).collect();
        for (y, row) in tile.rows().enumerate() {
            let vertical = ramp(y as u32, tile.height(), top, self.height);
            let start = (top as usize + y) * self.width as usize + left as usize;
            for ((sum, pixel), horizontal) in self.sums[start..].iter_mut().zip(row).zip(&columns) {
                let weight = vertical * horizontal;
                for (sum, &value) in sum.iter_mut().zip(&pixel.0) {
                    *sum += weight * f32::from(value);
                }
                sum[3] += weight;
            }
        }
    }

    /// The picture.
    pub(super) fn finish(self) -> RgbImage {
        let width = self.width as usize;
        RgbImage::from_fn(self.width, self.height, |x, y| {
            let [red, green, blue, weight] = self.sums[y as usize * width + x as usize];
            Rgb([red, green, blue].map(|sum| (sum / weight).round() as u8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_and_overlap(rows in 1_u32..90, cols in 1_u32..90, side in 1_u32..40, overlap in 1_u32..9) {
            let tiles = Tiles::cover((rows, cols), side, overlap);
            let (height, width) = tiles.size;
            for tile in &tiles.tiles {
                prop_assert!(tile.top + height <= rows && tile.left + width <= cols);
            }
            for row in 0..rows {
                for col in 0..cols {
                    prop_assert!(tiles.tiles.iter().any(|&tile| tiles.depth(tile, row, col) >= 0));
                }
            }
            let mut tops: Vec<u32> = tiles.tiles.iter().map(|tile| tile.top).collect();
            tops.dedup();
            for pair in tops.windows(2) {
                prop_assert!(pair[1] > pair[0] && pair[0] + height >= pair[1] + overlap);
            }
        }

        #[test]
        fn blending_pieces_of_a_picture_gives_the_picture(width in 8_u32..60, height in 8_u32..60, side in 4_u32..20) {
            let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 5) as u8, (y * 7) as u8, (x * y) as u8]));
            let tiles = Tiles::cover((height, width), side, 2);
            let mut blend = Blend::new(width, height, 2);
            for tile in &tiles.tiles {
                let (tile_height, tile_width) = tiles.size;
                let part = image::imageops::crop_imm(&picture, tile.left, tile.top, tile_width, tile_height);
                blend.add(&part.to_image(), tile.left, tile.top);
            }
            prop_assert_eq!(blend.finish(), picture);
        }
    }

    #[test]
    fn a_step_between_two_tiles_fades_over_the_overlap() {
        let mut blend = Blend::new(24, 1, 8);
        blend.add(&RgbImage::from_pixel(16, 1, Rgb([0; 3])), 0, 0);
        blend.add(&RgbImage::from_pixel(16, 1, Rgb([90; 3])), 8, 0);
        let values: Vec<u8> = blend.finish().pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(&values[..9], [0, 0, 0, 0, 0, 0, 0, 0, 10]);
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] <= 10), "{values:?}");
    }
}
