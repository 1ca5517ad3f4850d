//! Where a run takes its images from.

use std::time::Duration;

use burn::tensor::{Device, Tensor};
use ibq_core::data_set::Skipped;

use super::{error::DataError, memory::Pictures};
use crate::random::Random;

/// Which images of a run are requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Steps done.
    pub step: u64,
    /// 0 is the batch of the step; others are what a step needs besides, such as latents for the start of the codebook.
    pub part: u64,
}

/// Gives batches of random squares, the same for the same run, however often it was stopped.
pub trait Source {
    /// `count` squares of `side` pixels, half of them mirrored, as `[count, 3, side, side]` in [-1, 1].
    ///
    /// `random` is the run's own generator, whose state a checkpoint keeps. A source draws from it, or depends on
    /// nothing but its seed and `draw`.
    ///
    /// # Errors
    /// [`DataError`].
    fn draw(
        &self,
        draw: Draw,
        count: usize,
        side: usize,
        random: &mut Random,
        device: &Device,
    ) -> Result<Tensor<4>, DataError>;

    /// Images.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Files that turned out to be unusable since this was last called.
    fn newly_skipped(&self) -> Vec<Skipped> {
        Vec::new()
    }

    /// How long steps waited for images since this was last called.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

impl Source for Pictures {
    fn draw(
        &self,
        _: Draw,
        count: usize,
        side: usize,
        random: &mut Random,
        device: &Device,
    ) -> Result<Tensor<4>, DataError> {
        Ok(self.random_crops(count, side, random, device))
    }

    fn len(&self) -> usize {
        self.len()
    }
}
