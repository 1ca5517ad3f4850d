//! Notices at the top of the screen, until they are dismissed.

use egui::{CornerRadius, Frame, Layout, Margin, Panel, Stroke, Ui};

use crate::studio::{
    command::Command,
    icons::Icon,
    notice::{Notices, Severity},
    theme::{CARD_RADIUS, Palette, title},
    widgets::icon_button,
};

/// Shows the notices.
pub(super) fn show(ui: &mut Ui, notices: &Notices, out: &mut Vec<Command>) {
    if notices.list().is_empty() {
        return;
    }
    let palette = Palette::of(ui);
    Panel::top("notices")
        .show_separator_line(false)
        .frame(Frame::new().fill(palette.panel).inner_margin(Margin {
            left: 12,
            right: 12,
            top: 8,
            bottom: 0,
        }))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            for (index, notice) in notices.list().iter().enumerate() {
                let (icon, color) = match notice.severity {
                    Severity::Info => (Icon::Info, palette.accent),
                    Severity::Error => (Icon::Warning, palette.error),
                };
                Frame::new()
                    .fill(palette.card)
                    .stroke(Stroke::new(1.0, color))
                    .corner_radius(CornerRadius::same(CARD_RADIUS))
                    .inner_margin(Margin::symmetric(12, 8))
                    .show(ui, |ui| {
                        ui.horizontal_top(|ui| {
                            let (rect, _) =
                                ui.allocate_exact_size(egui::vec2(22.0, 22.0), egui::Sense::hover());
                            icon.paint(ui.painter(), rect, 20.0, color);
                            let text_width = ui.available_width() - 76.0;
                            ui.vertical(|ui| {
                                ui.set_width(text_width.max(80.0));
                                ui.spacing_mut().item_spacing.y = 2.0;
                                ui.add(egui::Label::new(title(&notice.what, 14.0)).wrap());
                                ui.add(egui::Label::new(&notice.detail).wrap());
                            });
                            ui.with_layout(Layout::right_to_left(egui::Align::Min), |ui| {
                                ui.spacing_mut().item_spacing.x = 2.0;
                                if icon_button(ui, Icon::Close, "Dismiss").clicked() {
                                    out.push(Command::Dismiss(index));
                                }
                                if icon_button(ui, Icon::Copy, "Copy the notice").clicked() {
                                    ui.copy_text(notice.text());
                                }
                            });
                        });
                    });
            }
        });
}
