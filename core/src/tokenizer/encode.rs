//! Pictures to tokens.

use image::RgbImage;
use web_time::Instant;

use crate::{
    gpu::{Stage, Times},
    job::Job,
    picture::Size,
    tokens::{Grid, TokenGrid},
};

use super::{
    Encoding, RunOptions, Tokenizer, TokenizerError,
    model::{Shaped, put, take},
    network::EncoderIo,
    plan::grid_of,
    progress::JobPart,
    tiles::{Blend, Tile, Tiles, overlap_tokens},
};

/// Share of the time of encoding that the encoder takes; the lookup takes the rest.
const ENCODER_SHARE: f32 = 0.9;

/// What one encoder run gives.
struct Codes {
    indices: Vec<u32>,
    margins: Vec<f32>,
    latents: Option<Vec<f32>>,
}

impl Tokenizer {
    /// Encodes pictures of one size, whose sides are multiples of the factor.
    ///
    /// # Errors
    /// [`TokenizerError`]: a size that does not fit, no memory, cancelled, a lost device.
    pub async fn encode(
        &self,
        pictures: &[RgbImage],
        options: &RunOptions,
        job: &Job,
    ) -> Result<Encoding, TokenizerError> {
        let Some(first) = pictures.first() else {
            return Err(TokenizerError::Input("no picture to encode".to_owned()));
        };
        if let Some(other) = pictures.iter().find(|other| other.dimensions() != first.dimensions()) {
            let (first, other) = (Size::of(first), Size::of(other));
            return Err(TokenizerError::Input(format!(
                "pictures of one batch must have one size, but these have {first} and {other} pixels"
            )));
        }
        let factor = self.config().factor();
        let grid = grid_of(Size::of(first), factor)?;
        let tiles = self.planner().tiles(grid, options.tiling)?;
        let mut times = Times::default();
        let mut all = Vec::with_capacity(pictures.len());
        job.stage(Stage::Encode.name());
        if let Some(tiles) = &tiles {
            for (index, picture) in pictures.iter().enumerate() {
                let part = JobPart { job, index, count: pictures.len() };
                all.push(self.encode_tiles(picture, tiles, grid, options, &part, &mut times).await?);
            }
        } else {
            let batch = self.planner().batch(pictures.len() as u32, grid) as usize;
            let count = pictures.len().div_ceil(batch);
            for (index, chunk) in pictures.chunks(batch).enumerate() {
                let part = JobPart { job, index, count };
                let codes = self.encode_batch(chunk, grid, options, &part, &mut times).await?;
                all.extend(self.split(&codes, chunk.len()));
            }
        }
        let (mut grids, mut margins, mut latents) = (Vec::new(), Vec::new(), Vec::new());
        for codes in all {
            grids.push(TokenGrid { rows: grid.rows, cols: grid.cols, tokens: codes.indices });
            margins.push(codes.margins);
            latents.extend(codes.latents);
        }
        Ok(Encoding {
            grids,
            margins: options.margins.then_some(margins),
            latents: options.latents.then_some(latents),
            times: times.stages,
            kernels: times.kernels,
            tiles: tiles.map(|tiles| tiles.layout(factor, overlap_tokens(factor), options.tiling)),
        })
    }

    async fn encode_tiles(
        &self,
        picture: &RgbImage,
        tiles: &Tiles,
        grid: Grid,
        options: &RunOptions,
        picture_part: &JobPart<'_>,
        times: &mut Times,
    ) -> Result<Codes, TokenizerError> {
        let factor = self.config().factor();
        let Size { width, height } = tiles.size.size(factor);
        let dimension = self.config().quantizer().dimension as usize;
        let count = tiles.tiles.len() as f32;
        let shaped = self.shaped_encoder(1, tiles.size, times).await?;
        let mut blend = Blend::new(Size::new(grid.cols, grid.rows), dimension, overlap_tokens(factor));
        for (index, &tile) in tiles.tiles.iter().enumerate() {
            let Tile { left, top } = tile.scaled(factor);
            let view = image::imageops::crop_imm(picture, left, top, width, height).to_image();
            let report = |done: f32| picture_part.report(ENCODER_SHARE * (index as f32 + done) / count);
            self.run_encoder(&shaped, &[view], options, (picture_part.job, &report), times).await?;
            let latents = shaped.program.values(&shaped.io.latent).await?;
            blend.add(&latents, tiles.size.cols, tile);
        }
        let latents = blend.finish();
        let mut whole = Codes {
            indices: vec![0; grid.tokens() as usize],
            margins: vec![0.0; grid.tokens() as usize],
            latents: None,
        };
        for (index, &tile) in tiles.tiles.iter().enumerate() {
            let tile_latents: Vec<f32> = tiles
                .positions(tile)
                .flat_map(|at| &latents[at * dimension..][..dimension])
                .copied()
                .collect();
            shaped.program.put(&shaped.io.latent, &tile_latents);
            let report = |done: f32| {
                picture_part.report(ENCODER_SHARE + (1.0 - ENCODER_SHARE) * (index as f32 + done) / count);
            };
            let codes = self.run_lookup(&shaped, options, (picture_part.job, &report), times).await?;
            for (inner, outer) in tiles.positions(tile).enumerate() {
                whole.indices[outer] = codes.indices[inner];
                whole.margins[outer] = codes.margins[inner];
            }
        }
        put(&self.0.encoder, shaped);
        whole.latents = options.latents.then_some(latents);
        Ok(whole)
    }

