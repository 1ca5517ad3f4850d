//! A field for a path, where the desktop has no file dialog.

use egui::{Key, TextEdit, Ui};

use crate::studio::{
    message::{Message, Outbox},
    state::State,
    widgets::{dialog, hint, primary_button, subtitle, text_button},
};

use super::Purpose;

/// The dialog that asks for a path.
pub(crate) struct PathPrompt {
    purpose: Purpose,
    path: String,
}

impl PathPrompt {
    pub(crate) fn new(purpose: Purpose) -> Self {
        let path = match &purpose {
            Purpose::Save(ready) => ready.name.clone(),
            _ => String::new(),
        };
        Self { purpose, path }
    }
}

/// Shows the dialog while there is one.
pub(crate) fn show(ui: &Ui, state: &mut State, out: &mut Outbox) {
    let Some(prompt) = &mut state.prompt else { return };
    let (mut done, mut cancelled) = (false, false);
    let content = |ui: &mut Ui| {
        subtitle(ui, &prompt.purpose.title());
        hint(ui, "This desktop offers no file dialog (no portal and no zenity). Type a path instead.");
        let field =
            TextEdit::singleline(&mut prompt.path).desired_width(f32::INFINITY).hint_text("/path/to/file");
        let field = ui.add(field).accessible_name("Path");
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        done |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    };
    let action = if matches!(prompt.purpose, Purpose::Save(_)) { "Save" } else { "Open" };
    let action = action.to_owned();
    let modal = dialog(ui, "path prompt", 480.0, content, |ui| {
        ui.horizontal(|ui| {
            (primary_button(ui, None, &action).clicked(), text_button(ui, None, "Cancel").clicked())
        })
        .inner
    });
    done |= modal.inner.0;
    cancelled |= modal.inner.1;
    if done && !prompt.path.trim().is_empty() {
        out.push(answer(prompt));
        state.prompt = None;
    } else if cancelled || modal.should_close() {
        state.prompt = None;
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn answer(prompt: &PathPrompt) -> Message {
    let path = std::path::Path::new(prompt.path.trim());
    match &prompt.purpose {
        Purpose::Save(ready) => super::write(path, ready),
        purpose => Message::Picked(purpose.clone(), super::PickedFile::new(path)),
    }
}

/// In the browser there always is a dialog, so this is never asked.
#[cfg(target_arch = "wasm32")]
fn answer(_prompt: &PathPrompt) -> Message {
    Message::Nothing
}
