//! What a run needs, before anything is allocated: whole pictures or tiles, how many at a time, how many bytes.

use ibq_shaders::Storage;

use crate::{
    device::Device,
    ops::{Arena, Graph, device_shard_codes},
    picture::Size,
    tokens::Grid,
};

use super::{
    MemoryPlan, Tiling, TokenizerConfig, TokenizerError,
    network::{DecoderIo, EncoderIo, Network},
    tiles::{Tiles, overlap_tokens},
};

/// Sides of automatic tiles in pixels, the largest that fits is taken.
const TILE_SIDES: [u32; 7] = [1024, 768, 512, 384, 256, 192, 128];

/// Everything that decides how a picture is run.
#[derive(Clone, Copy)]
pub(super) struct Planner<'a> {
    pub(super) device: &'a Device,
    pub(super) config: &'a TokenizerConfig,
    pub(super) storage: Storage,
    /// Bytes of weights.
    pub(super) weights: u64,
}

impl Planner<'_> {
    /// The encoder's graph for `items` grids of `rows × cols` tokens.
    pub(super) fn encoder(&self, items: u32, grid: Grid, traced: bool) -> (Graph, EncoderIo) {
        let mut graph = Graph::new(self.storage);
        let factor = self.config.factor();
        let mut network = Network { graph: &mut graph, config: self.config, traced };
        let codes = device_shard_codes(self.device, self.config.quantizer().dimension, self.storage);
        let size = grid.size(factor);
        let io = self.config.family().encoder(&mut network, items, size, codes);
        (graph, io)
    }

    /// The decoder's graph for `items` grids of `rows × cols` tokens.
    pub(super) fn decoder(&self, items: u32, grid: Grid, traced: bool) -> (Graph, DecoderIo) {
        let mut graph = Graph::new(self.storage);
        let mut network = Network { graph: &mut graph, config: self.config, traced };
        let io = self.config.family().decoder(&mut network, items, grid);
        (graph, io)
    }

    /// Bytes of activations, the larger of the two halves, if the device can hold them at all.
    fn activations(&self, items: u32, grid: Grid) -> Result<u64, u64> {
        let plans = [
            Arena::plan(&self.encoder(items, grid, false).0),
            Arena::plan(&self.decoder(items, grid, false).0),
        ];
        let bytes = plans.iter().map(Arena::bytes).max().unwrap_or(0);
        let largest = plans.iter().map(Arena::largest).max().unwrap_or(0);
        let fits =
            self.weights + bytes <= self.device.memory_budget() && largest <= self.device.largest_tensor();
        if fits { Ok(bytes) } else { Err(bytes) }
    }

    /// Pictures at a time: all, or as many as fit.
    pub(super) fn batch(&self, items: u32, grid: Grid) -> u32 {
        let mut batch = items.clamp(1, 64);
        while batch > 1 && self.activations(batch, grid).is_err() {
            batch = batch.div_ceil(2);
        }
        batch
    }

    /// Whole or in tiles.
    ///
    /// # Errors
    /// [`TokenizerError::TooLarge`] when not even the smallest tiles fit, or tiles are off.
    pub(super) fn tiles(&self, grid: Grid, tiling: Tiling) -> Result<Option<Tiles>, TokenizerError> {
        let factor = self.config.factor();
        let overlap = overlap_tokens(factor);
        let whole = self.activations(1, grid);
        let too_large = |needed| TokenizerError::TooLarge {
            size: grid.size(factor),
            needed: self.weights + needed,
            budget: self.device.memory_budget(),
        };
        let cover = |side: u32| {
            let tiles = Tiles::cover(grid, side.div_ceil(factor), overlap);
            (tiles.tiles.len() > 1).then_some(tiles)
        };
        match (tiling, whole) {
            (Tiling::Side(side), _) => {
                let Some(tiles) = cover(side.max(1)) else { return whole.map(|_| None).map_err(too_large) };
                self.activations(1, tiles.size).map_err(too_large)?;
                Ok(Some(tiles))
            }
            (Tiling::Auto | Tiling::Off, Ok(_)) => Ok(None),
            (Tiling::Off, Err(needed)) => Err(too_large(needed)),
            (Tiling::Auto, Err(needed)) => TILE_SIDES
                .into_iter()
                .filter_map(cover)
                .find(|tiles| self.activations(1, tiles.size).is_ok())
                .map(Some)
                .ok_or_else(|| too_large(needed)),
        }
    }

    /// The plan for `items` pictures.
    ///
    /// # Errors
    /// As [`Planner::tiles`].
    pub(super) fn plan(&self, items: u32, grid: Grid, tiling: Tiling) -> Result<MemoryPlan, TokenizerError> {
        let factor = self.config.factor();
        let tiles = self.tiles(grid, tiling)?;
        let (items, size) = match &tiles {
            Some(tiles) => (1, tiles.size),
            None => (self.batch(items, grid), grid),
        };
        Ok(MemoryPlan {
            weights: self.weights,
            activations: self.activations(items, size).unwrap_or_else(|bytes| bytes),
            tiles: tiles.map(|tiles| tiles.layout(factor, overlap_tokens(factor), tiling)),
        })
    }
}

/// A picture's size in tokens.
///
/// # Errors
/// [`TokenizerError::Input`] when a side is 0 or no multiple of the factor.
pub(super) fn grid_of(size: Size, factor: u32) -> Result<Grid, TokenizerError> {
    let Size { width, height } = size;
    if width == 0 || height == 0 || !width.is_multiple_of(factor) || !height.is_multiple_of(factor) {
        return Err(TokenizerError::Input(format!(
            "a picture of {size} pixels does not fit: both sides must be multiples of {factor}"
        )));
    }
    Ok(Grid::new(height / factor, width / factor))
}
