//! What the engine is asked to do, as tasks.

use std::sync::Arc;

use ibq_core::{
    gpu::KernelTime,
    job::Job,
    tokenizer::{RunOptions, reconstruct},
};
use image::RgbImage;

use crate::studio::{failure::Failure, models::LoadedModel, selection::Processing};

/// The time of each kernel in one run.
pub(crate) struct KernelTimes {
    /// The model that ran.
    pub(super) model: u64,
    /// The picture that it ran on.
    pub(super) picture: Arc<RgbImage>,
    /// Width and height of what came back.
    pub(super) size: (u32, u32),
    pub(super) kernels: Vec<KernelTime>,
}

/// Encodes and decodes a picture with a timer on every kernel.
pub(super) async fn measure_kernels(
    model: LoadedModel,
    picture: Arc<RgbImage>,
    processing: Processing,
    job: Job,
) -> Result<Box<KernelTimes>, Failure> {
    let options = RunOptions { tiling: processing.tiling, kernel_times: true, ..RunOptions::default() };
    let rgb = RgbImage::clone(&picture);
    let done = reconstruct(&model.tokenizer, rgb, processing.resize, &options, &job).await?;
    let size = done.reconstruction.dimensions();
    Ok(Box::new(KernelTimes { model: model.id, picture, size, kernels: done.kernels }))
}
