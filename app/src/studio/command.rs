//! What a pane or the shell may ask of the window.

use egui::ThemePreference;

use super::{
    files::{Purpose, SaveFile},
    models::Slot,
    open_file::Item,
    owner::PaneId,
    task::TaskId,
};

/// What a pane or the shell asks of the window.
pub(crate) enum Command {
    /// Shows a pane.
    Go(PaneId),
    /// Gives something to the pane that accepts it.
    Open(Item),
    /// Shows a dialog that chooses a file, and opens that.
    Pick(Purpose),
    /// Takes a picture with the camera of the browser, and opens it.
    OpenCamera,
    /// Opens the model chooser.
    ChooseModel(Slot),
    /// Takes a model off the GPU.
    CloseModel(Slot),
    /// Takes a notice away.
    Dismiss(usize),
    /// Asks where to save a file, and saves it.
    Save(SaveFile),
    /// Stops a task.
    Stop(TaskId),
    SetTheme(ThemePreference),
    ToggleHelp,
    ToggleLog,
}
