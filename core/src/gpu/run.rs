//! Running a list of dispatches in slices, so that a window stays alive, a job can be cancelled, and kernels can be timed.

use std::collections::VecDeque;

use web_time::Instant;

#[cfg(not(target_arch = "wasm32"))]
use super::error::one_line;
use super::{Dispatch, Gpu, GpuError};
use crate::job::{Cancelled, Job};

/// What one submission should take, in milliseconds.
const SLICE_MS: f64 = 8.0;
/// Submissions on their way at one time.
const IN_FLIGHT: usize = 2;
/// Dispatches whose times fit one query set.
const TIMED: usize = 2048;

/// How long a wait lasts before a lost device is looked for. A driver ends the waits of a device that it loses, so that this
/// is for broken drivers alone; and wgpu panics when a wait runs out just as another thread finds the queue empty, so that
/// it must be longer than any dispatch takes on a slow and busy processor.
#[cfg(not(target_arch = "wasm32"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// Why a list of dispatches did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// Its owner stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Gpu {
    /// Runs dispatches in order; `progress` is told the share that is done. With `timed`, the result holds the
    /// milliseconds of each dispatch where the adapter has timestamps (else it is empty).
    ///
    /// # Errors
    /// [`RunError`]: cancelled between two slices, or the device was lost.
    pub(crate) async fn run(
        &self,
        dispatches: &[Dispatch],
        timed: bool,
        job: &Job,
        progress: impl Fn(f32),
    ) -> Result<Vec<f64>, RunError> {
        if timed && self.info().timestamps {
            return self.run_timed(dispatches, job, progress).await;
        }
        let total: f64 = dispatches.iter().map(cost).sum::<f64>().max(1.0);
        let (mut done, mut next) = (0.0, 0);
        // A guess for the first slices; then what was measured.
        let mut budget = if self.info().is_software() { 2e8 } else { 2e10 };
        // The measure includes what else the GPU does, such as drawing the window: smaller slices would not end sooner.
        let least = budget / 8.0;
        let mut flying: VecDeque<(wgpu::SubmissionIndex, f64)> = VecDeque::new();
        let mut last = Instant::now();
        while next < dispatches.len() || !flying.is_empty() {
            job.check()?;
            if next < dispatches.len() && flying.len() < IN_FLIGHT {
                let mut slice = 0.0;
                let mut encoder =
                    self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                while let Some(dispatch) = dispatches.get(next) {
                    if slice > 0.0 && slice + cost(dispatch) > budget {
                        break;
                    }
                    record(&mut pass, dispatch);
                    slice += cost(dispatch);
                    next += 1;
                }
                drop(pass);
                flying.push_back((self.queue().submit([encoder.finish()]), slice));
                continue;
            }
            if let Some((submission, slice)) = flying.pop_front() {
                self.wait(submission).await?;
                let ms = last.elapsed().as_secs_f64() * 1e3;
                last = Instant::now();
                budget = (budget * (SLICE_MS / ms.max(0.1)).clamp(0.5, 2.0)).max(least);
                done += slice;
                progress((done / total) as f32);
            }
        }
        Ok(Vec::new())
    }

    /// Records the whole list `times` times over, one run after the other, and submits it at once. The caller sees to it
    /// that this is not too much.
    pub(crate) fn submit(&self, dispatches: &[Dispatch], times: u32) -> wgpu::SubmissionIndex {
        let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for _ in 0..times {
            dispatches.iter().for_each(|dispatch| record(&mut pass, dispatch));
        }
        drop(pass);
        self.queue().submit([encoder.finish()])
    }

    /// One pass per dispatch, with a timestamp before and after each.
    async fn run_timed(
        &self,
        dispatches: &[Dispatch],
        job: &Job,
        progress: impl Fn(f32),
    ) -> Result<Vec<f64>, RunError> {
        let mut times = Vec::with_capacity(dispatches.len());
        for chunk in dispatches.chunks(TIMED) {
            let count = 2 * chunk.len() as u32;
            let queries = self.device().create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("kernel times"),
                ty: wgpu::QueryType::Timestamp,
                count,
            });
            for (index, dispatch) in chunk.iter().enumerate() {
                job.check()?;
                let mut encoder =
                    self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some(&dispatch.label),
                    timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                        query_set: &queries,
                        beginning_of_pass_write_index: Some(2 * index as u32),
                        end_of_pass_write_index: Some(2 * index as u32 + 1),
                    }),
                });
                record(&mut pass, dispatch);
                drop(pass);
                let submission = self.queue().submit([encoder.finish()]);
                if index % 8 == 7 {
                    self.wait(submission).await?;
                    progress((times.len() + index) as f32 / dispatches.len() as f32);
                }
            }
            let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
            let resolved = self.buffer("kernel times", u64::from(count) * 8, usage).await?;
            let mut encoder =
                self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.resolve_query_set(&queries, 0..count, &resolved.raw, 0);
            self.queue().submit([encoder.finish()]);
            let ticks: Vec<u64> = self.read_words(&resolved, count.into()).await?;
            let period = f64::from(self.queue().get_timestamp_period());
            let pairs = ticks.as_chunks::<2>().0;
            times.extend(pairs.iter().map(|[from, to]| to.saturating_sub(*from) as f64 * period / 1e6));
        }
        Ok(times)
    }

    /// Waits until a submission is done. The browser's event loop goes on meanwhile; natively this thread blocks.
    ///
    /// # Errors
    /// [`GpuError::Lost`], or [`GpuError::Refused`] when a command was not valid.
    pub(crate) async fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        #[cfg(not(target_arch = "wasm32"))]
        loop {
            let poll =
                wgpu::PollType::Wait { submission_index: Some(submission.clone()), timeout: Some(PATIENCE) };
            match self.device().poll(poll) {
                Ok(_) => break,
                Err(wgpu::PollError::Timeout) => self.fault()?,
                Err(error) => {
                    self.fault()?;
                    return Err(GpuError::Refused { what: "waiting".to_owned(), reason: one_line(&error) });
                }
            }
        }
        #[cfg(target_arch = "wasm32")]
        {
            // The browser's queue is in order: what is done now was submitted before.
            let _ = submission;
            let (sender, done) = futures_channel::oneshot::channel();
            self.queue().on_submitted_work_done(move || {
                let _ = sender.send(());
            });
            if done.await.is_err() {
                self.fault()?;
            }
        }
        self.fault()
    }
}

/// A dispatch's weight when slices are cut: arithmetic, or memory traffic at a tenth of the speed.
fn cost(dispatch: &Dispatch) -> f64 {
    dispatch.flops.max(10.0 * dispatch.bytes)
}

fn record(pass: &mut wgpu::ComputePass<'_>, dispatch: &Dispatch) {
    pass.set_pipeline(&dispatch.pipeline);
    pass.set_bind_group(0, &dispatch.group, &[]);
    let [x, y, z] = dispatch.workgroups;
    pass.dispatch_workgroups(x, y, z);
}
