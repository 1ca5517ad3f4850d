//! All pictures of a run.

use egui::{
    CornerRadius, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2,
    text::{LayoutJob, TextWrapping},
};

use crate::studio::theme::Palette;

use super::{
    board::Board,
    message::{Message, Outbox},
    sample_painter::paint,
};

/// Between pictures, and around them.
const GAP: f32 = 10.0;
/// A line of text below a picture.
const LABEL: f32 = 18.0;

/// Columns that give the largest squares.
fn columns(count: usize, room: Vec2, label: f32) -> usize {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        let width = (room.x - GAP * (columns as f32 + 1.0)) / columns as f32;
        let height = (room.y - GAP * (rows as f32 + 1.0)) / rows as f32 - label;
        width.min(height)
    };
    (1..=count.max(1)).max_by(|&a, &b| side(a).total_cmp(&side(b))).unwrap_or(1)
}

/// Shows all pictures; a click shows one of them large.
pub(super) fn show(ui: &mut Ui, board: &mut Board, rect: Rect, out: &mut Outbox) {
    let count = board.samples.len();
    let label = if board.samples.iter().any(|sample| sample.label.is_some()) { LABEL } else { 0.0 };
    let columns = board.columns.unwrap_or_else(|| columns(count, rect.size(), label));
    let rows = count.div_ceil(columns);
    let width = (rect.width() - GAP * (columns as f32 + 1.0)) / columns as f32;
    let height = (rect.height() - GAP * (rows as f32 + 1.0)) / rows as f32 - label;
    let side = width.min(height).max(16.0);
    let step = Vec2::new(side + GAP, side + label + GAP);
    let used = Vec2::new(step.x * columns as f32 - GAP, step.y * rows as f32 - GAP);
    let corner = rect.center() - used / 2.0;
    let (grid_side, whole) = (board.side, board.whole());
    for (index, sample) in board.samples.iter_mut().enumerate() {
        let at = Vec2::new((index % columns) as f32, (index / columns) as f32) * step;
        let place = Rect::from_min_size(corner + at, Vec2::splat(side));
        let response = ui.interact(place, ui.scope_id().with(("picture", index)), Sense::click());
        let state = if sample.tokens.len() == whole { "whole" } else { "unfinished" };
        let spoken = match &sample.label {
            Some(label) => format!("Picture {}: {}, {state}", index + 1, label.text),
            None => format!("Picture {}, {state}", index + 1),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
        let painter = ui.painter_at(rect.shrink(1.0));
        paint(&painter, ui, sample, place, grid_side);
        if response.hovered() || response.has_focus() {
            let stroke = Stroke::new(2.0, Palette::of(ui).accent);
            painter.rect_stroke(place, CornerRadius::same(2), stroke, StrokeKind::Outside);
        }
        if let Some(label) = &sample.label {
            let at = pos2(place.center().x, place.bottom() + LABEL / 2.0 + 1.0);
            let font = egui::TextStyle::Small.resolve(ui.style());
            let ink = Palette::of(ui).text;
            let room = step.x - 4.0;
            let mut drawn = painter.layout_no_wrap(label.text.clone(), font.clone(), ink);
            if drawn.size().x > room {
                // The values alone where there is no room for what they are of, and of them what there is room for.
                let mut job = LayoutJob::simple_singleline(label.values.clone(), font, ink);
                job.wrap = TextWrapping::truncate_at_width(room);
                drawn = painter.layout_job(job);
            }
            painter.galley(at - drawn.size() / 2.0, drawn, ink);
        }
        if response.clicked() {
            out.send(Message::Show(Some(index)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_as_large_as_the_room_allows() {
        assert_eq!(columns(4, Vec2::new(800.0, 800.0), 0.0), 2);
        assert_eq!(columns(4, Vec2::new(1600.0, 400.0), 0.0), 4);
        assert_eq!(columns(4, Vec2::new(300.0, 1400.0), 0.0), 1);
        assert_eq!(columns(1, Vec2::new(300.0, 300.0), 0.0), 1);
    }
}
