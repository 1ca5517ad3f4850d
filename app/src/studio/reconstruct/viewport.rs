//! Where the pictures were drawn last, so that the tools and keys can zoom around the middle.

use egui::{Context, Id, Pos2, Rect, Vec2};

use super::state::Reconstruct;

fn view_id() -> Id {
    Id::unique("viewer view")
}

/// Notes where the view is.
pub(super) fn note(ctx: &Context, view: Rect) {
    ctx.data_mut(|data| data.insert_temp(view_id(), view));
}

fn last_view(ctx: &Context) -> Rect {
    ctx.data(|data| data.get_temp(view_id())).unwrap_or(Rect::from_min_size(Pos2::ZERO, Vec2::splat(400.0)))
}

/// Points per pixel of the view.
pub(super) fn scale(ctx: &Context, pane: &Reconstruct) -> f32 {
    pane.size().map_or(1.0, |size| pane.view.zoom.scale(last_view(ctx), size))
}

/// Magnifies around the middle of the view.
pub(super) fn zoom_by(ctx: &Context, pane: &mut Reconstruct, factor: f32) {
    let view = last_view(ctx);
    if let Some(size) = pane.size() {
        pane.view.zoom.zoom(view, size, factor, view.center());
    }
}

/// Shows one pixel of the picture as one pixel of the screen.
pub(super) fn show_actual_size(ctx: &Context, pane: &mut Reconstruct) {
    let view = last_view(ctx);
    if let Some(size) = pane.size() {
        pane.view.zoom.set_scale(view, size, 1.0 / ctx.pixels_per_point());
    }
}
