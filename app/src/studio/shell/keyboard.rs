//! Keys that work wherever the focus is, unless text is being typed or a dialog is open.

use egui::{Event, Key, Modifiers, Ui};

use crate::studio::{
    files::Purpose,
    generate::GenerateMessage,
    message::{Message, Outbox},
    models::Slot,
    reconstruct::{EditCommand, Export, ViewCommand},
    state::{Screen, State},
};

use super::top_bar::next_theme;

/// Turns keys into messages.
pub(crate) fn keyboard(ui: &mut Ui, state: &State, out: &mut Outbox) {
    let dialog = state.help || state.models.chooser.is_some() || state.prompt.is_some();
    if ui.ctx().text_edit_focused() {
        return;
    }
    // A question mark is another key on every keyboard; what it types is not.
    let typed = |text: &str| {
        ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Text(t) if t == text)))
    };
    if typed("?") && (state.help || !dialog) {
        return out.push(Message::ToggleHelp);
    }
    if dialog {
        return;
    }
    let pressed = |modifiers: Modifiers, key: Key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let redo = pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) | pressed(Modifiers::COMMAND, Key::Y);
    if redo {
        out.push(Message::Edit(EditCommand::Redo));
    }
    if pressed(Modifiers::COMMAND, Key::Z) {
        out.push(Message::Edit(EditCommand::Undo));
    }
    if pressed(Modifiers::COMMAND, Key::O) {
        out.push(Message::Pick(Purpose::Picture));
    }
    if pressed(Modifiers::COMMAND, Key::S) {
        out.push(match state.screen {
            Screen::Generate => Message::Generate(GenerateMessage::Save),
            _ => Message::Export(Export::Picture),
        });
    }
    for (key, screen) in [Key::Num1, Key::Num2, Key::Num3].into_iter().zip(state.screens()) {
        if pressed(Modifiers::NONE, key) {
            out.push(Message::Go(screen));
        }
    }
    for (key, message) in [
        (Key::M, Message::ChooseModel(Slot::First)),
        (Key::O, Message::Pick(Purpose::Picture)),
        (Key::L, Message::ToggleLog),
    ] {
        if pressed(Modifiers::NONE, key) {
            out.push(message);
        }
    }
    for (key, command) in [
        (Key::S, ViewCommand::Split),
        (Key::B, ViewCommand::SideBySide),
        (Key::D, ViewCommand::Difference),
        (Key::G, ViewCommand::Tokens),
        (Key::F, ViewCommand::Fit),
        (Key::Num0, ViewCommand::ActualSize),
        (Key::Plus, ViewCommand::ZoomIn),
        (Key::Equals, ViewCommand::ZoomIn),
        (Key::Minus, ViewCommand::ZoomOut),
        (Key::V, ViewCommand::Select),
        (Key::P, ViewCommand::Paint),
        (Key::X, ViewCommand::Shuffle),
    ] {
        if state.screen == Screen::Reconstruct && pressed(Modifiers::NONE, key) {
            out.push(Message::View(command));
        }
    }
    if state.screen == Screen::Generate && state.generate.generator.is_some() {
        generate_keys(state, &mut |key| pressed(Modifiers::NONE, key), out);
    }
    if pressed(Modifiers::NONE, Key::T) {
        let preference = ui.options(|options| options.theme_preference);
        out.push(Message::Theme(next_theme(preference)));
    }
}

fn generate_keys(state: &State, pressed: &mut impl FnMut(Key) -> bool, out: &mut Outbox) {
    let send = |message| Message::Generate(message);
    if pressed(Key::G) {
        out.push(send(if state.generate.is_running() {
            GenerateMessage::Stop
        } else {
            GenerateMessage::Start
        }));
    }
    if pressed(Key::R) {
        out.push(send(GenerateMessage::Reroll));
    }
    if pressed(Key::A) {
        out.push(send(GenerateMessage::Show(None)));
    }
}
