//! A row of choices of which one holds.

use egui::{CornerRadius, Frame, Margin, Response, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo, WidgetText};

use crate::studio::theme::{CONTROL_RADIUS, Palette};

use super::button::focus_ring;

const CHOICE: f32 = 28.0;

/// Shows the choices in a row and returns whether the current one changed. `name` says what is being chosen.
pub(crate) fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    current: &mut T,
    choices: &[(T, &str)],
) -> bool {
    let palette = Palette::of(ui);
    let before = *current;
    Frame::new()
        .fill(palette.control)
        .corner_radius(CornerRadius::same(CONTROL_RADIUS + 2))
        .inner_margin(Margin::same(2))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            // The same space on all sides, and as high as a button.
            ui.spacing_mut().interact_size.y = CHOICE;
            ui.horizontal(|ui| {
                for &(value, text) in choices {
                    if choice(ui, name, text, *current == value).clicked() {
                        *current = value;
                    }
                }
            });
        });
    *current != before
}

fn choice(ui: &mut Ui, name: &str, text: &str, on: bool) -> Response {
    let palette = Palette::of(ui);
    let galley = WidgetText::from(text).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        TextStyle::Button,
    );
    let size = Vec2::new(galley.size().x + 20.0, CHOICE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, enabled, on, format!("{name}: {text}")));
    if ui.is_rect_visible(rect) {
        if on {
            ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), palette.card);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), palette.control_hover);
        }
        focus_ring(ui, &response);
        let ink = if on { palette.accent } else { palette.text };
        ui.painter().galley_with_override_text_color(rect.center() - galley.size() / 2.0, galley, ink);
    }
    response
}
