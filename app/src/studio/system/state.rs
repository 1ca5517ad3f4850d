//! The state of this pane.

use std::sync::Arc;

use ibq_core::bench::BenchReport;

use crate::studio::{context::Shared, models::Slot, task::TaskId};

use super::tasks::KernelTimes;

/// The state of the pane.
pub(crate) struct System {
    pub(super) report: Option<Box<BenchReport>>,
    pub(super) benchmark: Option<TaskId>,
    /// Side of the benchmark's picture in pixels.
    pub(super) side: u32,
    pub(super) times: Option<Box<KernelTimes>>,
    pub(super) measuring: Option<TaskId>,
}

impl Default for System {
    fn default() -> Self {
        Self { report: None, benchmark: None, side: 256, times: None, measuring: None }
    }
}

impl System {
    /// The kernel times of the model that is loaded on the picture at hand.
    pub(super) fn times(&self, shared: &Shared) -> Option<&KernelTimes> {
        let (model, picture) = (shared.models.get(Slot::First)?, shared.selection.picture()?);
        let current =
            |times: &&KernelTimes| times.model == model.id && Arc::ptr_eq(&times.picture, &picture.rgb);
        self.times.as_deref().filter(current)
    }
}
