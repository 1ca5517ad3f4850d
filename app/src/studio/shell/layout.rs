//! Where the parts of the shell are.

use egui::Ui;

use crate::studio::{
    command::Command,
    keys::HelpSection,
    theme::{NARROW, Palette, semibold},
};

use super::{banner, help, log_panel, navigation, top_bar, view::ShellView};

/// Shows what is around the pane.
pub(crate) fn show_around(ui: &mut Ui, view: &ShellView<'_>, out: &mut Vec<Command>) {
    let narrow = ui.available_width() < NARROW;
    top_bar::show(ui, view, narrow, out);
    if narrow {
        navigation::show_bottom(ui, view.tabs, view.current, out);
    } else {
        navigation::show_side(ui, view.tabs, view.current, out);
    }
    if view.log {
        log_panel::show(ui, out);
    }
    banner::show(ui, &view.shared.notices, out);
}

/// Shows what is over the pane: the help, and, while files hang over the window, that they can be dropped.
pub(crate) fn show_over(ui: &Ui, help: Option<&[HelpSection]>, out: &mut Vec<Command>) {
    if let Some(sections) = help {
        help::show(ui, sections, out);
    }
    drop_hint(ui);
}

fn drop_hint(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop hint"));
    let painter = ui.ctx().layer_painter(layer);
    let (rect, palette) = (ui.ctx().content_rect(), Palette::of(ui));
    painter.rect_filled(rect, 0.0, egui::Color32::from_black_alpha(140));
    let inner = rect.shrink(24.0);
    painter.rect_stroke(inner, 12.0, egui::Stroke::new(2.0, palette.accent), egui::StrokeKind::Inside);
    let font = egui::FontId::new(20.0, semibold());
    let text = "Drop a picture, tokens or a model";
    painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, font, egui::Color32::WHITE);
}
