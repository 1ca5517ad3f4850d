//! Threads and instructions: where operations run.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rayon::prelude::*;

use crate::isa::Isa;

/// Width of the panels of layers with few outputs, such as a picture's three channels.
pub(crate) const NARROW: usize = 4;

/// A processor: how many threads, which instructions, and whether the work was cancelled.
#[derive(Clone, Debug)]
pub struct Cpu {
    isa: Isa,
    pool: Option<Arc<rayon::ThreadPool>>,
    cancelled: Arc<AtomicBool>,
}

impl Cpu {
    /// A processor with `threads` threads (0: as many as the system grants this process, container quotas included).
    ///
    /// An instruction set that this processor does not have is replaced by the best one that it has.
    #[must_use]
    pub fn new(isa: Isa, threads: usize) -> Self {
        let isa = if Isa::available().contains(&isa) { isa } else { Isa::best() };
        let granted = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if threads == 0 { granted() } else { threads };
        // Without threads (a browser's worker) or with one, everything runs on the caller's.
        let build = || {
            rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("cpu-{n}")).build()
        };
        let pool = if threads > 1 { build().ok().map(Arc::new) } else { None };
        Self { isa, pool, cancelled: Arc::default() }
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
        self.pool.as_ref().map_or(1, |pool| pool.current_num_threads())
    }

    /// Makes the operations that run, and all later ones, return early: their results are then incomplete.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`Cpu::cancel`] was called since the last [`Cpu::resume`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Takes a cancellation back.
    pub fn resume(&self) {
        self.cancelled.store(false, Ordering::Relaxed);
    }

    /// Cuts `y` into bands of `band` values and computes each, in any order: `compute(index of the band, its values)`.
    pub(crate) fn bands<V: Send>(&self, y: &mut [V], band: usize, compute: impl Fn(usize, &mut [V]) + Sync) {
        let band = band.max(1);
        let one = |(index, values): (usize, &mut [V])| {
            if !self.is_cancelled() {
                compute(index, values);
            }
        };
        match &self.pool {
            Some(pool) if y.len() > band => {
                pool.install(|| y.par_chunks_mut(band).enumerate().with_max_len(1).for_each(one));
            }
            _ => y.chunks_mut(band).enumerate().for_each(one),
        }
    }

    /// Units of one band, where `total` units cost `unit` operations each: a few bands for every thread, none
    /// shorter than about 20 µs.
    pub(crate) fn band_of(&self, total: usize, unit: usize, multiple: usize) -> usize {
        let by_threads = total.div_ceil(4 * self.threads());
        let by_cost = 1_000_000 / unit.max(1);
        by_threads.max(by_cost).clamp(1, total.max(1)).next_multiple_of(multiple)
    }
}
