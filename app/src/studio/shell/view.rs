//! What the shell shows of the window.

use crate::studio::{context::Shared, owner::PaneId, pane::ModelInUse, task::Tasks};

use super::navigation::Tab;

/// What the shell shows of the window.
pub(crate) struct ShellView<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) tasks: &'a Tasks,
    /// The panes that can be gone to.
    pub(crate) tabs: &'a [Tab],
    /// The pane that is shown.
    pub(crate) current: PaneId,
    /// The model of that pane.
    pub(crate) model: &'a ModelInUse,
    /// Whether the help is shown.
    pub(crate) help: bool,
    /// Whether the log is shown.
    pub(crate) log: bool,
}
