//! The models of the window.

use crate::studio::task::TaskId;

use super::{
    chooser_state::{Chooser, ChooserState},
    loaded::{LoadedModel, Slot},
};

/// The models of the window.
#[derive(Default)]
pub(crate) struct Models {
    pub(super) loaded: [Option<LoadedModel>; 2],
    pub(super) chooser: Option<Chooser>,
    /// The model being loaded without the chooser: at the start, or dropped on the window.
    pub(super) loading: Option<TaskId>,
    /// Whether there is a bundled model; unknown until it was looked for.
    pub(super) bundled: Option<bool>,
    /// What is kept in the browser, once known.
    #[cfg(target_arch = "wasm32")]
    pub(super) kept: Option<Result<crate::web::store::Listing, String>>,
    count: u64,
}

impl Models {
    /// The model of a slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&LoadedModel> {
        self.loaded[slot as usize].as_ref()
    }

    /// The task that loads a model without the chooser.
    pub(crate) fn loading(&self) -> Option<TaskId> {
        self.loading
    }

    /// Whether the chooser is open.
    pub(crate) fn is_choosing(&self) -> bool {
        self.chooser.is_some()
    }

    /// A pane has loaded the transformer of this name, or could not: the chooser that waits for it closes, or describes it
    /// again.
    pub(crate) fn transformer_loaded(&mut self, name: &str, loaded: bool) {
        if let Some(chooser) = self.chooser.as_mut().filter(|chooser| chooser.is_loading(name)) {
            if loaded {
                self.chooser = None;
            } else {
                chooser.describe_again();
            }
        }
    }

    /// A task ended without a result: whatever waited for it waits no longer.
    pub(crate) fn task_failed(&mut self, task: TaskId) {
        if self.loading == Some(task) {
            self.loading = None;
        }
        if let Some(chooser) = self.chooser.as_mut().filter(|chooser| chooser.task() == Some(task)) {
            chooser.state = ChooserState::Pick;
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}
