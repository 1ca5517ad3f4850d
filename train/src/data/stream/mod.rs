//! Reads a data set during a run: threads decode the batches of the next steps, so that only those are in memory.
//!
//! What a step sees is a function of the seed and of the step alone, however many threads there are, and wherever the run was
//! stopped.

use std::{
    cell::Cell,
    collections::HashSet,
    mem,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use burn::tensor::{Device, Tensor};
use ibq_core::{
    data_set::{DataSet, ReadAhead, ReadAheadError, Skipped},
    job::Job,
};
use image::RgbImage;
use rayon::prelude::*;

use super::{
    crop,
    error::DataError,
    memory::Pictures,
    source::{Draw, Source},
};
use crate::random::Random;

/// How often a picture is drawn anew when files cannot be used, before all are tried in turn.
const RANDOM_ATTEMPTS: usize = 32;

/// What is read ahead.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of the run.
    pub seed: u64,
    /// The first step that is still to be done.
    pub step: u64,
    /// Pictures per step.
    pub batch: usize,
    /// Their side in pixels.
    pub side: usize,
    /// Threads, at least 1.
    pub threads: usize,
}

/// A data set that is read by threads of its own.
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Shared>,
    plan: Plan,
    /// The batches of the next steps.
    batches: ReadAhead<Result<Pictures, DataError>>,
    waited: Cell<Duration>,
}

/// What the threads have in common.
#[derive(Debug)]
struct Shared {
    set: DataSet,
    seed: u64,
    job: Job,
    /// Set when nobody waits for batches any more.
    closed: AtomicBool,
    skips: Mutex<Skips>,
}

/// Pictures that turned out to be unusable.
#[derive(Debug, Default)]
struct Skips {
    /// Index and side for which each is unusable.
    known: HashSet<(usize, usize)>,
    /// Those that are not reported yet.
    news: Vec<Skipped>,
}

impl Stream {
    /// Starts to read. `job` ends the waiting for pictures when it is cancelled.
    #[must_use]
    pub fn new(set: DataSet, plan: Plan, job: &Job) -> Self {
        let shared = Arc::new(Shared {
            set,
            seed: plan.seed,
            job: job.clone(),
            closed: AtomicBool::new(false),
            skips: Mutex::default(),
        });
        let maker = Arc::clone(&shared);
        let batches = ReadAhead::new(plan.step..u64::MAX, plan.threads, move |step| {
            maker.read_planned_batch(plan, step)
        });
        Self { shared, plan, batches, waited: Cell::default() }
    }

    /// The data set.
    #[must_use]
    pub fn set(&self) -> &DataSet {
        &self.shared.set
    }

    /// The batch of the next step, which the threads have ready or are about to.
    fn next_batch(&self) -> Result<Pictures, DataError> {
        match self.batches.next(|| self.shared.is_stopped()) {
            Ok(batch) => batch,
            Err(ReadAheadError::Stopped) => Err(DataError::Stopped),
            Err(ReadAheadError::Ended) => Err(self.shared.ended("a file made it fail")),
        }
    }
}

impl Source for Stream {
    fn draw(
        &self,
        draw: Draw,
        count: usize,
        side: usize,
        _: &mut Random,
        device: &Device,
    ) -> Result<Tensor<4>, DataError> {
        let start = Instant::now();
        let is_planned = draw == Draw { step: self.batches.position(), part: 0 };
        let batch = if is_planned && (count, side) == (self.plan.batch, self.plan.side) {
            self.next_batch()
        } else {
            self.shared.read_batch(draw, count, side)
        }?;
        self.waited.set(self.waited.get() + start.elapsed());
        let all: Vec<usize> = (0..batch.len()).collect();
        Ok(batch.tensor(&all, device))
    }

    fn len(&self) -> usize {
        self.set().len()
    }

    fn newly_skipped(&self) -> Vec<Skipped> {
        mem::take(&mut self.shared.skips().news)
    }

    fn waited(&self) -> Duration {
        self.waited.take()
    }
}

impl Drop for Stream {
    /// The threads give up the batches that they work at.
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn skips(&self) -> MutexGuard<'_, Skips> {
        self.skips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self) -> &Path {
        self.set.path()
    }

    fn ended(&self, reason: &str) -> DataError {
        DataError::Reader { path: self.path().to_owned(), reason: reason.to_owned() }
    }

    fn is_stopped(&self) -> bool {
        self.job.is_cancelled() || self.closed.load(Ordering::Relaxed)
    }

    /// The batch of a step, picture by picture.
    fn read_planned_batch(&self, plan: Plan, step: u64) -> Result<Pictures, DataError> {
        let pictures = (0..plan.batch)
            .map(|slot| self.draw_picture(Draw { step, part: 0 }, slot, plan.side))
            .collect::<Result<Vec<_>, _>>()?;
        self.stack(&pictures)
    }

    /// A batch at once, on all CPU threads.
    fn read_batch(&self, draw: Draw, count: usize, side: usize) -> Result<Pictures, DataError> {
        let pictures: Result<Vec<_>, _> =
            (0..count).into_par_iter().map(|slot| self.draw_picture(draw, slot, side)).collect();
        self.stack(&pictures?)
    }

    fn stack(&self, pictures: &[RgbImage]) -> Result<Pictures, DataError> {
        Pictures::of(pictures).ok_or_else(|| self.ended("there were no pictures to read"))
    }

    /// One picture of a batch: where the file that is drawn cannot be used, another one is drawn; in the end all are tried.
    fn draw_picture(&self, draw: Draw, slot: usize, side: usize) -> Result<RgbImage, DataError> {
        let mut random = picture_random(self.seed, draw, slot);
        let count = self.set.len();
        for attempt in 0..RANDOM_ATTEMPTS + count {
            if self.is_stopped() {
                return Err(DataError::Stopped);
            }
            let index =
                if attempt < RANDOM_ATTEMPTS { random.below(count) } else { attempt - RANDOM_ATTEMPTS };
            if self.skips().known.contains(&(index, side)) {
                continue;
            }
            let crop = |picture: &RgbImage, random: &mut Random| {
                crop::random(picture, side, random)
                    .map_err(|reason| Skipped { path: self.set.name(index), reason })
            };
            match self.set.read(index).and_then(|picture| crop(&picture.rgb, &mut random)) {
                Ok(picture) => return Ok(picture),
                Err(skipped) => {
                    let mut skips = self.skips();
                    if skips.known.insert((index, side)) {
                        skips.news.push(skipped);
                    }
                }
            }
        }
        let skipped = self.skips().known.len() + self.set.skipped().len();
        Err(DataError::NoPictures { path: self.path().to_owned(), side, skipped })
    }
}

/// The random numbers of one picture of a run.
fn picture_random(seed: u64, draw: Draw, slot: usize) -> Random {
    let mix = |state: u64, value: u64| Random::new(state ^ Random::new(value).bits()).bits();
    Random::new([draw.step, draw.part, slot as u64].into_iter().fold(seed, mix))
}

#[cfg(test)]
mod tests;
