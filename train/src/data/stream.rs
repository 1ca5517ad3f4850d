//! Reads a data set while a training runs: threads decode the batches of the next steps, so that only those are in memory.
//!
//! What a step sees is a function of the seed and of the step alone, however many threads there are, and wherever the
//! training was stopped.

use std::{
    cell::Cell,
    collections::HashSet,
    mem,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use burn::tensor::{Device, Tensor};
use ibq_core::job::Job;
use image::RgbImage;
use rayon::prelude::*;

use super::{DataError, DataSet, Draw, Pictures, Skipped, Source, crop};
use crate::random::Random;

/// Batches that each thread has ready at most.
const AHEAD: usize = 2;
/// How often a picture is drawn anew when files cannot be used, before all are tried in turn.
const CHANCES: usize = 32;
/// How often a training that waits for pictures looks whether it was cancelled.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is read ahead.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of the training.
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
    readers: Vec<Reader>,
    /// The step whose batch comes next from the threads.
    next: Cell<u64>,
    waited: Cell<Duration>,
}

/// A thread, and what comes from it: the batches of every so many-th step, in their order.
#[derive(Debug)]
struct Reader {
    batches: Receiver<Result<Pictures, DataError>>,
    thread: JoinHandle<()>,
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
    /// Those that nobody was told of.
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
        let threads = plan.threads.max(1);
        let reader = |number: usize| {
            let (sender, batches) = sync_channel(AHEAD);
            let shared = Arc::clone(&shared);
            let thread = thread::spawn(move || read_ahead(&shared, plan, number, threads, &sender));
            Reader { batches, thread }
        };
        let readers = (0..threads).map(reader).collect();
        Self { shared, plan, readers, next: Cell::new(plan.step), waited: Cell::default() }
    }

    /// The data set.
    #[must_use]
    pub fn set(&self) -> &DataSet {
        &self.shared.set
    }

    /// Pictures that turned out to be unusable since this was last asked.
    #[must_use]
    pub fn newly_skipped(&self) -> Vec<Skipped> {
        mem::take(&mut self.shared.skips().news)
    }

    /// How long the training waited for pictures since this was last asked.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited.take()
    }

    /// The batch of the next step, which the threads have ready or are about to.
    fn next_batch(&self, step: u64) -> Result<Pictures, DataError> {
        let number = ((step - self.plan.step) % self.readers.len() as u64) as usize;
        self.next.set(step + 1);
        loop {
            self.shared.go_on()?;
            match self.readers[number].batches.recv_timeout(PATIENCE) {
                Ok(batch) => return batch,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.shared.ended("it met a file that it could not cope with"));
                }
            }
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
        let planned = draw == Draw { step: self.next.get(), part: 0 };
        let batch = if planned && (count, side) == (self.plan.batch, self.plan.side) {
            self.next_batch(draw.step)
        } else {
            self.shared.batch(draw, count, side)
        }?;
        self.waited.set(self.waited.get() + start.elapsed());
        let all: Vec<usize> = (0..batch.len()).collect();
        Ok(batch.tensor(&all, device))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        for Reader { batches, thread } in self.readers.drain(..) {
            // Without a receiver a thread that waits to hand over a batch ends.
            drop(batches);
            // How it ended does not matter any more.
            let _ = thread.join();
        }
    }
}

/// What thread `number` of `threads` does: every so many-th batch, until nobody wants it or it cannot be had.
fn read_ahead(
    shared: &Shared,
    plan: Plan,
    number: usize,
    threads: usize,
    sender: &SyncSender<Result<Pictures, DataError>>,
) {
    for step in (plan.step + number as u64..).step_by(threads) {
        let batch = (0..plan.batch)
            .map(|slot| shared.picture(Draw { step, part: 0 }, slot, plan.side))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|pictures| shared.together(&pictures));
        let failed = batch.is_err();
        if sender.send(batch).is_err() || failed {
            return;
        }
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

    fn go_on(&self) -> Result<(), DataError> {
        if self.job.is_cancelled() || self.closed.load(Ordering::Relaxed) {
            return Err(DataError::Stopped);
        }
        Ok(())
    }

    /// A batch at once, on all processors.
    fn batch(&self, draw: Draw, count: usize, side: usize) -> Result<Pictures, DataError> {
        let pictures: Result<Vec<_>, _> =
            (0..count).into_par_iter().map(|slot| self.picture(draw, slot, side)).collect();
        self.together(&pictures?)
    }

    fn together(&self, pictures: &[RgbImage]) -> Result<Pictures, DataError> {
        Pictures::of(pictures).ok_or_else(|| self.ended("it had no pictures to read"))
    }

    /// One picture of a batch: where the file that is drawn cannot be used, another one is drawn; in the end all are tried.
    fn picture(&self, draw: Draw, slot: usize, side: usize) -> Result<RgbImage, DataError> {
        let mut random = generator(self.seed, draw, slot);
        let count = self.set.len();
        for attempt in 0..CHANCES + count {
            self.go_on()?;
            let index = if attempt < CHANCES { random.below(count) } else { attempt - CHANCES };
            if self.skips().known.contains(&(index, side)) {
                continue;
            }
            match self.set.read(index).and_then(|picture| crop::random(&picture, side, &mut random)) {
                Ok(picture) => return Ok(picture),
                Err(reason) => {
                    let mut skips = self.skips();
                    if skips.known.insert((index, side)) {
                        skips.news.push(Skipped { path: self.set.name(index), reason });
                    }
                }
            }
        }
        let skipped = self.skips().known.len() + self.set.skipped().len();
        Err(DataError::NoPictures { path: self.path().to_owned(), side, skipped })
    }
}

/// The random numbers of one picture of a training.
fn generator(seed: u64, draw: Draw, slot: usize) -> Random {
    let mix = |state: u64, value: u64| Random::new(state ^ Random::new(value).bits()).bits();
    Random::new([draw.step, draw.part, slot as u64].into_iter().fold(seed, mix))
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
