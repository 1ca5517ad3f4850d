//! A pane: one screen of the studio, with its own state, messages, tasks and keys.
//!
//! Only `app.rs` knows which panes there are. A pane knows no other: what they share is in [`Context`], and what it wants of
//! the window it asks for with a [`Command`](super::command::Command).

use egui::Ui;

use super::{
    address::Address,
    context::{Context, Outbox},
    icons::Icon,
    keys::KeySection,
    models::{Models, Slot, precision_name, set_name},
    open_file::{Item, Kind},
    task::{TaskId, TaskMessage},
};

/// One screen of the studio.
pub(crate) trait Pane: 'static {
    /// What can happen to it: its views send it, and its tasks end in it.
    type Message: TaskMessage;

    /// What the navigation calls it.
    fn name(&self) -> &'static str;

    fn icon(&self) -> Icon;

    /// Its keys, which work while it is shown, and what the help says about them.
    fn keys(&self) -> Vec<KeySection<Self::Message>> {
        Vec::new()
    }

    /// Whether there is anything to go to.
    fn available(&self) -> bool {
        true
    }

    /// Whether it takes what is opened of a kind.
    fn accepts(&self, _kind: Kind) -> bool {
        false
    }

    /// The program starts, with what the page's address says.
    fn start(&mut self, _address: &Address, _context: &mut Context<'_, Self::Message>) {}

    /// The pane is gone to.
    fn enter(&mut self, _context: &mut Context<'_, Self::Message>) {}

    /// Something that it accepts was opened; returned is the task that loads it, where one does.
    fn open(&mut self, _item: Item, _context: &mut Context<'_, Self::Message>) -> Option<TaskId> {
        None
    }

    /// Does what a message says.
    fn update(&mut self, message: Self::Message, context: &mut Context<'_, Self::Message>);

    /// Draws it.
    fn show(&mut self, ui: &mut Ui, context: &Context<'_, Self::Message>, out: &mut Outbox<Self::Message>);

    /// A frame begins; `visible` is whether the pane will be drawn.
    fn begin_frame(&mut self, _visible: bool, _context: &mut Context<'_, Self::Message>) {}

    /// A task ended without a result, which the window has said: whatever waited for it waits no longer.
    fn task_failed(&mut self, _task: TaskId) {}

    /// The model of a slot is another one, or none.
    fn model_changed(&mut self, _slot: Slot, _context: &mut Context<'_, Self::Message>) {}

    /// Another picture, or other tokens, are at hand.
    fn input_changed(&mut self, _context: &mut Context<'_, Self::Message>) {}

    /// The model that it works with, for the bar at the top.
    fn model_in_use(&self, models: &Models) -> ModelInUse {
        ModelInUse::tokenizer(models)
    }

    /// Sets the parameters of the address that repeat what it shows.
    fn link(&self, _address: &mut Address) {}
}

/// The model that a pane works with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelInUse {
    /// The task that loads one.
    pub(crate) loading: Option<TaskId>,
    /// Its name and how it is loaded.
    pub(crate) loaded: Option<(String, String)>,
}

impl ModelInUse {
    /// The first tokenizer.
    pub(crate) fn tokenizer(models: &Models) -> Self {
        let loaded = models.get(Slot::First).map(|model| {
            let precision = precision_name(model.tokenizer.precision());
            (model.short_name().to_owned(), format!("{} · {precision}", set_name(model.set)))
        });
        Self { loading: models.loading(), loaded }
    }
}
