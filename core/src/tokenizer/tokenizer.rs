//! A tokenizer on the GPU: loading, encoding, decoding.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ibq_shaders::Storage;
use image::RgbImage;
use web_time::Instant;

use crate::{
    gpu::{Dispatch, Gpu},
    job::Job,
    ops::{Parameters, Program},
    tokens::TokenGrid,
    weights::{Precision, TokenizerWeights},
};

use super::{
    Decoding, Encoding, KernelTime, MemoryPlan, RunOptions, StageTime, Tiling, TokenizerConfig,
    TokenizerError, load,
    network::{DecoderIo, EncoderIo},
    plan::{Planner, grid_of},
    tiles::{Blend, Tile, Tiles, overlap_tokens},
};

/// A tokenizer on the GPU. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) gpu: Gpu,
    pub(super) config: TokenizerConfig,
    pub(super) precision: Precision,
    pub(super) storage: Storage,
    pub(super) parameters: Parameters,
    /// The programs of the last shape, kept for the next picture of the same shape. A run takes its program out.
    encoder: Mutex<Option<Shaped<EncoderIo>>>,
    decoder: Mutex<Option<Shaped<DecoderIo>>>,
}

/// A program for one batch size and grid.
#[derive(Debug)]
struct Shaped<Io> {
    items: u32,
    grid: (u32, u32),
    program: Program,
    io: Io,
    /// Dispatches of the first stage (encode, or all of decode).
    first_stage: usize,
}

/// What one encoder run gives.
struct Codes {
    indices: Vec<u32>,
    margins: Vec<f32>,
    latents: Option<Vec<f32>>,
}

/// Progress of a job whose stage is cut into parts.
struct Part<'a> {
    job: &'a Job,
    index: usize,
    count: usize,
}

impl Part<'_> {
    fn report(&self, done: f32) {
        self.job.set_progress((self.index as f32 + done) / self.count as f32);
    }
}

/// Collects times over the runs of one call.
#[derive(Default)]
struct Times {
    stages: Vec<StageTime>,
    kernels: Vec<KernelTime>,
    index: HashMap<(&'static str, Arc<str>), usize>,
}

impl Times {
    fn stage(&mut self, stage: &'static str, ms: f64) {
        match self.stages.iter_mut().find(|time| time.stage == stage) {
            Some(time) => time.ms += ms,
            None => self.stages.push(StageTime { stage, ms }),
        }
    }

    fn kernels(&mut self, stage: &'static str, dispatches: &[Dispatch], times: &[f64]) {
        for (dispatch, ms) in dispatches.iter().zip(times) {
            let at = *self.index.entry((stage, Arc::clone(&dispatch.label))).or_insert_with(|| {
                let name = dispatch.label.to_string();
                self.kernels.push(KernelTime { name, stage, calls: 0, ms: 0.0, flops: 0.0, bytes: 0.0 });
                self.kernels.len() - 1
            });
            let kernel = &mut self.kernels[at];
            kernel.calls += 1;
            kernel.ms += ms;
            kernel.flops += dispatch.flops;
            kernel.bytes += dispatch.bytes;
        }
    }
}

impl Tokenizer {
    /// Uploads the weights tensor by tensor.
    ///
    /// # Errors
    /// [`TokenizerError`]: weights that cannot be read, no memory, cancelled.
    pub async fn load(
        gpu: &Gpu,
        weights: &TokenizerWeights,
        precision: Precision,
        job: &Job,
    ) -> Result<Self, TokenizerError> {
        let storage = gpu.storage(precision);
        let parameters = load::load(gpu, weights, storage, job).await?;
        Ok(Self(Arc::new(Inner {
            gpu: gpu.clone(),
            config: weights.config().clone(),
            precision,
            storage,
            parameters,
            encoder: Mutex::default(),
            decoder: Mutex::default(),
        })))
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        &self.0.config
    }

    /// The device it lives on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        &self.0.gpu
    }