    /// Pictures of one size to codes, with latents on request.
    async fn encode_batch(
        &self,
        pictures: &[RgbImage],
        grid: Grid,
        options: &RunOptions,
        part: &JobPart<'_>,
        times: &mut Times,
    ) -> Result<Codes, TokenizerError> {
        let shaped = self.shaped_encoder(pictures.len() as u32, grid, times).await?;
        let report = |done: f32| part.report(ENCODER_SHARE * done);
        self.run_encoder(&shaped, pictures, options, (part.job, &report), times).await?;
        let report = |done: f32| part.report(ENCODER_SHARE + (1.0 - ENCODER_SHARE) * done);
        let mut codes = self.run_lookup(&shaped, options, (part.job, &report), times).await?;
        if options.latents {
            codes.latents = Some(shaped.program.values(&shaped.io.latent).await?);
        }
        put(&self.0.encoder, shaped);
        Ok(codes)
    }

    /// Runs the encoder up to the latent vectors.
    async fn run_encoder(
        &self,
        shaped: &Shaped<EncoderIo>,
        pictures: &[RgbImage],
        options: &RunOptions,
        (job, report): (&Job, &dyn Fn(f32)),
        times: &mut Times,
    ) -> Result<(), TokenizerError> {
        let program = &shaped.program;
        let started = Instant::now();
        program.write(shaped.io.pixels, &packed(pictures));
        let runs = program.run(0..shaped.first_stage, options.kernel_times, job, &report).await?;
        times.add_kernels(Stage::Encode, &runs);
        times.add_since(Stage::Encode, started);
        Ok(())
    }

    /// Looks up the codes of the latent vectors that are there.
    async fn run_lookup(
        &self,
        shaped: &Shaped<EncoderIo>,
        options: &RunOptions,
        (job, report): (&Job, &dyn Fn(f32)),
        times: &mut Times,
    ) -> Result<Codes, TokenizerError> {
        let (program, io) = (&shaped.program, &shaped.io);
        let started = Instant::now();
        let lookup = shaped.first_stage..program.operations();
        let runs = program.run(lookup, options.kernel_times, job, &report).await?;
        times.add_kernels(Stage::Lookup, &runs);
        let count = u64::from(shaped.items) * shaped.grid.tokens();
        let indices: Vec<u32> = program.read(io.indices, count).await?;
        times.add_since(Stage::Lookup, started);
        if let Some(position) = indices.iter().position(|&index| index >= self.0.config.quantizer().codes) {
            return Err(TokenizerError::NotFinite { position });
        }
        let margins =
            if options.margins { program.read(io.margins, count).await? } else { vec![0.0; indices.len()] };
        Ok(Codes { indices, margins, latents: None })
    }

    /// The compiled encoder for pictures of this size: that of the last run, if it fits.
    async fn shaped_encoder(
        &self,
        items: u32,
        grid: Grid,
        times: &mut Times,
    ) -> Result<Shaped<EncoderIo>, TokenizerError> {
        match take(&self.0.encoder).filter(|shaped| shaped.items == items && shaped.grid == grid) {
            Some(shaped) => Ok(shaped),
            None => self.compile_encoder(items, grid, times).await,
        }
    }

    async fn compile_encoder(
        &self,
        items: u32,
        grid: Grid,
        times: &mut Times,
    ) -> Result<Shaped<EncoderIo>, TokenizerError> {
        let started = Instant::now();
        let (graph, io) = self.planner().encoder(items, grid, false);
        times.add_since(Stage::Plan, started);
        let started = Instant::now();
        let program = self.0.executor.prepare(graph, self.0.storage).await?;
        times.add_since(Stage::Compile, started);
        let first_stage = io.encode_ops;
        Ok(Shaped { items, grid, program, io, first_stage })
    }

    /// The codes of a batch, picture by picture.
    fn split(&self, codes: &Codes, pictures: usize) -> Vec<Codes> {
        let positions = codes.indices.len() / pictures.max(1);
        let dimension = self.config().quantizer().dimension as usize;
        (0..pictures)
            .map(|picture| Codes {
                indices: codes.indices[picture * positions..][..positions].to_vec(),
                margins: codes.margins[picture * positions..][..positions].to_vec(),
                latents: codes.latents.as_ref().map(|latents| {
                    latents[picture * positions * dimension..][..positions * dimension].to_vec()
                }),
            })
            .collect()
    }
}

/// Pixels as the kernel reads them: one u32 each, red in the lowest byte.
fn packed(pictures: &[RgbImage]) -> Vec<u32> {
    let pixels = pictures.iter().flat_map(RgbImage::pixels);
    pixels.map(|&image::Rgb([red, green, blue])| u32::from_le_bytes([red, green, blue, 255])).collect()
}
