//! Cards: the boxes that group what belongs together.

use egui::{CornerRadius, Frame, InnerResponse, Margin, Stroke, Ui};

use crate::studio::theme::{CARD_RADIUS, Palette, title};

/// A card as wide as there is room, with a heading unless that is empty.
pub(crate) fn card<R>(ui: &mut Ui, heading: &str, content: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let palette = Palette::of(ui);
    Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            if !heading.is_empty() {
                subtitle(ui, heading);
                ui.add_space(2.0);
            }
            content(ui)
        })
}

/// The heading of a part.
pub(crate) fn subtitle(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(title(text, 14.0)).selectable(false));
}

/// A line of explanation.
pub(crate) fn hint(ui: &mut Ui, text: impl Into<String>) {
    ui.add(egui::Label::new(egui::RichText::new(text).small().weak()).wrap());
}
