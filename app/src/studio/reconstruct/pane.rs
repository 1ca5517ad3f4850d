//! Reconstruct as a pane of the studio.

use egui::{Key, Ui};

use crate::studio::{
    icons::Icon,
    keys::{KeySection, command, line, plain, shift_command},
    models::Slot,
    open_file::{Item, Kind},
    pane::Pane,
    selection::Input,
    task::TaskId,
};

use super::{
    message::{Context, EditCommand, Export, Message, Outbox, ViewCommand},
    screen,
    state::Reconstruct,
};

impl Pane for Reconstruct {
    type Message = Message;

    fn name(&self) -> &'static str {
        "Reconstruct"
    }

    fn icon(&self) -> Icon {
        Icon::Reconstruct
    }

    fn keys(&self) -> Vec<KeySection<Message>> {
        let view = |key, command| (plain(key), Message::View(command));
        let edit = |shortcut, command| (shortcut, Message::Edit(command));
        let picture = vec![
            line(
                "S B D",
                "Split, side by side, difference",
                [
                    view(Key::S, ViewCommand::Split),
                    view(Key::B, ViewCommand::SideBySide),
                    view(Key::D, ViewCommand::Difference),
                ],
            ),
            line(
                "+ − F 0",
                "Zoom in, out, fit, actual pixels",
                [
                    view(Key::Plus, ViewCommand::ZoomIn),
                    view(Key::Equals, ViewCommand::ZoomIn),
                    view(Key::Minus, ViewCommand::ZoomOut),
                    view(Key::F, ViewCommand::Fit),
                    view(Key::Num0, ViewCommand::ActualSize),
                ],
            ),
            line("← →", "Move the line between the pictures, when it has the focus", []),
            line("Ctrl V", "Paste a picture", []),
            line("Ctrl S", "Save the reconstruction", [(command(Key::S), Message::Export(Export::Picture))]),
        ];
        let tokens = vec![
            line("G", "Show the tokens", [view(Key::G, ViewCommand::Tokens)]),
            line(
                "V P X",
                "Select, paint, shuffle",
                [
                    view(Key::V, ViewCommand::Select),
                    view(Key::P, ViewCommand::Paint),
                    view(Key::X, ViewCommand::Shuffle),
                ],
            ),
            line("← → ↑ ↓", "Move the selection, when the picture has the focus", []),
            line("Ctrl Z", "Undo", [edit(command(Key::Z), EditCommand::Undo)]),
            line(
                "Ctrl Shift Z",
                "Redo",
                [edit(shift_command(Key::Z), EditCommand::Redo), edit(command(Key::Y), EditCommand::Redo)],
            ),
        ];
        let note = "Wheel or pinch zooms, dragging moves the picture, a double click fits it again.";
        vec![
            KeySection { heading: "Picture", lines: picture, note: Some(note) },
            KeySection { heading: "Tokens", lines: tokens, note: None },
        ]
    }

    fn accepts(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Picture | Kind::Tokens | Kind::Tokenizer)
    }

    fn open(&mut self, item: Item, context: &mut Context<'_>) -> Option<TaskId> {
        match item {
            Item::Picture(picture) => context.shared.selection.take(Input::Picture(*picture)),
            Item::Tokens(read) => Self::open_tokens(*read, context),
            Item::Recipe(_) | Item::Transformer(_) => return None,
        }
        context.show_pane();
        None
    }

    fn update(&mut self, message: Message, context: &mut Context<'_>) {
        self.update(message, context);
    }

    fn show(&mut self, ui: &mut Ui, context: &Context<'_>, out: &mut Outbox) {
        screen::show(ui, self, context, out);
    }

    fn task_failed(&mut self, task: TaskId) {
        for side in &mut self.sides {
            side.run.failed(task);
        }
        self.decode.failed(task);
        self.detail.failed(task);
        self.heat.failed(task);
    }

    fn model_changed(&mut self, slot: Slot, context: &mut Context<'_>) {
        self.forget_model(slot);
        context.shared.selection.forget_cells();
        if context.shared.models.get(slot).is_some() {
            self.run(slot, context);
        }
    }

    fn input_changed(&mut self, context: &mut Context<'_>) {
        self.start_over(context);
    }
}
