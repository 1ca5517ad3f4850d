//! Progress and cancellation of one piece of long work, shared between who does it and who watches.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
};

/// Handle on one running job. Clones share the same state.
///
/// The worker calls [`stage`](Job::stage), [`progress`](Job::set_progress) and [`check`](Job::check) between slices of
/// work; the watcher polls [`snapshot`](Job::snapshot) and may [`cancel`](Job::cancel).
#[derive(Clone, Debug, Default)]
pub struct Job(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    progress: Mutex<Progress>,
    /// What waits in [`Job::run`] and is to be woken by cancelling; the last one, since a job does one thing at a time.
    waiting: Mutex<Option<Waker>>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What is being done now, ready to be shown ("encode", "load weights").
    pub stage: String,
    /// Share of this stage that is done, 0 to 1.
    pub done: f32,
}

/// The job was cancelled by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl Job {
    /// A job that nobody has cancelled and that has not started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the worker to stop at its next check.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        if let Some(waker) = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    /// Runs work that waits for others, such as a server, and drops it at once when the job is cancelled. A job runs one
    /// such work at a time.
    ///
    /// # Errors
    /// [`Cancelled`] after [`cancel`](Job::cancel).
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, Cancelled> {
        let mut work = pin!(work);
        poll_fn(|context| {
            // Stored before the check: cancelling in between wakes it.
            *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
            if self.0.cancelled.load(Ordering::SeqCst) {
                return Poll::Ready(Err(Cancelled));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Whether [`cancel`](Job::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// Returns an error once the job is cancelled: call it with `?` between slices of work.
    ///
    /// # Errors
    /// [`Cancelled`] after [`cancel`](Job::cancel).
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Begins a named stage at 0.
    pub fn stage(&self, name: &str) {
        *self.lock() = Progress { stage: name.to_owned(), done: 0.0 };
    }

    /// Sets the share of the current stage that is done, 0 to 1.
    pub fn set_progress(&self, done: f32) {
        self.lock().done = done.clamp(0.0, 1.0);
    }

    /// The state now.
    #[must_use]
    pub fn snapshot(&self) -> Progress {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;

    #[test]
    fn work_that_waits_for_ever_ends_when_it_is_cancelled() {
        let job = Job::new();
        assert_eq!(block_on(job.run(async { 3 })), Ok(3));
        let owner = job.clone();
        let cancelling = std::thread::spawn(move || owner.cancel());
        assert_eq!(block_on(job.run(std::future::pending::<()>())), Err(Cancelled));
        cancelling.join().unwrap();
        // Work is not even begun after that.
        assert_eq!(block_on(job.run(async { panic!("began") })), Err::<(), _>(Cancelled));
    }
}
