//! The log, at the bottom.

use egui::{Frame, Layout, Margin, Panel, RichText, ScrollArea, Ui};
use log::Level;

use crate::studio::{
    command::Command,
    icons::Icon,
    log::{clear, lines, text},
    theme::Palette,
    widgets::{hint, icon_button, subtitle},
};

/// Shows the panel.
pub(super) fn show(ui: &mut Ui, out: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    Panel::bottom("log")
        .exact_size(190.0)
        .frame(Frame::new().fill(palette.panel).inner_margin(Margin {
            left: 12,
            right: 12,
            top: 4,
            bottom: 8,
        }))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                subtitle(ui, "Log");
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 2.0;
                    if icon_button(ui, Icon::Close, "Close the log").clicked() {
                        out.push(Command::ToggleLog);
                    }
                    if icon_button(ui, Icon::Copy, "Copy the log").clicked() {
                        ui.copy_text(text());
                    }
                    if icon_button(ui, Icon::Reset, "Clear the log").clicked() {
                        clear();
                    }
                });
            });
            ScrollArea::both().auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let lines = lines();
                if lines.is_empty() {
                    hint(ui, "Nothing was logged yet.");
                }
                for line in lines {
                    let color = match line.level {
                        Level::Error => palette.error,
                        Level::Warn => palette.warning,
                        _ => palette.text,
                    };
                    let text = RichText::new(format!("{}  {}", line.target, line.text)).small().color(color);
                    ui.add(egui::Label::new(text).extend());
                }
            });
        });
}
