//! One picture, as large as there is room, with its tokens.

use egui::{
    Color32, CornerRadius, Key, PointerButton, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo,
};

use crate::studio::{stroke::line, theme::Palette};

use super::{
    inspection::Tool,
    message::{Message, Outbox},
    sample_painter::paint,
    state::Generate,
};

/// Around the picture.
const GAP: f32 = 10.0;
/// Grid lines closer than this many points would hide the picture.
const CLOSEST_LINES: f32 = 6.0;

/// One picture, as large as there is room, with its tokens.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, index: usize, rect: Rect, out: &mut Outbox) {
    let running = generate.is_running();
    let side = generate.board.side.max(1);
    let whole = generate.board.whole();
    let Some(sample) = generate.board.samples.get_mut(index) else { return };
    let edge = (rect.width().min(rect.height()) - 2.0 * GAP).max(16.0);
    let place = Rect::from_center_size(rect.center(), Vec2::splat(edge));
    let response = ui.interact(place, ui.scope_id().with("tokens"), Sense::click_and_drag());
    let spoken = format!("Tokens of picture {}", index + 1);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &spoken));
    let painter = ui.painter_at(rect.shrink(1.0));
    paint(&painter, ui, sample, place, side);
    let finished = !running && sample.tokens.len() == whole;
    if !finished {
        return;
    }
    let inspection = &mut generate.inspection;
    let cell = edge / side as f32;
    let square = |position: u32| {
        let corner = Vec2::new((position % side) as f32, (position / side) as f32) * cell;
        Rect::from_min_size(place.min + corner, Vec2::splat(cell))
    };
    let position_at = |at: Pos2| {
        let cell_of = |from: f32, to: f32| (((to - from) / cell) as u32).min(side - 1);
        place.contains(at).then(|| cell_of(place.top(), at.y) * side + cell_of(place.left(), at.x))
    };
    let under = response.hover_pos().or(response.interact_pointer_pos()).and_then(position_at);
    inspection.hovered = under.filter(|_| response.hovered() && inspection.tool == Tool::Look);
    match inspection.tool {
        Tool::Look if response.clicked() => inspection.selected = under,
        Tool::Hold => {
            let pressed = ui.input(|input| input.pointer.press_origin()).and_then(position_at);
            hold_cells(&response, &mut sample.held, &mut inspection.holding, pressed, under, side);
        }
        Tool::Look => {}
    }
    move_selection(ui, &response, &mut inspection.selected, side);

    if inspection.entropy
        && let Some(insight) = inspection.insight(sample.revision)
    {
        let most = insight.positions.iter().map(|seen| seen.entropy).fold(1e-3, f32::max);
        for (position, seen) in (0..).zip(&insight.positions) {
            painter.rect_filled(square(position), CornerRadius::ZERO, heat_color(seen.entropy / most));
        }
    }
    if cell >= CLOSEST_LINES && (inspection.tool == Tool::Hold || under.is_some()) {
        let thin = Stroke::new(1.0, Color32::from_black_alpha(70));
        for step in 1..side {
            let offset = step as f32 * cell;
            painter.vline(place.left() + offset, place.y_range(), thin);
            painter.hline(place.x_range(), place.top() + offset, thin);
        }
    }
    for (position, _) in (0..).zip(&sample.held).filter(|(_, held)| **held) {
        let mark = square(position);
        painter.rect_filled(mark, CornerRadius::ZERO, Color32::from_rgba_unmultiplied(0, 0, 0, 60));
        painter.rect_stroke(mark, CornerRadius::ZERO, Stroke::new(2.0, Color32::WHITE), StrokeKind::Inside);
    }
    for (position, width) in [(inspection.selected, 3.0), (inspection.hovered, 2.0)] {
        if let Some(position) = position {
            let mark = square(position);
            let black = Stroke::new(width + 2.0, Color32::from_black_alpha(160));
            painter.rect_stroke(mark, CornerRadius::same(1), black, StrokeKind::Outside);
            let white = Stroke::new(width, Color32::WHITE);
            painter.rect_stroke(mark, CornerRadius::same(1), white, StrokeKind::Outside);
        }
    }
    if response.has_focus() {
        let stroke = Stroke::new(2.0, Palette::of(ui).accent);
        painter.rect_stroke(place.expand(3.0), CornerRadius::same(4), stroke, StrokeKind::Inside);
    }
    if let Some(position) = inspection.hovered {
        out.send(Message::Inspect(position));
    }
}

/// Holds the tokens under the pointer from where it was pressed on, or lets them go: what the first one of a stroke becomes,
/// all become.
fn hold_cells(
    response: &Response,
    held: &mut [bool],
    holding: &mut Option<(bool, u32)>,
    pressed: Option<u32>,
    under: Option<u32>,
    side: u32,
) {
    let stroke = response.dragged_by(PointerButton::Primary) || response.clicked();
    if let Some(under) = under.filter(|_| stroke) {
        let first = pressed.unwrap_or(under);
        let (value, last) =
            holding.unwrap_or_else(|| (!held.get(first as usize).is_some_and(|&held| held), first));
        for position in line(last, under, side) {
            if let Some(slot) = held.get_mut(position as usize) {
                *slot = value;
            }
        }
        *holding = Some((value, under));
    }
    if response.drag_stopped() || response.clicked() {
        *holding = None;
    }
}

/// The arrow keys move the selection while the picture has the focus.
fn move_selection(ui: &Ui, response: &Response, selected: &mut Option<u32>, side: u32) {
    if !response.has_focus() {
        return;
    }
    let filter = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let moves =
        [(Key::ArrowLeft, -1, 0), (Key::ArrowRight, 1, 0), (Key::ArrowUp, 0, -1), (Key::ArrowDown, 0, 1)];
    for (key, right, down) in moves {
        if pressed(key) {
            let limit = |value: u32, step: i32| value.saturating_add_signed(step).min(side - 1);
            *selected = Some(match *selected {
                None => 0,
                Some(at) => limit(at / side, down) * side + limit(at % side, right),
            });
        }
    }
}

/// A color for a share, from dark and clear to bright: the same order for every kind of color vision.
fn heat_color(share: f32) -> Color32 {
    let stops = [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)];
    let at = share.clamp(0.0, 1.0) * 4.0;
    let (low, part) = ((at as usize).min(3), at - (at as usize).min(3) as f32);
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part) as u8;
    let ((r0, g0, b0), (r1, g1, b1)) = (stops[low], stops[low + 1]);
    Color32::from_rgba_unmultiplied(mix(r0, r1), mix(g0, g1), mix(b0, b1), 190)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_goes_from_dark_to_bright() {
        let light = |share| {
            let [r, g, b, _] = heat_color(share).to_srgba_unmultiplied();
            u32::from(r) + u32::from(g) + u32::from(b)
        };
        assert!(light(0.0) < light(0.5) && light(0.5) < light(1.0));
        assert_eq!(heat_color(2.0), heat_color(1.0));
    }
}
