//! Drawing tokens from logits on the GPU.

use ibq_shaders::{
    Kernel, NO_INDEX, Storage,
    params::{SampleParams, SampleSettings},
};

use crate::{
    gpu::{Bound, Buffer, DispatchBuilder, Extent, Gpu},
    job::Job,
};

use super::{Sampling, TransformerError};

/// How the tokens of one picture are drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) sampling: Sampling,
    pub(super) seed: u64,
    pub(super) number: u32,
    /// Given tokens from the first position on.
    pub(super) fixed: Vec<Option<u32>>,
}

/// The buffers of the sampling kernel for some pictures.
#[derive(Debug)]
pub(super) struct Sampler {
    pictures: u32,
    vocab: u32,
    block: u32,
    settings: Buffer,
    guidance: Buffer,
    fixed: Buffer,
    /// [pictures, block]
    pub(super) tokens: Buffer,
    /// [pictures, vocab]
    guided: Buffer,
    filters: Buffer,
}

impl Sampler {
    /// Buffers for these pictures of `block` tokens each. Given tokens are in their places already.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory.
    pub(super) async fn new(
        gpu: &Gpu,
        drawings: &[Drawing],
        vocab: u32,
        block: u32,
    ) -> Result<Self, TransformerError> {
        let mut settings = Vec::new();
        let mut guidance = Vec::new();
        let mut fixed = Vec::new();
        for Drawing { sampling, seed, number, fixed: given } in drawings {
            settings.push(SampleSettings {
                seed_low: *seed as u32,
                seed_high: (*seed >> 32) as u32,
                number: *number,
                top_k: sampling.top_k,
                temperature: sampling.temperature,
                top_p: sampling.top_p,
            });
            guidance.extend(sampling.scales(block));
            let given = given.iter().map(|token| token.unwrap_or(NO_INDEX));
            fixed.extend(given.chain(std::iter::repeat(NO_INDEX)).take(block as usize));
        }
        let tokens: Vec<u32> = fixed.iter().map(|&token| if token == NO_INDEX { 0 } else { token }).collect();
        let pictures = drawings.len() as u32;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        Ok(Self {
            pictures,
            vocab,
            block,
            settings: gpu.upload("settings", bytemuck::cast_slice(&settings)).await?,
            guidance: gpu.upload("guidance", bytemuck::cast_slice(&guidance)).await?,
            fixed: gpu.upload("given tokens", bytemuck::cast_slice(&fixed)).await?,
            tokens: gpu.upload("tokens", bytemuck::cast_slice(&tokens)).await?,
            guided: gpu.buffer("guided logits", u64::from(pictures) * u64::from(vocab) * 4, usage).await?,
            filters: gpu.buffer("filters", u64::from(pictures) * 4, usage).await?,
        })
    }

    /// The dispatch that draws at the position of the state. `logits` has rows of `stride` values; with `unconditional`
    /// the second half of them is without a class.
    pub(super) fn dispatch<'a>(
        &'a self,
        state: &'a Buffer,
        logits: &'a Buffer,
        stride: u32,
        unconditional: bool,
    ) -> DispatchBuilder<'a> {
        let buffers = [
            state,
            logits,
            &self.settings,
            &self.guidance,
            &self.fixed,
            &self.tokens,
            &self.guided,
            &self.filters,
        ];
        DispatchBuilder {
            kernel: Kernel::Sample,
            storage: Storage::F32,
            params: SampleParams {
                pictures: self.pictures,
                vocab: self.vocab,
                stride,
                block: self.block,
                unconditional: unconditional.into(),
            }
            .into(),
            bindings: buffers.map(Bound::whole).to_vec(),
            extent: Extent::Workgroups([self.pictures, 1, 1]),
            label: "sample".into(),
            flops: 0.0,
            bytes: f64::from(self.pictures) * f64::from(self.vocab) * 12.0,
        }
    }

    /// All tokens so far, picture by picture.
    ///
    /// # Errors
    /// [`TransformerError`]: the device was lost.
    pub(super) async fn read_tokens(&self, gpu: &Gpu) -> Result<Vec<u32>, TransformerError> {
        Ok(gpu.read_words(&self.tokens, u64::from(self.pictures) * u64::from(self.block)).await?)
    }
}

/// Logits of one position of one picture, and how to draw from them.
#[derive(Clone, Debug)]
pub struct LogitRow<'a> {
    /// With the class.
    pub conditional: &'a [f32],
    /// Without a class; needed for guidance.
    pub unconditional: Option<&'a [f32]>,
    /// How to draw. A guidance schedule is at its end.
    pub sampling: Sampling,
    /// Seed of the draw.
    pub seed: u64,
    /// Number of the picture.
    pub number: u32,
}

/// What the sampler made of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Guided logits, divided by the temperature.
    pub guided: Vec<f32>,
    /// Whether the filters keep each token.
    pub kept: Vec<bool>,
    /// The token; none where a logit is not a number.
    pub token: Option<u32>,
}

/// Runs the sampler alone on logits from elsewhere: all rows as if at position 0 of a picture.
///
/// # Errors
/// [`TransformerError`]: rows of different lengths, settings that make no sense, no memory, a lost device.
pub async fn draw(gpu: &Gpu, rows: &[LogitRow<'_>]) -> Result<Vec<Drawn>, TransformerError> {
    let wrong = |reason: &str| TransformerError::Input(reason.to_owned());
    let vocab = rows.first().map_or(0, |row| row.conditional.len());
    if vocab == 0 {
        return Err(wrong("no logits to draw from"));
    }
    let two_rows = rows.iter().any(|row| row.unconditional.is_some());
    let mut conditional = Vec::new();
    let mut unconditional = Vec::new();
    let mut drawings = Vec::new();
    for row in rows {
        row.sampling.validate()?;
        let without = row.unconditional.unwrap_or(row.conditional);
        if row.conditional.len() != vocab || without.len() != vocab {
            return Err(wrong("rows of logits must have one length"));
        }
        if row.sampling.is_guided() && row.unconditional.is_none() {
            return Err(wrong("guidance needs the logits without a class"));
        }
        conditional.extend_from_slice(row.conditional);
        if two_rows {
            unconditional.extend_from_slice(without);
        }
        let sampling = Sampling { schedule: super::Schedule::Constant, ..row.sampling };
        drawings.push(Drawing { sampling, seed: row.seed, number: row.number, fixed: Vec::new() });
    }
    conditional.append(&mut unconditional);
    let sampler = Sampler::new(gpu, &drawings, vocab as u32, 1).await?;
    let logits = gpu.upload("logits", bytemuck::cast_slice(&conditional)).await?;
    let state = super::run::state(gpu).await?;
    let dispatch = sampler.dispatch(&state, &logits, vocab as u32, two_rows).build(gpu).await?;
    gpu.run(&[dispatch], false, &Job::new(), |_| {}).await?;
    let tokens = sampler.read_tokens(gpu).await?;
    let filters: Vec<u32> = gpu.read_words(&sampler.filters, rows.len() as u64).await?;
    let guided: Vec<f32> = gpu.read_words(&sampler.guided, (rows.len() * vocab) as u64).await?;
    let drawn = |((guided, &least), &token): ((&[f32], &u32), &u32)| {
        let kept = guided.iter().map(|&value| ordered(value) >= least).collect();
        Drawn { guided: guided.to_vec(), kept, token: (token != NO_INDEX).then_some(token) }
    };
    Ok(guided.chunks_exact(vocab).zip(&filters).zip(&tokens).map(drawn).collect())
}

/// A number that is ordered as the float is.
fn ordered(value: f32) -> u32 {
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

#[cfg(test)]
mod tests;
