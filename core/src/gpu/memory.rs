//! Counting the bytes of buffers, so that the memory in use can be shown.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes in buffers of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Now.
    pub now: u64,
    /// The most at one time so far.
    pub peak: u64,
}

/// Counts the bytes of all living buffers of one device.
#[derive(Debug, Default)]
pub(crate) struct MemoryCounter {
    now: AtomicU64,
    peak: AtomicU64,
    /// Bytes written since the last submission: the driver holds a copy of them.
    unsubmitted: AtomicU64,
}

impl MemoryCounter {
    /// The bytes in use.
    pub(crate) fn snapshot(&self) -> MemoryUse {
        MemoryUse { now: self.now.load(Ordering::Relaxed), peak: self.peak.load(Ordering::Relaxed) }
    }

    /// Counts a new buffer.
    pub(crate) fn add(&self, bytes: u64) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(now, Ordering::Relaxed);
    }

    /// Counts the end of a buffer.
    pub(crate) fn subtract(&self, bytes: u64) {
        self.now.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that were written. True, and the count starts again, once they are more than `most` since the last
    /// time.
    pub(super) fn written(&self, bytes: u64, most: u64) -> bool {
        let submit = self.unsubmitted.fetch_add(bytes, Ordering::Relaxed) >= most;
        if submit {
            self.unsubmitted.store(0, Ordering::Relaxed);
        }
        submit
    }
}
