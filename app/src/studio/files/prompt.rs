//! A field for a path, where the desktop has no file dialog.

use egui::{Key, TextEdit, Ui};

use crate::studio::widgets::{dialog, hint, primary_button, subtitle, text_button};

use super::{purpose::Purpose, save_file::SaveFile};

/// What a path is wanted for.
pub(crate) enum Wanted {
    Open(Purpose),
    Save(SaveFile),
}

/// The dialog that asks for a path.
pub(crate) struct PathPrompt {
    wanted: Wanted,
    path: String,
}

impl PathPrompt {
    pub(crate) fn new(wanted: Wanted) -> Self {
        let path = match &wanted {
            Wanted::Save(file) => file.name.clone(),
            Wanted::Open(_) => String::new(),
        };
        Self { wanted, path }
    }
}

/// Shows the dialog while there is one; returned is what was wanted, and the path that was typed.
pub(crate) fn show(ui: &Ui, shown: &mut Option<PathPrompt>) -> Option<(Wanted, String)> {
    let prompt = shown.as_mut()?;
    let (mut done, mut cancelled) = (false, false);
    let (heading, action) = match &prompt.wanted {
        Wanted::Open(purpose) => (purpose.title().to_owned(), "Open"),
        Wanted::Save(file) => (format!("Save {}", file.name), "Save"),
    };
    let content = |ui: &mut Ui| {
        subtitle(ui, &heading);
        hint(ui, "This desktop offers no file dialog (no portal and no zenity). Type a path instead.");
        let field =
            TextEdit::singleline(&mut prompt.path).desired_width(f32::INFINITY).hint_text("/path/to/file");
        let field = ui.add(field).accessible_name("Path");
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        done |= field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    };
    let modal = dialog(ui, "path prompt", 480.0, content, |ui| {
        ui.horizontal(|ui| {
            (primary_button(ui, None, action).clicked(), text_button(ui, None, "Cancel").clicked())
        })
        .inner
    });
    done |= modal.inner.0;
    cancelled |= modal.inner.1;
    if done && !prompt.path.trim().is_empty() {
        return shown.take().map(|prompt| (prompt.wanted, prompt.path.trim().to_owned()));
    }
    if cancelled || modal.should_close() {
        *shown = None;
    }
    None
}
