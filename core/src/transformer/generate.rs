//! Generating pictures token by token.

use ibq_shaders::NO_INDEX;

use crate::{job::Job, tokens::TokenGrid};

use super::{
    Condition, Sampling, Transformer, TransformerError,
    sample_inputs::{Drawing, SampleInputs},
    score::Passes,
    sequences::{Sequences, most_sequences, sequence_bytes},
    token_loop::TokenLoop,
};

/// Most pictures at a time.
const MOST_PICTURES: u64 = 32;

/// One picture to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureRequest {
    /// What it is to show.
    pub condition: Condition,
    /// How its tokens are drawn.
    pub sampling: Sampling,
    /// Seed of all draws.
    pub seed: u64,
    /// Number of the picture: with the same seed, another number gives another picture. Seed and number alone decide the
    /// draws, whatever else is made at the same time.
    pub number: u32,
    /// Tokens that are given, by position in raster order; what lies beyond the end of the list is free.
    pub fixed: Vec<Option<u32>>,
}

/// New tokens of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewTokens<'a> {
    /// Which of the pictures that were asked for.
    pub picture: usize,
    /// Position of the first of these tokens, in raster order.
    pub position: u32,
    /// The tokens.
    pub tokens: &'a [u32],
}

impl PictureRequest {
    /// How many tokens from the first on are given.
    fn prefix(&self) -> u32 {
        self.fixed.iter().take_while(|token| token.is_some()).count() as u32
    }
}

