//! Pictures to tokens.

use image::RgbImage;
use web_time::Instant;

use crate::{job::Job, ops::Program, tokens::TokenGrid};

use super::{
    Encoding, RunOptions, Tokenizer, TokenizerError,
    model::{Shaped, put, take, words},
    network::EncoderIo,
    plan::grid_of,
    tiles::{Tiles, overlap_tokens},
    times::{Part, Times},
};

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
                all.extend(self.split(&codes, chunk.len()));
            }
        }
        let (mut grids, mut margins, mut latents) = (Vec::new(), Vec::new(), Vec::new());
        for codes in all {
            grids.push(TokenGrid { rows: grid.0, cols: grid.1, tokens: codes.indices });
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
            for (row, col, inner, outer) in tiles.positions(tile) {
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

    /// The codes of a batch, picture by picture.
    fn split(&self, codes: &Codes, pictures: usize) -> Vec<Codes> {
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

/// Pixels as the kernel reads them: one u32 each, red in the lowest byte.
fn packed(pictures: &[RgbImage]) -> Vec<u8> {
    let pixels = pictures.iter().flat_map(RgbImage::pixels);
    pixels.flat_map(|&image::Rgb([red, green, blue])| [red, green, blue, 255]).collect()
}
