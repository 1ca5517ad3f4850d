//! The way from pane to pane: at the left where there is room, else at the bottom.

use egui::{CornerRadius, Frame, Margin, Panel, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

use crate::studio::{
    command::Command,
    icons::Icon,
    owner::PaneId,
    theme::{CARD_RADIUS, Palette},
};

/// A pane that can be gone to.
pub(crate) struct Tab {
    pub(crate) pane: PaneId,
    pub(crate) name: &'static str,
    pub(crate) icon: Icon,
}

/// Shows the panes below each other at the left.
pub(super) fn show_side(ui: &mut Ui, tabs: &[Tab], current: PaneId, out: &mut Vec<Command>) {
    Panel::left("navigation")
        .exact_size(96.0)
        .resizable(false)
        .frame(Frame::new().fill(Palette::of(ui).panel).inner_margin(Margin::symmetric(4, 8)))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for tab in tabs {
                show_entry(ui, tab, current, Vec2::new(ui.available_width(), 60.0), out);
            }
        });
}

/// Shows the panes beside each other at the bottom.
pub(super) fn show_bottom(ui: &mut Ui, tabs: &[Tab], current: PaneId, out: &mut Vec<Command>) {
    Panel::bottom("navigation bottom")
        .exact_size(60.0)
        .frame(Frame::new().fill(Palette::of(ui).panel).inner_margin(Margin::same(4)))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                let width = ui.available_width() / tabs.len() as f32 - 4.0;
                for tab in tabs {
                    show_entry(ui, tab, current, Vec2::new(width, 52.0), out);
                }
            });
        });
}

fn show_entry(ui: &mut Ui, tab: &Tab, current: PaneId, size: Vec2, out: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let here = current == tab.pane;
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, here, tab.name));
    let active = response.hovered() || response.has_focus();
    if here || active {
        let fill = if here { palette.accent_soft } else { palette.control };
        ui.painter().rect_filled(rect, CornerRadius::same(CARD_RADIUS), fill);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, CornerRadius::same(CARD_RADIUS), stroke, egui::StrokeKind::Inside);
    }
    let ink = if here { palette.accent } else { palette.text };
    let middle = rect.center();
    let place = Rect::from_center_size(pos2(middle.x, middle.y - 9.0), Vec2::splat(22.0));
    tab.icon.paint(ui.painter(), place, 22.0, ink);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let at = pos2(middle.x, middle.y + 16.0);
    ui.painter().text(at, egui::Align2::CENTER_CENTER, tab.name, font, ink);
    if response.clicked() {
        out.push(Command::Go(tab.pane));
    }
}
