//! Threads that each do all the operations of their share of the work alone. The operations of a small network are too short
//! to be shared one by one: threads would mostly wait for each other.

use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Pools of one thread each, one for every thread that the program may use.
#[derive(Debug)]
pub(crate) struct Workers(Vec<ThreadPool>);

impl Workers {
    /// As many as the pool that this is called in has threads.
    ///
    /// # Panics
    /// When the system starts no more threads, as [`thread::spawn`] does.
    pub(crate) fn new() -> Self {
        Self::of(rayon::current_num_threads())
    }

    /// So many.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub(crate) fn of(count: usize) -> Self {
        let alone = |_| ThreadPoolBuilder::new().num_threads(1).build().expect("the system starts a thread");
        Self((0..count).map(alone).collect())
    }

    /// Does `work` for every part, each on a thread of its own. There are at most as many parts as [`count`](Self::count).
    pub(crate) fn each<I: Send, T: Send>(&self, parts: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
        let work = &work;
        thread::scope(|scope| {
            let running: Vec<_> = parts
                .into_iter()
                .zip(&self.0)
                .map(|(part, pool)| scope.spawn(move || pool.install(|| work(part))))
                .collect();
            let result = |thread: thread::ScopedJoinHandle<'_, T>| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            running.into_iter().map(result).collect()
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}
