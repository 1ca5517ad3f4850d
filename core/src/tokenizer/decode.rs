//! Tokens to pictures.

use image::RgbImage;
use web_time::Instant;

use crate::{
    gpu::{Stage, Times},
    job::Job,
    tokens::{Grid, TokenGrid},
};

use super::{
    Decoding, RunOptions, Tokenizer, TokenizerError,
    model::{Shaped, put, take},
    network::DecoderIo,
    progress::JobPart,
    tiles::{Blend, Tiles, overlap_tokens},
};

impl Tokenizer {
    /// Decodes grids of one size.
    ///
    /// # Errors
    /// [`TokenizerError`]: a token beyond the codebook, no memory, cancelled, a lost device.
    pub async fn decode(
        &self,
        grids: &[TokenGrid],
        options: &RunOptions,
        job: &Job,
    ) -> Result<Decoding, TokenizerError> {
        let Some(first) = grids.first() else {
            return Err(TokenizerError::Input("no tokens to decode".to_owned()));
        };
        let grid = first.grid();
        for other in grids {
            self.check_grid(other, grid)?;
        }
        let factor = self.config().factor();
        let tiles = self.planner().tiles(grid, options.tiling)?;
        let mut times = Times::default();
        let mut pictures = Vec::with_capacity(grids.len());
        job.stage(Stage::Decode.name());
        if let Some(tiles) = &tiles {
            for (index, whole) in grids.iter().enumerate() {
                let parts = (index * tiles.tiles.len(), grids.len() * tiles.tiles.len());
                pictures.push(self.decode_tiles(whole, tiles, options, (job, parts), &mut times).await?);
            }
        } else {
            let batch = self.planner().batch(grids.len() as u32, grid) as usize;
            let count = grids.len().div_ceil(batch);
            for (index, chunk) in grids.chunks(batch).enumerate() {
                let part = JobPart { job, index, count };
                let indices: Vec<u32> = chunk.iter().flat_map(|grid| &grid.tokens).copied().collect();
                let items = chunk.len() as u32;
                pictures.extend(self.run_decoder(&indices, items, grid, options, &part, &mut times).await?);
            }
        }
        Ok(Decoding {
            pictures,
            times: times.stages,
            kernels: times.kernels,
            tiles: tiles.map(|tiles| tiles.layout(factor, overlap_tokens(factor), options.tiling)),
        })
    }

    fn check_grid(&self, grid: &TokenGrid, expected: Grid) -> Result<(), TokenizerError> {
        let size = grid.grid();
        if size.tokens() == 0 || size.rows > 1 << 16 || size.cols > 1 << 16 {
            return Err(TokenizerError::Input(format!("a grid of {size} tokens cannot be decoded")));
        }
        if size.tokens() != grid.tokens.len() as u64 {
            let count = grid.tokens.len();
            return Err(TokenizerError::Input(format!("a grid of {size} tokens holds {count}")));
        }
        if size != expected {
            return Err(TokenizerError::Input(format!(
                "grids of one batch must have one size, but these have {expected} and {size} tokens"
            )));
        }
        let codes = self.config().quantizer().codes;
        match grid.tokens.iter().position(|&token| token >= codes) {
            Some(at) => Err(TokenizerError::Input(format!(
                "token {at} is {}, but the codebook has {codes} codes (0 to {})",
                grid.tokens[at],
                codes - 1
            ))),
            None => Ok(()),
        }
    }

    async fn decode_tiles(
        &self,
        whole: &TokenGrid,
        tiles: &Tiles,
        options: &RunOptions,
        (job, (before, count)): (&Job, (usize, usize)),
        times: &mut Times,
    ) -> Result<RgbImage, TokenizerError> {
        let factor = self.config().factor();
        let size = whole.grid().size(factor);
        let mut blend = Blend::new(size, 3, overlap_tokens(factor) * factor);
        for (index, &tile) in tiles.tiles.iter().enumerate() {
            let part = JobPart { job, index: before + index, count };
            let tokens: Vec<u32> = tiles.positions(tile).map(|at| whole.tokens[at]).collect();
            let pictures = self.run_decoder(&tokens, 1, tiles.size, options, &part, times).await?;
            for picture in pictures {
                blend.add(picture.as_raw(), picture.width(), tile.scaled(factor));
            }
        }
        let pixels: Vec<u8> = blend.finish().iter().map(|value| value.round() as u8).collect();
        RgbImage::from_raw(size.width, size.height, pixels)
            .ok_or_else(|| TokenizerError::Input(format!("a picture of {size} pixels is too large")))
    }

    /// One run of the decoder.
    async fn run_decoder(
        &self,
        indices: &[u32],
        items: u32,
        grid: Grid,
        options: &RunOptions,
        part: &JobPart<'_>,
        times: &mut Times,
    ) -> Result<Vec<RgbImage>, TokenizerError> {
        let inner = &*self.0;
        let cached = take(&inner.decoder).filter(|shaped| shaped.items == items && shaped.grid == grid);
        let shaped = match cached {
            Some(shaped) => shaped,
            None => self.compile_decoder(items, grid, times).await?,
        };
        let (program, io) = (&shaped.program, &shaped.io);
        let started = Instant::now();
        program.write(io.indices, indices);
        let all = 0..program.operations();
        let runs = program.run(all, options.kernel_times, part.job, &|done| part.report(done)).await?;
        times.add_kernels(Stage::Decode, &runs);
        let (height, width) = (io.picture.h, io.picture.w);
        let pixels = u64::from(height) * u64::from(width);
        let words: Vec<u32> = program.read(io.pixels, u64::from(items) * pixels).await?;
        times.add_since(Stage::Decode, started);
        let unpack = |words: &[u32]| {
            let mut pixels = words.iter().map(|word| word.to_le_bytes());
            RgbImage::from_fn(width, height, |_, _| {
                pixels
                    .next()
                    .map_or(image::Rgb([0; 3]), |[red, green, blue, _]| image::Rgb([red, green, blue]))
            })
        };
        let pictures = words.chunks_exact(pixels as usize).map(unpack).collect();
        put(&inner.decoder, shaped);
        Ok(pictures)
    }

    async fn compile_decoder(
        &self,
        items: u32,
        grid: Grid,
        times: &mut Times,
    ) -> Result<Shaped<DecoderIo>, TokenizerError> {
        let started = Instant::now();
        let (graph, io) = self.planner().decoder(items, grid, false);
        times.add_since(Stage::Plan, started);
        let started = Instant::now();
        let program = self.0.executor.prepare(graph, self.0.storage).await?;
        times.add_since(Stage::Compile, started);
        let first_stage = program.operations();
        Ok(Shaped { items, grid, program, io, first_stage })
    }
}
