//! Threads that make the next items of a sequence while the last one is used.

use std::{
    cell::Cell,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Items that each thread has ready at most.
const AHEAD: usize = 2;
/// How often a caller that waits checks whether it was stopped.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A sequence whose items are made ahead of the caller, and come in their order. At most three items per thread exist at a
/// time. What the items are depends on their indices alone, however many threads there are.
#[derive(Debug)]
pub struct ReadAhead<T> {
    threads: Vec<MakerThread<T>>,
    indices: Range<u64>,
    /// Index of the item that comes next.
    next: Cell<u64>,
    is_closed: Arc<AtomicBool>,
}

/// A thread, and the items that come from it: of every n-th index, in their order.
#[derive(Debug)]
struct MakerThread<T> {
    items: Receiver<T>,
    handle: JoinHandle<()>,
}

/// There is no next item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadAheadError {
    /// The caller was stopped while it waited.
    #[error("stopped")]
    Stopped,
    /// The thread ended without it: after the last index, or by a panic.
    #[error("the thread that reads ahead ended")]
    Ended,
}

impl<T: Send + 'static> ReadAhead<T> {
    /// Starts at least one thread that makes the items of these indices. A thread that works at an item when this is dropped
    /// finishes it first.
    ///
    /// # Panics
    /// When the system starts no more threads, as [`thread::spawn`] does.
    #[must_use]
    pub fn new(indices: Range<u64>, threads: usize, make: impl Fn(u64) -> T + Send + Sync + 'static) -> Self {
        let (make, is_closed) = (Arc::new(make), Arc::new(AtomicBool::new(false)));
        let count = threads.max(1);
        let start = |number: usize| {
            let (sender, items) = sync_channel(AHEAD);
            let (make, is_closed) = (Arc::clone(&make), Arc::clone(&is_closed));
            let mut mine = indices.clone().skip(number).step_by(count);
            let handle = thread::spawn(move || {
                // Without a receiver nobody wants the items any more.
                while !is_closed.load(Ordering::Relaxed)
                    && mine.next().is_some_and(|index| sender.send(make(index)).is_ok())
                {}
            });
            MakerThread { items, handle }
        };
        Self { threads: (0..count).map(start).collect(), next: Cell::new(indices.start), indices, is_closed }
    }

    /// Index of the item that comes next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.next.get()
    }

    /// The next item, once it is made. While it is not, `is_stopped` is asked ten times a second whether to wait any longer.
    ///
    /// # Errors
    /// [`ReadAheadError`].
    pub fn next(&self, is_stopped: impl Fn() -> bool) -> Result<T, ReadAheadError> {
        let index = self.next.get();
        if index >= self.indices.end {
            return Err(ReadAheadError::Ended);
        }
        let thread = &self.threads[((index - self.indices.start) % self.threads.len() as u64) as usize];
        self.next.set(index + 1);
        loop {
            if is_stopped() {
                return Err(ReadAheadError::Stopped);
            }
            match thread.items.recv_timeout(CHECK_INTERVAL) {
                Ok(item) => return Ok(item),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(ReadAheadError::Ended),
            }
        }
    }
}

impl<T> Drop for ReadAhead<T> {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        for MakerThread { items, handle } in self.threads.drain(..) {
            // Without a receiver a thread that waits to hand over an item ends.
            drop(items);
            // How it ended does not matter any more.
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn items_come_in_order_whatever_the_number_of_threads() {
        for threads in [0, 1, 3, 20] {
            let items = ReadAhead::new(5..14, threads, |index| {
                // Later items are ready earlier.
                thread::sleep(Duration::from_millis(14 - index));
                index * index
            });
            assert_eq!(items.position(), 5);
            let all: Vec<u64> = (5..14).map(|_| items.next(|| false).unwrap()).collect();
            assert_eq!(all, (5..14).map(|index| index * index).collect::<Vec<_>>());
            assert_eq!(items.next(|| false), Err(ReadAheadError::Ended));
        }
    }

    #[test]
    fn only_a_few_items_are_made_ahead() {
        let made = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&made);
        let items = ReadAhead::new(0..1_000_000, 2, move |index| {
            counter.fetch_add(1, Ordering::Relaxed);
            index
        });
        items.next(|| false).unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(made.load(Ordering::Relaxed) <= 8);
        drop(items);
        assert!(made.load(Ordering::Relaxed) <= 8);
    }

    #[test]
    fn a_thread_that_dies_and_a_caller_that_is_stopped_end_the_waiting() {
        let dying = ReadAhead::new(0..9, 1, |index| {
            assert!(index < 1, "this thread is meant to end here");
            index
        });
        assert_eq!(dying.next(|| false), Ok(0));
        assert_eq!(dying.next(|| false), Err(ReadAheadError::Ended));
        let slow = ReadAhead::new(0..9, 1, |index| {
            thread::sleep(Duration::from_millis(300));
            index
        });
        assert_eq!(slow.next(|| true), Err(ReadAheadError::Stopped));
    }
}