impl Transformer {
    /// Makes pictures, as many at a time as fit. `on_tokens` is told new tokens as they are made, a few at a time, and is
    /// also told those that were given.
    ///
    /// # Errors
    /// [`TransformerError`]: a class, token or setting that makes no sense, no memory, cancelled, logits that are not
    /// numbers.
    pub async fn generate(
        &self,
        pictures: &[PictureRequest],
        job: &Job,
        mut on_tokens: impl FnMut(NewTokens<'_>),
    ) -> Result<Vec<TokenGrid>, TransformerError> {
        for picture in pictures {
            picture.sampling.validate()?;
            picture.condition.class_mix(self.config().class_num)?;
            if picture.fixed.len() > self.config().block_size as usize {
                self.check_tokens(&vec![0; picture.fixed.len()])?;
            }
            for (position, token) in picture.fixed.iter().enumerate() {
                if let Some(token) = token.filter(|&token| token >= self.config().vocab_size) {
                    let codes = self.config().vocab_size;
                    let reason =
                        format!("given token {position} is {token}, but this model has only {codes} codes");
                    return Err(TransformerError::Input(reason));
                }
            }
        }
        job.stage("generate");
        let mut grids = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(self.pictures_at_once(pictures)) {
            let first = grids.len();
            let done = |share: f32| {
                job.set_progress((first as f32 + share * batch.len() as f32) / pictures.len() as f32);
            };
            let mut on_new_tokens =
                |new: NewTokens<'_>| on_tokens(NewTokens { picture: first + new.picture, ..new });
            grids.extend(self.batch(batch, job, &done, &mut on_new_tokens).await?);
        }
        Ok(grids)
    }

    /// Pictures at a time: as many as fit beside the weights.
    fn pictures_at_once(&self, pictures: &[PictureRequest]) -> usize {
        let (device, config, precision) = (self.device(), self.config(), self.precision());
        let sequences = if pictures.iter().any(|picture| picture.sampling.is_guided()) { 2 } else { 1 };
        let free = device.memory_budget().saturating_sub(self.weight_bytes());
        let most =
            (free / sequence_bytes(device, config, precision)).min(most_sequences(device, config, precision));
        (most / sequences).clamp(1, MOST_PICTURES) as usize
    }

    async fn batch(
        &self,
        pictures: &[PictureRequest],
        job: &Job,
        done: &impl Fn(f32),
        on_tokens: &mut impl FnMut(NewTokens<'_>),
    ) -> Result<Vec<TokenGrid>, TransformerError> {
        let config = self.config();
        let block = config.block_size;
        let drawing = |picture: &PictureRequest| Drawing {
            sampling: picture.sampling,
            seed: picture.seed,
            number: picture.number,
            fixed: picture.fixed.clone(),
        };
        let drawings: Vec<Drawing> = pictures.iter().map(drawing).collect();
        let mut conditions = Vec::new();
        for picture in pictures {
            conditions.push(picture.condition.class_mix(config.class_num)?);
        }
        if pictures.iter().any(|picture| picture.sampling.is_guided()) {
            conditions.resize(2 * pictures.len(), Condition::None.class_mix(config.class_num)?);
        }
        let inputs = SampleInputs::new(&drawings, block);
        let sequences = self.start_sequences(&conditions, &inputs, job).await?;

        // The given tokens that all pictures begin with go through the network together.
        let prefix = pictures.iter().map(PictureRequest::prefix).min().unwrap_or(0).min(block);
        let mut passes = Passes::new(self, &sequences, false);
        let most = passes.most();
        for first in (0..prefix).step_by(most as usize) {
            passes.run(first, most.min(prefix - first), job).await?;
            done(first as f32 / block as f32);
        }
        drop(passes);
        sequences.seek(prefix);

        let mut token_loop = self.token_loop(sequences).await?;
        let (mut made, mut position) = (0, prefix);
        let mut tokens = token_loop.tokens().await?;
        loop {
            for (picture, tokens) in tokens.chunks_exact(block as usize).enumerate() {
                let tokens = &tokens[made as usize..position as usize];
                if let Some(at) = tokens.iter().position(|&token| token == NO_INDEX) {
                    return Err(TransformerError::NotFinite { position: made + at as u32 });
                }
                if !tokens.is_empty() {
                    on_tokens(NewTokens { picture, position: made, tokens });
                }
            }
            made = position;
            done(position as f32 / block as f32);
            if position == block {
                break;
            }
            let (steps, all) = token_loop.advance(block - position, job).await?;
            tokens = all;
            position += steps;
        }
        let grid =
            |tokens: &[u32]| TokenGrid { rows: config.side(), cols: config.side(), tokens: tokens.to_vec() };
        Ok(tokens.chunks_exact(block as usize).map(grid).collect())
    }

    /// A loop for measuring: some pictures of class 0, so placed that `tokens` steps lie around the middle of a picture, where
    /// attention has its mean length.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, cancelled, a lost device.
    pub(crate) async fn measured_loop(
        &self,
        pictures: u32,
        guided: bool,
        tokens: u32,
        job: &Job,
    ) -> Result<TokenLoop, TransformerError> {
        let config = self.config();
        let cfg_scale = if guided { 2.0 } else { 1.0 };
        let drawing = |number| Drawing {
            sampling: Sampling { cfg_scale, ..Sampling::default() },
            seed: 0,
            number,
            fixed: Vec::new(),
        };
        let drawings: Vec<Drawing> = (0..pictures).map(drawing).collect();
        let mut conditions = vec![Condition::Class(0).class_mix(config.class_num)?; pictures as usize];
        if guided {
            conditions.resize(2 * pictures as usize, Condition::None.class_mix(config.class_num)?);
        }
        let inputs = SampleInputs::new(&drawings, config.block_size);
        let sequences = self.start_sequences(&conditions, &inputs, job).await?;
        sequences.seek((config.block_size - tokens.min(config.block_size)) / 2);
        self.token_loop(sequences).await
    }

    /// The loop that makes the tokens of these sequences from their position on.
    async fn token_loop(&self, sequences: Sequences) -> Result<TokenLoop, TransformerError> {
        let step = self.prepare(self.network(&sequences).token()).await?;
        Ok(TokenLoop::new(step, sequences, self.config().block_size))
    }
}
