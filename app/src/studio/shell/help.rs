//! The keys, over everything else.

use egui::{Grid, Ui};

use crate::studio::{
    state::State,
    theme::Palette,
    widgets::{dialog, hint, primary_button, subtitle},
};

/// Keys and what they do, by place.
const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Everywhere",
        &[
            ("1 2 3", "From screen to screen"),
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
            ("+ − F 0", "Zoom in, out, fit, actual pixels"),
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
    (
        "Generate",
        &[
            ("G", "Generate, or stop"),
            ("R", "The next seed"),
            ("A", "All pictures"),
            ("Ctrl S", "Save the picture"),
        ],
    ),
];

/// Shows the overlay.
pub(super) fn show(ui: &Ui, state: &mut State) {
    let content = |ui: &mut Ui| {
        for (index, (place, keys)) in KEYS.iter().enumerate() {
            subtitle(ui, place);
            let grid = Grid::new(("keys", index)).num_columns(2).min_col_width(104.0).min_row_height(20.0);
            grid.spacing([12.0, 4.0]).show(ui, |ui| {
                for (key, what) in *keys {
                    let text = egui::RichText::new(*key).color(Palette::of(ui).accent);
                    ui.add(egui::Label::new(text).selectable(false));
                    ui.add(egui::Label::new(*what).wrap().selectable(false));
                    ui.end_row();
                }
            });
            ui.add_space(8.0);
        }
        hint(ui, "Wheel or pinch zooms, dragging moves the picture, a double click fits it again.");
    };
    let modal = dialog(ui, "help", 480.0, content, |ui| primary_button(ui, None, "Close").clicked());
    if modal.inner || modal.should_close() {
        state.help = false;
    }
}
