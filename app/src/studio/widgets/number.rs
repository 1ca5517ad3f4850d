//! Numbers in cells of fixed size: nothing moves when they change, and a click copies them.

use egui::{CornerRadius, Id, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

use crate::studio::theme::{CONTROL_RADIUS, Palette, semibold};

use super::button::focus_ring;

const HEIGHT: f32 = 48.0;

/// One number with its name and unit; a missing value is shown as a dash.
pub(crate) struct Number<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<String>,
    pub(crate) unit: &'a str,
    /// What it means, shown when the pointer rests on it.
    pub(crate) meaning: &'a str,
}

/// A grid of numbers, as many in a row as fit at this smallest width.
pub(crate) fn numbers(ui: &mut Ui, smallest: f32, list: &[Number<'_>]) {
    let gap = 4.0;
    let available = ui.available_width();
    let columns = (((available + gap) / (smallest + gap)) as usize).clamp(1, list.len().max(1));
    let width = (available - gap * (columns - 1) as f32) / columns as f32;
    for row in list.chunks(columns) {
        let (strip, response) = ui.allocate_exact_size(Vec2::new(available, HEIGHT), Sense::hover());
        for (index, number) in row.iter().enumerate() {
            let left = strip.left() + index as f32 * (width + gap);
            let rect = Rect::from_min_size(pos2(left, strip.top()), Vec2::new(width, HEIGHT));
            cell(ui, response.id.with(index), rect, number);
        }
        ui.add_space(gap - ui.spacing().item_spacing.y);
    }
}

fn cell(ui: &mut Ui, id: Id, rect: Rect, number: &Number<'_>) {
    let palette = Palette::of(ui);
    let response = ui.interact(rect, id, Sense::click());
    let shown = number.value.as_deref().unwrap_or("–");
    let unit = if number.value.is_some() { number.unit } else { "" };
    let spoken = format!("{}: {shown} {unit}", number.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, spoken.trim_end()));
    let painter = ui.painter_at(rect);
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), palette.control);
    }
    focus_ring(ui, &response);
    let small = egui::TextStyle::Small.resolve(ui.style());
    let left = rect.left() + 6.0;
    painter.text(
        pos2(left, rect.top() + 5.0),
        egui::Align2::LEFT_TOP,
        number.name,
        small.clone(),
        palette.weak,
    );
    let large = egui::FontId::new(17.0, semibold());
    let value =
        painter.text(pos2(left, rect.bottom() - 5.0), egui::Align2::LEFT_BOTTOM, shown, large, palette.text);
    if !unit.is_empty() {
        let at = pos2(value.right() + 4.0, rect.bottom() - 7.0);
        painter.text(at, egui::Align2::LEFT_BOTTOM, unit, small, palette.weak);
    }
    if response.clicked() && number.value.is_some() {
        ui.copy_text(format!("{shown} {unit}").trim_end().to_owned());
    }
    response.on_hover_ui(|ui| {
        ui.label(number.meaning);
        ui.weak("Click to copy");
    });
}
