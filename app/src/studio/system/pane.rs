//! System as a pane of the studio.

use egui::Ui;

use crate::studio::{icons::Icon, pane::Pane, task::TaskId};

use super::{
    message::{Context, Message, Outbox},
    screen,
    state::System,
};

impl Pane for System {
    type Message = Message;

    fn name(&self) -> &'static str {
        "System"
    }

    fn icon(&self) -> Icon {
        Icon::System
    }

    fn update(&mut self, message: Message, context: &mut Context<'_>) {
        self.update(message, context);
    }

    fn show(&mut self, ui: &mut Ui, context: &Context<'_>, out: &mut Outbox) {
        screen::show(ui, self, context, out);
    }

    fn task_failed(&mut self, task: TaskId) {
        for waiting in [&mut self.benchmark, &mut self.measuring] {
            waiting.take_if(|running| *running == task);
        }
    }
}
