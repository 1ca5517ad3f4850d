//! Pictures that are too large for memory, in overlapping tiles.
//!
//! Attention and GroupNorm look at a whole picture, so a tile never comes out quite as the same place of the whole
//! would. Latent vectors, before their codes are looked up, and decoded pixels are both blended linearly where tiles
//! overlap: what differs fades over instead of showing as a seam.

use crate::{picture::Size, tokens::Grid};

use super::{TileLayout, Tiling};

/// One tile: top left corner, in units of the caller (pixels or tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) top: u32,
    pub(super) left: u32,
}

impl Tile {
    /// The same corner in units of which `factor` make up one of these.
    pub(super) fn scaled(self, factor: u32) -> Self {
        Self { top: self.top * factor, left: self.left * factor }
    }
}

/// Where tiles lie. All have one size, so that one compiled program serves them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Every tile in tokens.
    pub(super) size: Grid,
    pub(super) tiles: Vec<Tile>,
    /// The whole in tokens.
    whole: Grid,
}

/// Overlap of neighbors: four tokens, at least 32 pixels.
pub(super) fn overlap_tokens(factor: u32) -> u32 {
    4_u32.max(32_u32.div_ceil(factor))
}

impl Tiles {
    /// Covers a grid of `whole` tokens with tiles of `side` tokens that overlap by at least `overlap`.
    pub(super) fn cover(whole: Grid, side: u32, overlap: u32) -> Self {
        let side = side.max(2 * overlap);
        let rows = starts(whole.rows, side, overlap);
        let cols = starts(whole.cols, side, overlap);
        let tiles = rows.iter().flat_map(|&top| cols.iter().map(move |&left| Tile { top, left })).collect();
        Self { size: Grid::new(whole.rows.min(side), whole.cols.min(side)), tiles, whole }
    }

    /// The layout in pixels.
    pub(super) fn layout(&self, factor: u32, overlap: u32, tiling: Tiling) -> TileLayout {
        TileLayout {
            tiles: self.tiles.len() as u32,
            size: self.size.size(factor),
            overlap: overlap * factor,
            automatic: tiling == Tiling::Auto,
        }
    }

    /// Index in the whole of every token of a tile.
    pub(super) fn positions(&self, tile: Tile) -> impl Iterator<Item = usize> + use<> {
        let (Grid { rows, cols }, whole_cols) = (self.size, self.whole.cols);
        (0..rows * cols).map(move |inner| {
            let (row, col) = (tile.top + inner / cols, tile.left + inner % cols);
            row as usize * whole_cols as usize + col as usize
        })
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

/// Adds up tiles, weighted by how deep each place lies in its tile.
pub(super) struct Blend {
    /// Size of the whole, in places.
    size: Size,
    overlap: u32,
    channels: usize,
    /// [height, width, channels], weighted.
    sums: Vec<f32>,
    /// [height, width]
    weights: Vec<f32>,
}

impl Blend {
    /// A map of `size` places whose tiles overlap by this many.
    pub(super) fn new(size: Size, channels: usize, overlap: u32) -> Self {
        let places = size.pixels() as usize;
        Self { size, overlap, channels, sums: vec![0.0; places * channels], weights: vec![0.0; places] }
    }

    /// Adds a tile, [tile height, tile width, channels], whose top left place lies at `at`.
    pub(super) fn add<T: Copy + Into<f32>>(&mut self, tile: &[T], tile_width: u32, at: Tile) {
        let Tile { top, left } = at;
        let ramp = |at: u32, size: u32, start: u32, whole: u32| {
            let before = if start == 0 { self.overlap } else { at + 1 };
            let after = if start + size == whole { self.overlap } else { size - at };
            before.min(after).min(self.overlap) as f32
        };
        let columns: Vec<f32> = (0..tile_width).map(|x| ramp(x, tile_width, left, self.size.width)).collect();
        let row_length = tile_width as usize * self.channels;
        let tile_height = (tile.len() / row_length) as u32;
        for (y, row) in tile.chunks_exact(row_length).enumerate() {
            let vertical = ramp(y as u32, tile_height, top, self.size.height);
            let start = (top as usize + y) * self.size.width as usize + left as usize;
            let sums = self.sums[start * self.channels..].chunks_exact_mut(self.channels);
            let places = sums.zip(&mut self.weights[start..]);
            for ((values, horizontal), (sums, total)) in
                row.chunks_exact(self.channels).zip(&columns).zip(places)
            {
                let weight = vertical * horizontal;
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += weight * value.into();
                }
                *total += weight;
            }
        }
    }

    /// The whole, [height, width, channels].
    pub(super) fn finish(mut self) -> Vec<f32> {
        for (sums, weight) in self.sums.chunks_exact_mut(self.channels).zip(&self.weights) {
            sums.iter_mut().for_each(|sum| *sum /= weight);
        }
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_and_overlap(rows in 1_u32..90, cols in 1_u32..90, side in 1_u32..40, overlap in 1_u32..9) {
            let tiles = Tiles::cover(Grid::new(rows, cols), side, overlap);
            let Grid { rows: height, cols: width } = tiles.size;
            for tile in &tiles.tiles {
                prop_assert!(tile.top + height <= rows && tile.left + width <= cols);
            }
            let mut covered = vec![false; rows as usize * cols as usize];
            for position in tiles.tiles.iter().flat_map(|&tile| tiles.positions(tile)) {
                covered[position] = true;
            }
            prop_assert!(!covered.contains(&false));
            let mut tops: Vec<u32> = tiles.tiles.iter().map(|tile| tile.top).collect();
            tops.dedup();
            for pair in tops.windows(2) {
                prop_assert!(pair[1] > pair[0] && pair[0] + height >= pair[1] + overlap);
            }
        }

        #[test]
        fn blending_pieces_of_a_map_gives_the_map(width in 8_u32..60, height in 8_u32..60, side in 4_u32..20) {
            let map: Vec<u8> = (0..height * width * 3).map(|i| (i * i % 251) as u8).collect();
            let tiles = Tiles::cover(Grid::new(height, width), side, 2);
            let mut blend = Blend::new(Size::new(width, height), 3, 2);
            for &tile in &tiles.tiles {
                let part: Vec<u8> = tiles.positions(tile).flat_map(|at| &map[at * 3..][..3]).copied().collect();
                blend.add(&part, tiles.size.cols, tile);
            }
            for (ours, &value) in blend.finish().iter().zip(&map) {
                prop_assert!((ours - f32::from(value)).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn a_step_between_two_tiles_fades_over_the_overlap() {
        let mut blend = Blend::new(Size::new(24, 1), 1, 8);
        blend.add(&[0_u8; 16], 16, Tile { top: 0, left: 0 });
        blend.add(&[90_u8; 16], 16, Tile { top: 0, left: 8 });
        let values: Vec<f32> = blend.finish().iter().map(|value| value.round()).collect();
        assert_eq!(&values[..9], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0]);
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] <= 10.0), "{values:?}");
    }
}
