//! Threads and instructions: where operations run.

use std::{fmt, sync::Arc};

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;

use crate::isa::Isa;

/// Width of the panels of layers with few outputs, such as a picture's three channels.
pub(crate) const NARROW: usize = 4;

/// How threads share the processor with those of other programs, and with a window's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// As all others.
    Normal,
    /// Others go first, on Linux: for a program whose window is to stay responsive.
    Low,
}

/// A processor: how many threads, which instructions, and who may stop the work.
#[derive(Clone)]
pub struct Cpu {
    isa: Isa,
    /// None: everything runs on the caller's thread, as in a browser.
    #[cfg(not(target_arch = "wasm32"))]
    pool: Option<Arc<rayon::ThreadPool>>,
    stop: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl fmt::Debug for Cpu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cpu")
            .field("isa", &self.isa)
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

impl Cpu {
    /// A processor with `threads` threads (0: as many as the system grants this process, container quotas included). In a
    /// browser it has one.
    ///
    /// An instruction set that this processor does not have is replaced by the best one that it has.
    #[must_use]
    pub fn new(isa: Isa, threads: usize) -> Self {
        Self::with_priority(isa, threads, Priority::Normal)
    }

    /// The same with threads of this priority.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", expect(unused_variables, reason = "a browser's worker is one thread"))]
    pub fn with_priority(isa: Isa, threads: usize, priority: Priority) -> Self {
        let isa = if Isa::available().contains(&isa) { isa } else { Isa::best() };
        Self {
            isa,
            #[cfg(not(target_arch = "wasm32"))]
            pool: pool(threads, priority),
            stop: None,
        }
    }

    /// The instructions in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Outputs that lie side by side in [`crate::Panels`] of `outputs` outputs.
    #[must_use]
    pub fn panel_width(&self, outputs: usize) -> usize {
        if outputs <= NARROW { NARROW } else { self.isa.tile_width() }
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        #[cfg(not(target_arch = "wasm32"))]
        return self.pool.as_ref().map_or(1, |pool| pool.current_num_threads());
        #[cfg(target_arch = "wasm32")]
        1
    }

    /// The same processor; its operations return early, with incomplete results, once `stop` is true.
    #[must_use]
    pub fn stoppable(&self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { stop: Some(Arc::new(stop)), ..self.clone() }
    }

    /// Runs work on one of the threads: the operations that it calls start without waking another thread first, which costs
    /// more than a small operation takes.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn enter<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Runs work; a browser's worker is one thread.
    #[cfg(target_arch = "wasm32")]
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Cuts `y` into bands of `band` values and computes each, in any order: `compute(index of the band, its values)`.
    pub(crate) fn bands<V: Send>(&self, y: &mut [V], band: usize, compute: impl Fn(usize, &mut [V]) + Sync) {
        let band = band.max(1);
        let one = |(index, values): (usize, &mut [V])| {
            if !self.stop.as_ref().is_some_and(|stop| stop()) {
                compute(index, values);
            }
        };
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(pool) = self.pool.as_ref().filter(|_| y.len() > band) {
            pool.install(|| y.par_chunks_mut(band).enumerate().with_max_len(1).for_each(one));
            return;
        }
        y.chunks_mut(band).enumerate().for_each(one);
    }

    /// Units of one band, where `total` units cost `unit` operations each: a few bands for every thread, none
    /// shorter than about 20 µs.
    pub(crate) fn band_of(&self, total: usize, unit: usize, multiple: usize) -> usize {
        let by_threads = total.div_ceil(4 * self.threads());
        let by_cost = 1_000_000 / unit.max(1);
        by_threads.max(by_cost).clamp(1, total.max(1)).next_multiple_of(multiple)
    }
}

/// So many threads (0: as many as are granted); none where one thread of normal priority is all, which is the caller's.
#[cfg(not(target_arch = "wasm32"))]
fn pool(threads: usize, priority: Priority) -> Option<Arc<rayon::ThreadPool>> {
    let granted = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if threads == 0 { granted() } else { threads };
    if threads == 1 && priority == Priority::Normal {
        return None;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("cpu-{n}"));
    let pool = pool.start_handler(move |_| {
        if priority == Priority::Low {
            lower_priority();
        }
    });
    pool.build().ok().map(Arc::new)
}

/// Lets other threads go first, where the system can do this for one thread alone.
#[cfg(not(target_arch = "wasm32"))]
fn lower_priority() {
    // On Linux a nice value belongs to a thread; elsewhere in POSIX it would hold for the whole program.
    #[cfg(target_os = "linux")]
    {
        // Anybody may lower it; where it fails all the same, the thread computes as before.
        let _ = rustix::process::setpriority_process(None, LOW_NICENESS);
    }
}

/// Nice value of threads of low priority: half as far as it goes.
#[cfg(target_os = "linux")]
const LOW_NICENESS: i32 = 10;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn threads_of_low_priority_let_others_go_first() {
        let niceness = |priority| {
            let cpu = Cpu::with_priority(Isa::best(), 2, priority);
            cpu.enter(|| rustix::process::getpriority_process(None).unwrap())
        };
        assert_eq!(niceness(Priority::Low), niceness(Priority::Normal).max(LOW_NICENESS));
    }
}
