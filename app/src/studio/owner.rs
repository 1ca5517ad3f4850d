//! Who asks for work and gets its result.

/// Names a pane: its place in the app's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PaneId(pub(crate) usize);

/// Who started a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The window itself: it opens and saves files.
    App,
    /// The models.
    Models,
    /// A pane.
    Pane(PaneId),
}
