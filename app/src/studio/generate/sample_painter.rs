//! Drawing what there is of a picture.

use egui::{CornerRadius, Painter, Rect, Ui, Vec2, pos2};

use crate::studio::theme::Palette;

use super::board::{Drawing, Sample};

/// Draws what there is of a picture; where there are no tokens yet, the ground shows.
pub(super) fn paint(painter: &Painter, ui: &Ui, sample: &mut Sample, place: Rect, side: u32) {
    let palette = Palette::of(ui);
    painter.rect_filled(place, CornerRadius::same(2), palette.control);
    let Some(Drawing { texture, tokens, .. }) = &mut sample.drawing else { return };
    let (columns, shown) = (side.max(1) as usize, *tokens);
    let cell = place.width() / columns as f32;
    let rows = (shown / columns) as f32;
    let last = (shown % columns) as f32;
    let full = Rect::from_min_size(place.min, Vec2::new(place.width(), rows * cell));
    texture.paint(&painter.with_clip_rect(full.intersect(painter.clip_rect())), place);
    if last > 0.0 {
        let begun = Rect::from_min_size(pos2(place.left(), full.bottom()), Vec2::new(last * cell, cell));
        texture.paint(&painter.with_clip_rect(begun.intersect(painter.clip_rect())), place);
    }
}
