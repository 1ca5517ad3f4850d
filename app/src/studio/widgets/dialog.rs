//! Dialogs over everything else.

use egui::{CornerRadius, Frame, Id, Margin, Modal, ModalResponse, ScrollArea, Ui};

use crate::studio::theme::{CARD_RADIUS, Palette};

/// Room that a dialog leaves around itself, in points.
const AROUND: f32 = 96.0;

/// Shows a dialog at most `width` points wide. Its content scrolls where it is higher than the window; `foot` stays below it.
pub(crate) fn dialog<R>(
    ui: &Ui,
    name: &'static str,
    width: f32,
    content: impl FnOnce(&mut Ui),
    foot: impl FnOnce(&mut Ui) -> R,
) -> ModalResponse<R> {
    let room = ui.ctx().content_rect().size();
    let palette = Palette::of(ui);
    let frame = Frame::popup(ui.style())
        .fill(palette.card)
        .corner_radius(CornerRadius::same(CARD_RADIUS + 2))
        .inner_margin(Margin::same(20));
    Modal::new(Id::unique(name)).frame(frame).show(ui, |ui| {
        ui.set_width((room.x - 72.0).min(width));
        let height = (room.y - AROUND - 80.0).max(120.0);
        ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .auto_shrink([false, true])
            .show(ui, content);
        foot(ui)
    })
}
