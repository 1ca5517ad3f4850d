//! The pictures: all of them, or one with its tokens.

use egui::{Sense, Ui, Vec2};

use super::{
    all_samples, empty,
    message::{Context, Outbox},
    one_sample,
    state::Generate,
};

/// Shows the pictures in all the room there is.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    let room = ui.available_size().max(Vec2::splat(40.0));
    if generate.board.samples.is_empty() {
        return empty::show(ui, room, generate, context, out);
    }
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    match generate.board.shown {
        Some(index) => one_sample::show(ui, generate, index, rect, out),
        None => all_samples::show(ui, &mut generate.board, rect, out),
    }
}
