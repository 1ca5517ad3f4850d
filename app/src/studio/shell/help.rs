//! The keys, over everything else.

use egui::{Grid, Id, Modal, ScrollArea, Ui};

use crate::studio::{
    state::State,
    theme::Palette,
    widgets::{hint, primary_button, subtitle},
};

/// Keys and what they do, by place.
const KEYS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Everywhere",
        &[
            ("1 2", "Reconstruct, System"),
            ("M", "Choose the model"),
            ("O", "Open a picture"),
            ("T", "Theme: system, light, dark"),
            ("L", "Log"),
            ("?", "These keys"),
            ("Esc", "Close a dialog"),
            ("Tab", "To the next control; Space or Enter presses it"),
        ],
    ),
    (
        "Picture",
        &[
            ("S B D", "Split, side by side, difference"),
            ("+ − F 1:1", "Zoom in, out, fit; 0 shows actual pixels"),
            ("← →", "Move the line between the pictures, when it has the focus"),
            ("Ctrl V", "Paste a picture"),
            ("Ctrl S", "Save the reconstruction"),
        ],
    ),
    (
        "Tokens",
        &[
            ("G", "Show the tokens"),
            ("V P X", "Select, paint, shuffle"),
            ("← → ↑ ↓", "Move the selection, when the picture has the focus"),
            ("Ctrl Z", "Undo"),
            ("Ctrl Shift Z", "Redo"),
        ],
    ),
];

/// Shows the overlay.
pub(super) fn show(ui: &Ui, state: &mut State) {
    let room = ui.ctx().content_rect().size();
    let modal = Modal::new(Id::unique("help")).show(ui, |ui| {
        ui.set_width((room.x - 72.0).min(460.0));
        ScrollArea::vertical().max_height(room.y - 160.0).show(ui, |ui| {
            for (index, (place, keys)) in KEYS.iter().enumerate() {
                subtitle(ui, place);
                Grid::new(("keys", index)).num_columns(2).min_col_width(104.0).spacing([12.0, 6.0]).show(
                    ui,
                    |ui| {
                        for (key, what) in *keys {
                            let text = egui::RichText::new(*key).color(Palette::of(ui).accent);
                            ui.add(egui::Label::new(text).selectable(false));
                            ui.add(egui::Label::new(*what).wrap().selectable(false));
                            ui.end_row();
                        }
                    },
                );
                ui.add_space(6.0);
            }
            hint(ui, "Wheel or pinch zooms, dragging moves the picture, a double click fits it again.");
        });
        ui.add_space(4.0);
        primary_button(ui, None, "Close").clicked()
    });
    if modal.inner || modal.should_close() {
        state.help = false;
    }
}
