//! Where a training takes its pictures from.

use burn::tensor::{Device, Tensor};

use super::{DataError, Pictures};
use crate::random::Random;

/// Which pictures of a training are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Steps done.
    pub step: u64,
    /// 0 is the step's batch; others are what a step needs besides, such as latents for the start of the codebook.
    pub part: u64,
}

/// Gives batches of random squares, the same for the same training, however often it was stopped.
pub trait Source {
    /// `count` squares of `side` pixels, half of them mirrored, as `[count, 3, side, side]` in [-1, 1].
    ///
    /// `random` is the training's own generator, whose state a checkpoint keeps. A source draws from it, or depends on
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
}
