//! Buttons: with an icon, with an icon and a word, and the main action of a dialog.

use egui::{CornerRadius, Response, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, WidgetText};

use crate::studio::{
    icons::Icon,
    theme::{CONTROL_HEIGHT, CONTROL_RADIUS, Palette},
};

/// A square button with an icon; its name is read aloud and shown when the pointer rests on it.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    icon_toggle(ui, icon, name, None)
}

/// As [`icon_button`], for something that is on or off.
pub(crate) fn icon_toggle(ui: &mut Ui, icon: Icon, name: &str, on: Option<bool>) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(CONTROL_HEIGHT), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| match on {
        Some(on) => WidgetInfo::selected(Role::Button, enabled, on, name),
        None => WidgetInfo::labeled(Role::Button, enabled, name),
    });
    if ui.is_rect_visible(rect) {
        let on = on == Some(true);
        let active = response.hovered() || response.has_focus();
        if on || active {
            let fill = if on { palette.accent_soft } else { palette.control_hover };
            ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
        }
        focus_ring(ui, &response);
        let color = if on {
            palette.accent
        } else if active {
            palette.text
        } else {
            palette.weak
        };
        icon.paint(ui.painter(), rect, 18.0, color);
    }
    response.on_hover_text(name)
}

/// A button with a word, and an icon before it.
pub(crate) fn text_button(ui: &mut Ui, icon: Option<Icon>, text: &str) -> Response {
    filled(ui, icon, text, false)
}

/// The main action of a place: filled with the accent color.
pub(crate) fn primary_button(ui: &mut Ui, icon: Option<Icon>, text: &str) -> Response {
    filled(ui, icon, text, true)
}

fn filled(ui: &mut Ui, icon: Option<Icon>, text: &str, primary: bool) -> Response {
    let palette = Palette::of(ui);
    let galley = WidgetText::from(text).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        TextStyle::Button,
    );
    let icon_width = if icon.is_some() { 24.0 } else { 0.0 };
    let width = galley.size().x + icon_width + if icon.is_some() { 20.0 } else { 24.0 };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, CONTROL_HEIGHT), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    if ui.is_rect_visible(rect) {
        let hot = response.hovered() || response.has_focus();
        let (fill, ink) = match (primary, hot) {
            (true, false) => (palette.accent, palette.on_accent),
            (true, true) => (palette.accent.lerp_to_gamma(palette.text, 0.15), palette.on_accent),
            (false, false) => (palette.control, palette.text),
            (false, true) => (palette.control_hover, palette.text),
        };
        ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
        focus_ring(ui, &response);
        let mut left = rect.left() + if icon.is_some() { 8.0 } else { 12.0 };
        if let Some(icon) = icon {
            let place =
                egui::Rect::from_min_size(egui::pos2(left, rect.top()), Vec2::new(18.0, rect.height()));
            icon.paint(ui.painter(), place, 16.0, ink);
            left += icon_width;
        }
        let top = rect.center().y - galley.size().y / 2.0;
        ui.painter().galley_with_override_text_color(egui::pos2(left, top), galley, ink);
    }
    response
}

/// A ring around what has the keyboard's attention.
pub(crate) fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, Palette::of(ui).accent);
        let radius = CornerRadius::same(CONTROL_RADIUS);
        ui.painter().rect_stroke(response.rect, radius, stroke, egui::StrokeKind::Inside);
    }
}
