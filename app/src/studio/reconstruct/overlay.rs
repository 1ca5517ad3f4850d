//! The grid of tokens over a picture: lines, the token under the pointer, the selection.

use egui::{Color32, Key, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, Vec2};

use crate::studio::{selection::Selection, theme::Palette};

use super::{
    cells::rectangle,
    message::{EditCommand, Message, Outbox},
    state::Reconstruct,
};

/// Grid lines closer than this many points would hide the picture.
const CLOSEST_LINES: f32 = 5.0;

/// The token whose square holds a pixel, as a position in raster order.
pub(super) fn position_at(pane: &Reconstruct, pixel: Vec2) -> Option<u32> {
    let shown = pane.first()?;
    let (width, height) = shown.picture.rgb.dimensions();
    if pixel.x < 0.0 || pixel.y < 0.0 || pixel.x >= width as f32 || pixel.y >= height as f32 {
        return None;
    }
    let (grid, factor) = (shown.tokens.grid(), shown.factor());
    let (row, col) = (pixel.y as u32 / factor, pixel.x as u32 / factor);
    (row < grid.rows && col < grid.cols).then(|| row * grid.cols + col)
}

/// Where a token's square is on the screen.
fn cell_rect(place: Rect, scale: f32, factor: u32, cols: u32, position: u32) -> Rect {
    let side = factor as f32 * scale;
    let corner = Vec2::new((position % cols.max(1)) as f32, (position / cols.max(1)) as f32) * side;
    Rect::from_min_size(place.min + corner, Vec2::splat(side))
}

/// Draws the grid over a picture that lies at `place`.
pub(super) fn paint(ui: &Ui, painter: &Painter, pane: &Reconstruct, selection: &Selection, place: Rect) {
    let Some(shown) = pane.first() else { return };
    let (grid, factor) = (shown.tokens.grid(), shown.factor());
    let scale = place.width() / shown.picture.rgb.width().max(1) as f32;
    let side = factor as f32 * scale;
    let clip = painter.clip_rect().intersect(place);
    if side >= CLOSEST_LINES {
        paint_lines(painter, place, clip, side, (grid.rows, grid.cols));
    }
    let accent = Palette::of(ui).accent;
    for (position, _) in
        grid.tokens.iter().enumerate().filter(|&(i, &token)| shown.tokens.original(i as u32) != Some(token))
    {
        let cell = cell_rect(place, scale, factor, grid.cols, position as u32).intersect(place);
        if cell.intersects(clip) && side >= CLOSEST_LINES {
            painter.rect_stroke(cell, 0.0, Stroke::new(1.0, accent.gamma_multiply(0.8)), StrokeKind::Inside);
        }
    }
    if let (Some(from), Some(to)) = (pane.editing.corner, selection.hovered_cell) {
        for position in rectangle(from, to, grid.cols) {
            let cell = cell_rect(place, scale, factor, grid.cols, position);
            painter.rect_filled(cell, 0.0, accent.gamma_multiply(0.3));
        }
    }
    let outline = |position: u32, color: Color32, width: f32| {
        let cell = cell_rect(place, scale, factor, grid.cols, position).expand(1.0);
        painter.rect_stroke(
            cell,
            1.0,
            Stroke::new(width + 2.0, Color32::from_black_alpha(160)),
            StrokeKind::Outside,
        );
        painter.rect_stroke(cell, 1.0, Stroke::new(width, color), StrokeKind::Outside);
    };
    if let Some(position) = selection.hovered_cell {
        outline(position, Color32::WHITE, 1.0);
    }
    if let Some(position) = selection.cell {
        outline(position, accent, 2.0);
    }
}

fn paint_lines(painter: &Painter, place: Rect, clip: Rect, side: f32, (rows, cols): (u32, u32)) {
    let strength = ((side - CLOSEST_LINES) / 24.0).clamp(0.25, 1.0);
    let dark = Stroke::new(1.0, Color32::from_black_alpha((90.0 * strength) as u8));
    let light = Stroke::new(1.0, Color32::from_white_alpha((70.0 * strength) as u8));
    let pixel = 1.0 / painter.pixels_per_point();
    for col in 1..cols {
        let x = place.left() + col as f32 * side;
        if clip.x_range().contains(x) {
            painter.vline(x, clip.y_range(), dark);
            painter.vline(x + pixel, clip.y_range(), light);
        }
    }
    for row in 1..rows {
        let y = place.top() + row as f32 * side;
        if clip.y_range().contains(y) {
            painter.hline(clip.x_range(), y, dark);
            painter.hline(clip.x_range(), y + pixel, light);
        }
    }
}

/// The index of the token under the pointer, and its own patch, beside it; nothing where `clip` hides the token of the
/// picture that lies at `place`.
pub(super) fn paint_tip(
    ui: &Ui,
    painter: &Painter,
    pane: &Reconstruct,
    hovered: Option<u32>,
    place: Rect,
    clip: Rect,
) {
    let (Some(shown), Some(position)) = (pane.first(), hovered) else { return };
    let Some(code) = shown.tokens.get(position) else { return };
    let scale = place.width() / shown.picture.rgb.width().max(1) as f32;
    let cell = cell_rect(place, scale, shown.factor(), shown.tokens.grid().cols, position);
    if !clip.contains(cell.center()) {
        return;
    }
    let palette = Palette::of(ui);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let galley = painter.layout_no_wrap(code.to_string(), font, palette.text);
    let patch = pane.patches.get(code);
    let size = Vec2::new(galley.size().x + 16.0 + if patch.is_some() { 40.0 } else { 0.0 }, 40.0);
    let bounds = painter.clip_rect();
    let mut corner = cell.right_bottom() + Vec2::splat(8.0);
    if corner.x + size.x > bounds.right() {
        corner.x = cell.left() - 8.0 - size.x;
    }
    if corner.y + size.y > bounds.bottom() {
        corner.y = cell.top() - 8.0 - size.y;
    }
    let rect = Rect::from_min_size(corner, size);
    painter.rect(rect, 6.0, palette.card, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    let mut left = rect.left() + 8.0;
    if let Some(patch) = patch {
        let picture = Rect::from_min_size(rect.min + Vec2::splat(4.0), Vec2::splat(32.0));
        let whole = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        painter.image(patch.id(), picture, whole, Color32::WHITE);
        left = picture.right() + 8.0;
    }
    painter.galley(Pos2::new(left, rect.center().y - galley.size().y / 2.0), galley, palette.text);
}

/// The arrow keys move the selection from token to token.
pub(super) fn move_selection(ui: &Ui, pane: &Reconstruct, selected: Option<u32>, out: &mut Outbox) {
    let Some(shown) = pane.first() else { return };
    let grid = shown.tokens.grid();
    let pressed = |key| ui.input(|input| input.num_presses(key)) as i64;
    let right = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
    if right == 0 && down == 0 {
        return;
    }
    let (rows, cols) = (i64::from(grid.rows), i64::from(grid.cols));
    let from = selected.map_or(0, i64::from);
    let row = (from / cols + down).clamp(0, rows - 1);
    let col = (from % cols + right).clamp(0, cols - 1);
    let position = if selected.is_none() { 0 } else { (row * cols + col) as u32 };
    out.send(Message::Edit(EditCommand::Select(Some(position))));
}
