//! Panes of any message type in one list: each host keeps the messages of its pane typed.

use egui::Ui;

use super::{
    address::Address,
    command::Command,
    context::{Context, Outbox, Shared},
    icons::Icon,
    keys::{HelpSection, KeySection, pressed},
    models::{Models, Slot},
    open_file::{Item, Kind},
    owner::PaneId,
    pane::{ModelInUse, Pane},
    task::{Payload, TaskId, TaskMessage, Tasks},
};

/// What the panes work with.
pub(crate) struct Services {
    pub(crate) shared: Shared,
    pub(crate) tasks: Tasks,
    /// What was asked for and is not done yet.
    pub(crate) commands: Vec<Command>,
}

/// The services, as one pane uses them.
pub(crate) struct PaneAccess<'a> {
    pub(crate) services: &'a mut Services,
    /// Which pane uses them.
    pub(crate) pane: PaneId,
}

/// A pane whose message type is hidden; for what each does, see [`Pane`].
pub(crate) trait HostedPane {
    fn name(&self) -> &'static str;
    fn icon(&self) -> Icon;
    fn help(&self) -> Vec<HelpSection>;
    fn available(&self) -> bool;
    fn accepts(&self, kind: Kind) -> bool;
    fn start(&mut self, address: &Address, access: PaneAccess<'_>);
    fn enter(&mut self, access: PaneAccess<'_>);
    fn open(&mut self, item: Item, access: PaneAccess<'_>) -> Option<TaskId>;
    /// A task of the pane has ended in this message.
    fn deliver(&mut self, message: Payload, access: PaneAccess<'_>);
    /// Takes its keys out of the input.
    fn press_keys(&mut self, ui: &Ui, access: PaneAccess<'_>);
    /// Draws the pane, and then does what its views sent. Returns whether they sent anything.
    fn show(&mut self, ui: &mut Ui, access: PaneAccess<'_>) -> bool;
    fn begin_frame(&mut self, visible: bool, access: PaneAccess<'_>);
    fn task_failed(&mut self, task: TaskId);
    fn model_changed(&mut self, slot: Slot, access: PaneAccess<'_>);
    fn input_changed(&mut self, access: PaneAccess<'_>);
    fn model_in_use(&self, models: &Models) -> ModelInUse;
    fn link(&self, address: &mut Address);
}

/// Holds a pane in the list of all.
pub(crate) struct PaneHost<P>(P);

impl<P: Pane> PaneHost<P> {
    /// A pane for the list.
    pub(crate) fn boxed(pane: P) -> Box<dyn HostedPane> {
        Box::new(Self(pane))
    }
}

fn context<M: TaskMessage>(access: PaneAccess<'_>) -> Context<'_, M> {
    let PaneAccess { services, pane } = access;
    Context::new(&mut services.shared, &mut services.tasks, &mut services.commands, pane)
}

impl<P: Pane> HostedPane for PaneHost<P> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn icon(&self) -> Icon {
        self.0.icon()
    }

    fn help(&self) -> Vec<HelpSection> {
        self.0.keys().iter().map(KeySection::help).collect()
    }

    fn available(&self) -> bool {
        self.0.available()
    }

    fn accepts(&self, kind: Kind) -> bool {
        self.0.accepts(kind)
    }

    fn start(&mut self, address: &Address, access: PaneAccess<'_>) {
        self.0.start(address, &mut context(access));
    }

    fn enter(&mut self, access: PaneAccess<'_>) {
        self.0.enter(&mut context(access));
    }

    fn open(&mut self, item: Item, access: PaneAccess<'_>) -> Option<TaskId> {
        self.0.open(item, &mut context(access))
    }

    fn deliver(&mut self, message: Payload, access: PaneAccess<'_>) {
        match message.downcast::<P::Message>() {
            Ok(message) => self.0.update(*message, &mut context(access)),
            // Tasks are started through a context of the pane's own message type, so this cannot be.
            Err(_) => log::error!("{} got a message of another pane", self.0.name()),
        }
    }

    fn press_keys(&mut self, ui: &Ui, access: PaneAccess<'_>) {
        let mut context = context(access);
        for message in pressed(ui, self.0.keys()) {
            self.0.update(message, &mut context);
        }
    }

    fn show(&mut self, ui: &mut Ui, access: PaneAccess<'_>) -> bool {
        let mut context = context(access);
        let mut out = Outbox::default();
        self.0.show(ui, &context, &mut out);
        let sent = !(out.messages.is_empty() && out.commands.is_empty());
        for message in out.messages {
            self.0.update(message, &mut context);
        }
        for command in out.commands {
            context.ask(command);
        }
        sent
    }

    fn begin_frame(&mut self, visible: bool, access: PaneAccess<'_>) {
        self.0.begin_frame(visible, &mut context(access));
    }

    fn task_failed(&mut self, task: TaskId) {
        self.0.task_failed(task);
    }

    fn model_changed(&mut self, slot: Slot, access: PaneAccess<'_>) {
        self.0.model_changed(slot, &mut context(access));
    }

    fn input_changed(&mut self, access: PaneAccess<'_>) {
        self.0.input_changed(&mut context(access));
    }

    fn model_in_use(&self, models: &Models) -> ModelInUse {
        self.0.model_in_use(models)
    }

    fn link(&self, address: &mut Address) {
        self.0.link(address);
    }
}