    /// Storage precision.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.0.precision
    }

    /// Memory for a configuration that is not loaded yet: what a model chooser shows. `size` is width and height in
    /// pixels.
    ///
    /// # Errors
    /// [`TokenizerError`]: sides that are no multiples of the factor, or more than the device can ever hold.
    pub fn estimate(
        gpu: &Gpu,
        config: &TokenizerConfig,
        precision: Precision,
        size: (u32, u32),
        batch: u32,
        tiling: Tiling,
    ) -> Result<MemoryPlan, TokenizerError> {
        config.validate()?;
        let storage = gpu.storage(precision);
        let weights = config.parameter_count() * storage.bytes_of_four() / 4;
        let grid = grid_of(size, config.factor())?;
        Planner { gpu, config, storage, weights }.plan(batch, grid, tiling)
    }

    /// Memory for pictures of this size (width and height in pixels), known before anything is allocated.
    ///
    /// # Errors
    /// [`TokenizerError`]: sides that are no multiples of the factor, or more than the device can ever hold.
    pub fn plan(&self, size: (u32, u32), batch: u32, tiling: Tiling) -> Result<MemoryPlan, TokenizerError> {
        let grid = grid_of(size, self.0.config.factor())?;
        self.planner().plan(batch, grid, tiling)
    }

    pub(super) fn planner(&self) -> Planner<'_> {
        let inner = &self.0;
        let weights = inner.parameters.bytes();
        Planner { gpu: &inner.gpu, config: &inner.config, storage: inner.storage, weights }
    }

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
            let ((w, h), (ow, oh)) = (first.dimensions(), other.dimensions());
            return Err(TokenizerError::Input(format!(
                "pictures of one batch must have one size, but these have {w} × {h} and {ow} × {oh} pixels"
            )));
        }
        let factor = self.config().factor();
        let grid = grid_of(first.dimensions(), factor)?;
        let tiles = self.planner().tiles(grid, options.tiling)?;
        let mut times = Times::default();
        let mut all = Vec::with_capacity(pictures.len());
        job.stage("encode");
        if let Some(tiles) = &tiles {
            for (index, picture) in pictures.iter().enumerate() {
                let parts = (index * tiles.tiles.len(), pictures.len() * tiles.tiles.len());
                all.push(self.encode_tiles(picture, tiles, grid, options, (job, parts), &mut times).await?);
            }
        } else {
            let batch = self.planner().batch(pictures.len() as u32, grid) as usize;
            let count = pictures.len().div_ceil(batch);
            for (index, chunk) in pictures.chunks(batch).enumerate() {
                let part = Part { job, index, count };
                let codes = self.run_encoder(chunk, grid, options, &part, &mut times).await?;
                all.extend(self.split(codes, chunk.len()));
            }
        }
        let grids =
            all.iter().map(|codes| TokenGrid { rows: grid.0, cols: grid.1, tokens: codes.indices.clone() });
        let grids: Vec<TokenGrid> = grids.collect();
        let (mut margins, mut latents) = (Vec::new(), Vec::new());
        for codes in all {
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
        let grid = (first.rows, first.cols);
        for other in grids {
            self.check_grid(other, grid)?;
        }
        let factor = self.config().factor();
        let tiles = self.planner().tiles(grid, options.tiling)?;
        let mut times = Times::default();
        let mut pictures = Vec::with_capacity(grids.len());
        job.stage("decode");
        if let Some(tiles) = &tiles {
            for (index, whole) in grids.iter().enumerate() {
                let parts = (index * tiles.tiles.len(), grids.len() * tiles.tiles.len());
                pictures.push(self.decode_tiles(whole, tiles, options, (job, parts), &mut times).await?);
            }
        } else {
            let batch = self.planner().batch(grids.len() as u32, grid) as usize;
            let count = grids.len().div_ceil(batch);
            for (index, chunk) in grids.chunks(batch).enumerate() {
                let part = Part { job, index, count };
                let indices: Vec<u32> = chunk.iter().flat_map(|grid| &grid.tokens).copied().collect();
                let size = (chunk.len() as u32, grid);
                pictures.extend(self.run_decoder(&indices, size, options, &part, &mut times).await?);
            }
        }
        Ok(Decoding {
            pictures,
            times: times.stages,
            kernels: times.kernels,
            tiles: tiles.map(|tiles| tiles.layout(factor, overlap_tokens(factor), options.tiling)),
        })
    }

    fn check_grid(&self, grid: &TokenGrid, size: (u32, u32)) -> Result<(), TokenizerError> {
        let (rows, cols) = (grid.rows, grid.cols);
        if rows == 0 || cols == 0 || rows > 1 << 16 || cols > 1 << 16 {
            return Err(TokenizerError::Input(format!("a grid of {rows} × {cols} tokens cannot be decoded")));
        }
        if u64::from(rows) * u64::from(cols) != grid.tokens.len() as u64 {
            let count = grid.tokens.len();
            return Err(TokenizerError::Input(format!("a grid of {rows} × {cols} tokens holds {count}")));
        }
        if (rows, cols) != size {
            return Err(TokenizerError::Input(format!(
                "grids of one batch must have one size, but these have {} × {} and {rows} × {cols} tokens",
                size.0, size.1
            )));
        }
        let codes = self.config().n_embed;
        match grid.tokens.iter().position(|&token| token >= codes) {
            Some(at) => Err(TokenizerError::Input(format!(
                "token {at} is {}, but the codebook has {codes} codes (0 to {})",
                grid.tokens[at],
                codes - 1
            ))),
            None => Ok(()),
        }
    }

    async fn encode_tiles(
        &self,
        picture: &RgbImage,
        tiles: &Tiles,
        grid: (u32, u32),
        options: &RunOptions,
        (job, (before, count)): (&Job, (usize, usize)),
        times: &mut Times,
    ) -> Result<Codes, TokenizerError> {
        let factor = self.config().factor();
        let (height, width) = (tiles.size.0 * factor, tiles.size.1 * factor);
        let dimension = self.config().embed_dim as usize;
        let positions = grid.0 as usize * grid.1 as usize;
        let mut whole = Codes {
            indices: vec![0; positions],
            margins: vec![0.0; positions],
            latents: options.latents.then(|| vec![0.0; positions * dimension]),
        };
        let mut deepest = vec![-1; positions];
        for (index, &tile) in tiles.tiles.iter().enumerate() {
            let part = Part { job, index: before + index, count };
            let (left, top) = (tile.left * factor, tile.top * factor);
            let view = image::imageops::crop_imm(picture, left, top, width, height).to_image();
            let codes = self.run_encoder(&[view], tiles.size, options, &part, times).await?;
            for (row, col, inner, outer) in positions_of(tile, tiles.size, grid.1) {
                let depth = tiles.depth(tile, row, col);
                if depth <= deepest[outer] {
                    continue;
                }
                deepest[outer] = depth;
                whole.indices[outer] = codes.indices[inner];
                whole.margins[outer] = codes.margins[inner];
                if let (Some(to), Some(from)) = (&mut whole.latents, &codes.latents) {
                    to[outer * dimension..][..dimension]
                        .copy_from_slice(&from[inner * dimension..][..dimension]);
                }
            }
        }
        Ok(whole)
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
        let mut blend = Blend::new(whole.cols * factor, whole.rows * factor, overlap_tokens(factor) * factor);
        for (index, &tile) in tiles.tiles.iter().enumerate() {
            let part = Part { job, index: before + index, count };
            let positions = positions_of(tile, tiles.size, whole.cols);
            let tokens: Vec<u32> = positions.map(|(.., outer)| whole.tokens[outer]).collect();
            let pictures = self.run_decoder(&tokens, (1, tiles.size), options, &part, times).await?;
            for picture in pictures {
                blend.add(&picture, tile.left * factor, tile.top * factor);
            }
        }
        Ok(blend.finish())
    }

    /// One run of the encoder and the lookup, with latents on request.
    async fn run_encoder(
        &self,
        pictures: &[RgbImage],
        grid: (u32, u32),
        options: &RunOptions,
        part: &Part<'_>,
        times: &mut Times,
    ) -> Result<Codes, TokenizerError> {
        let inner = &*self.0;
        let items = pictures.len() as u32;
        let cached = take(&inner.encoder).filter(|shaped| shaped.items == items && shaped.grid == grid);
        let shaped = match cached {
            Some(shaped) => shaped,
            None => self.compile_encoder(items, grid).await?,
        };
        let (program, io, gpu) = (&shaped.program, &shaped.io, &inner.gpu);
        let started = Instant::now();
        gpu.write(program.buffer(io.pixels), 0, &packed(pictures));
        let (encode, lookup) = program.dispatches.split_at(shaped.first_stage);
        let measured =
            gpu.run(encode, options.kernel_times, part.job, |done| part.report(done * 0.9)).await?;
        times.kernels("encode", encode, &measured);
        times.stage("encode", started.elapsed().as_secs_f64() * 1e3);
        let started = Instant::now();
        let measured =
            gpu.run(lookup, options.kernel_times, part.job, |done| part.report(0.9 + done * 0.1)).await?;
        times.kernels("lookup", lookup, &measured);
        let bytes = u64::from(items) * u64::from(grid.0) * u64::from(grid.1) * 4;
        let indices = words(&gpu.read(program.buffer(io.indices), bytes).await?, u32::from_le_bytes);
        times.stage("lookup", started.elapsed().as_secs_f64() * 1e3);
        if let Some(position) = indices.iter().position(|&index| index >= inner.config.n_embed) {
            return Err(TokenizerError::NotFinite { position });
        }
        let margins = if options.margins {
            words(&gpu.read(program.buffer(io.margins), bytes).await?, f32::from_le_bytes)
        } else {
            vec![0.0; indices.len()]
        };
        let latents = if options.latents { Some(program.values(gpu, &io.latent).await?) } else { None };
        put(&inner.encoder, shaped);
        Ok(Codes { indices, margins, latents })
    }

    /// One run of the decoder.
    async fn run_decoder(
        &self,
        indices: &[u32],
        (items, grid): (u32, (u32, u32)),
        options: &RunOptions,
        part: &Part<'_>,
        times: &mut Times,
    ) -> Result<Vec<RgbImage>, TokenizerError> {
        let inner = &*self.0;
        let cached = take(&inner.decoder).filter(|shaped| shaped.items == items && shaped.grid == grid);
        let shaped = match cached {
            Some(shaped) => shaped,
            None => self.compile_decoder(items, grid).await?,
        };
        let (program, io, gpu) = (&shaped.program, &shaped.io, &inner.gpu);
        let started = Instant::now();
        gpu.write(program.buffer(io.indices), 0, bytemuck::cast_slice(indices));
        let dispatches = &program.dispatches;
        let measured = gpu.run(dispatches, options.kernel_times, part.job, |done| part.report(done)).await?;
        times.kernels("decode", dispatches, &measured);
        let (height, width) = (io.picture.h, io.picture.w);
        let picture_bytes = u64::from(height) * u64::from(width) * 4;
        let bytes = gpu.read(program.buffer(io.pixels), u64::from(items) * picture_bytes).await?;
        times.stage("decode", started.elapsed().as_secs_f64() * 1e3);
        let unpack = |bytes: &[u8]| {
            let mut pixels = bytes.as_chunks::<4>().0.iter();
            RgbImage::from_fn(width, height, |_, _| {
                pixels
                    .next()
                    .map_or(image::Rgb([0; 3]), |&[red, green, blue, _]| image::Rgb([red, green, blue]))
            })
        };
        let pictures = bytes.chunks_exact(picture_bytes as usize).map(unpack).collect();
        put(&inner.decoder, shaped);
        Ok(pictures)
    }

    async fn compile_encoder(
        &self,
        items: u32,
        grid: (u32, u32),
    ) -> Result<Shaped<EncoderIo>, TokenizerError> {
        let inner = &*self.0;
        let (graph, io) = self.planner().encoder(items, grid, false);
        let program = Program::compile(&inner.gpu, &graph, &inner.parameters, inner.storage).await?;
        let first_stage = program.dispatches_until(io.encode_ops);
        Ok(Shaped { items, grid, program, io, first_stage })
    }

    async fn compile_decoder(
        &self,
        items: u32,
        grid: (u32, u32),
    ) -> Result<Shaped<DecoderIo>, TokenizerError> {
        let inner = &*self.0;
        let (graph, io) = self.planner().decoder(items, grid, false);
        let program = Program::compile(&inner.gpu, &graph, &inner.parameters, inner.storage).await?;
        let first_stage = program.dispatches.len();
        Ok(Shaped { items, grid, program, io, first_stage })
    }

    /// The codes of a batch, picture by picture.
    fn split(&self, codes: Codes, pictures: usize) -> Vec<Codes> {
        let positions = codes.indices.len() / pictures.max(1);
        let dimension = self.config().embed_dim as usize;
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

/// (row and column in the whole, index in the tile, index in the whole) of every token of a tile.
fn positions_of(tile: Tile, size: (u32, u32), cols: u32) -> impl Iterator<Item = (u32, u32, usize, usize)> {
    (0..size.0 * size.1).map(move |inner| {
        let (row, col) = (tile.top + inner / size.1, tile.left + inner % size.1);
        (row, col, inner as usize, row as usize * cols as usize + col as usize)
    })
}

/// Pixels as the kernel reads them: one u32 each, red in the lowest byte.
fn packed(pictures: &[RgbImage]) -> Vec<u8> {
    let pixels = pictures.iter().flat_map(RgbImage::pixels);
    pixels.flat_map(|&image::Rgb([red, green, blue])| [red, green, blue, 255]).collect()
}

fn words<T>(bytes: &[u8], read: impl Fn([u8; 4]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&word| read(word)).collect()
}

fn take<T>(cache: &Mutex<Option<T>>) -> Option<T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn put<T>(cache: &Mutex<Option<T>>, value: T) {
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}
