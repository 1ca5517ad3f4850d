//! The loop that makes tokens: the same for pictures and for measuring.

use web_time::Instant;

use crate::{
    gpu::{Dispatch, Gpu},
    job::Job,
};

use super::{
    TransformerError,
    run::{Activations, Sequences},
    sampler::Sampler,
};

/// What one submission should take, in milliseconds: long enough that reading the tokens back costs little, short enough
/// that a picture can be seen growing.
const SLICE_MS: f64 = 30.0;
/// Most tokens of one submission.
const MOST_STEPS: u32 = 32;

/// Makes tokens of some pictures, a few at a time.
pub(crate) struct TokenLoop {
    gpu: Gpu,
    /// The dispatches that make one token of every picture and advance the position.
    step: Vec<Dispatch>,
    sampler: Sampler,
    /// Tokens of the next submission.
    next: u32,
    /// Bind groups hold the buffers; these count them while they live.
    _memory: (Sequences, Activations),
}

impl TokenLoop {
    pub(super) fn new(
        gpu: Gpu,
        step: Vec<Dispatch>,
        sampler: Sampler,
        sequences: Sequences,
        activations: Activations,
    ) -> Self {
        Self { gpu, step, sampler, next: 1, _memory: (sequences, activations) }
    }

    /// The dispatches that make one token of every picture.
    pub(crate) fn step(&self) -> &[Dispatch] {
        &self.step
    }

    /// All tokens so far, picture by picture.
    ///
    /// # Errors
    /// [`TransformerError`]: the device was lost.
    pub(super) async fn tokens(&self) -> Result<Vec<u32>, TransformerError> {
        self.sampler.read_tokens(&self.gpu).await
    }

    /// Makes the next tokens, at least one and at most `most` of every picture, in one submission. Returns how many these
    /// were, and all tokens so far, picture by picture.
    ///
    /// # Errors
    /// [`TransformerError`]: cancelled, or the device was lost.
    pub(crate) async fn advance(
        &mut self,
        most: u32,
        job: &Job,
    ) -> Result<(u32, Vec<u32>), TransformerError> {
        job.check()?;
        let started = Instant::now();
        let steps = self.next.min(most).max(1);
        if steps == 1 {
            // A single token may take long: that can be cancelled within.
            self.gpu.run(&self.step, false, job, |_| {}).await?;
        } else {
            self.gpu.submit(&self.step, steps);
        }
        let tokens = self.tokens().await?;
        let each = started.elapsed().as_secs_f64() * 1e3 / f64::from(steps);
        self.next = ((SLICE_MS / each.max(1e-3)) as u32).clamp(1, MOST_STEPS);
        Ok((steps, tokens))
    }
}
