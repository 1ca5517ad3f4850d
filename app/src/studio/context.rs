//! What every pane may use: the devices, the models, notices, the selection, tasks, and commands to the window.

use super::{
    command::Command,
    devices::Devices,
    failure::Failure,
    models::Models,
    notice::{Notice, Notices},
    owner::{Owner, PaneId},
    sample_pictures::SamplePicture,
    selection::Selection,
    task::{OwnTasks, TaskMessage, Tasks},
};

/// What the panes share.
pub(crate) struct Shared {
    pub(crate) egui: egui::Context,
    pub(crate) devices: Devices,
    pub(crate) models: Models,
    pub(crate) notices: Notices,
    pub(crate) sample_pictures: Vec<SamplePicture>,
    pub(crate) selection: Selection,
}

impl Shared {
    pub(crate) fn new(egui: &egui::Context, devices: Devices) -> Self {
        Self {
            egui: egui.clone(),
            devices,
            models: Models::default(),
            notices: Notices::default(),
            sample_pictures: Vec::new(),
            selection: Selection::default(),
        }
    }
}

/// What a pane uses whose messages are of type `M`. While it is drawn, a pane can only look at it.
pub(crate) struct Context<'a, M> {
    pub(crate) shared: &'a mut Shared,
    pub(crate) tasks: OwnTasks<'a, M>,
    commands: &'a mut Vec<Command>,
    pane: PaneId,
}

impl<'a, M: TaskMessage> Context<'a, M> {
    /// For one pane.
    pub(crate) fn new(
        shared: &'a mut Shared,
        tasks: &'a mut Tasks,
        commands: &'a mut Vec<Command>,
        pane: PaneId,
    ) -> Self {
        Self { shared, tasks: tasks.of(Owner::Pane(pane)), commands, pane }
    }

    /// Asks something of the window.
    pub(crate) fn ask(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Asks to show this pane.
    pub(crate) fn show_pane(&mut self) {
        self.commands.push(Command::Go(self.pane));
    }

    /// Shows a notice.
    pub(crate) fn notify(&mut self, notice: Notice) {
        self.shared.notices.push(notice);
    }

    /// Says that work failed, unless it was stopped. `what` is what did not come about.
    pub(crate) fn report(&mut self, what: impl Into<String>, failure: &Failure) {
        self.shared.notices.extend(failure.notice(what));
    }
}

/// What a pane sends while it is drawn: messages to itself and commands to the window.
pub(crate) struct Outbox<M> {
    pub(crate) messages: Vec<M>,
    pub(crate) commands: Vec<Command>,
}

impl<M> Default for Outbox<M> {
    fn default() -> Self {
        Self { messages: Vec::new(), commands: Vec::new() }
    }
}

impl<M> Outbox<M> {
    /// Sends the pane a message.
    pub(crate) fn send(&mut self, message: M) {
        self.messages.push(message);
    }

    /// Asks something of the window.
    pub(crate) fn ask(&mut self, command: Command) {
        self.commands.push(command);
    }
}
