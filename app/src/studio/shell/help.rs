//! The keys, over everything else.

use egui::{Grid, Ui};

use crate::studio::{
    command::Command,
    keys::HelpSection,
    theme::Palette,
    widgets::{dialog, hint, primary_button, subtitle},
};

/// Shows the overlay.
pub(super) fn show(ui: &Ui, sections: &[HelpSection], out: &mut Vec<Command>) {
    let content = |ui: &mut Ui| {
        for (index, section) in sections.iter().enumerate() {
            subtitle(ui, section.heading);
            let grid = Grid::new(("keys", index)).num_columns(2).min_col_width(104.0).min_row_height(20.0);
            grid.spacing([12.0, 4.0]).show(ui, |ui| {
                for (key, what) in &section.lines {
                    let text = egui::RichText::new(key).color(Palette::of(ui).accent);
                    ui.add(egui::Label::new(text).selectable(false));
                    ui.add(egui::Label::new(*what).wrap().selectable(false));
                    ui.end_row();
                }
            });
            ui.add_space(8.0);
        }
        for note in sections.iter().filter_map(|section| section.note) {
            hint(ui, note);
        }
    };
    let modal = dialog(ui, "help", 480.0, content, |ui| primary_button(ui, None, "Close").clicked());
    if modal.inner || modal.should_close() {
        out.push(Command::ToggleHelp);
    }
}
