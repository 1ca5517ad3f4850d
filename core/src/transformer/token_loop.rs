//! The loop that makes tokens: the same for pictures and for measuring.

use web_time::Instant;

use crate::{gpu::KernelRun, job::Job, ops::Program};

use super::{
    TransformerError,
    sequences::{Kept, Sequences},
};

/// What one submission should take, in milliseconds: long enough that reading the tokens back costs little, short enough
/// that a picture can be seen growing.
const SLICE_MS: f64 = 30.0;
/// Most tokens of one submission.
const MOST_STEPS: u32 = 32;

/// Makes tokens of some pictures, a few at a time.
pub(crate) struct TokenLoop {
    /// Makes one token of every picture and advances the position.
    step: Box<dyn Program>,
    sequences: Sequences,
    /// Tokens of all pictures.
    count: u64,
    /// Tokens of the next submission.
    next: u32,
}

impl TokenLoop {
    pub(super) fn new(step: Box<dyn Program>, sequences: Sequences, block: u32) -> Self {
        let count = u64::from(sequences.pictures) * u64::from(block);
        Self { step, sequences, count, next: 1 }
    }

    /// Dispatches or operations of one step, and the bytes that it must move at least.
    pub(crate) fn cost(&self) -> (usize, f64) {
        self.step.cost()
    }

    /// Makes one token, and measures what each kernel takes, where the device can.
    ///
    /// # Errors
    /// [`TransformerError`]: cancelled, or the device was lost.
    pub(crate) async fn timed(&self, job: &Job) -> Result<Vec<KernelRun>, TransformerError> {
        Ok(self.step.run(0..self.step.operations(), true, job, &|_| {}).await?)
    }

    /// All tokens so far, picture by picture.
    ///
    /// # Errors
    /// [`TransformerError`]: the device was lost.
    pub(super) async fn tokens(&self) -> Result<Vec<u32>, TransformerError> {
        Ok(self.sequences.read(Kept::Tokens, self.count).await?)
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
            self.step.run_all(job).await?;
        } else {
            self.step.repeat(steps, job).await?;
        }
        let tokens = self.tokens().await?;
        let each = started.elapsed().as_secs_f64() * 1e3 / f64::from(steps);
        self.next = ((SLICE_MS / each.max(1e-3)) as u32).clamp(1, MOST_STEPS);
        Ok((steps, tokens))
    }
}
