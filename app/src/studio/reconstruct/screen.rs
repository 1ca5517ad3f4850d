//! Where the parts of the Reconstruct screen are: beside each other when there is room, else below.

use egui::{CentralPanel, CornerRadius, Frame, Margin, Panel, ScrollArea, Stroke, Ui};

use crate::studio::{
    message::Outbox,
    shell::{NARROW, WIDE_PANEL},
    state::State,
    task::Tasks,
    theme::{CARD_RADIUS, GAP, Palette},
};

use super::{inspector, numbers_card, save_card, settings_card, source_card, toolbar, update, viewer};

/// Shows the screen.
pub(crate) fn show(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    out.extend(update::wanted(&state.reconstruct));
    if ui.available_width() < NARROW {
        narrow(ui, state, tasks, out);
    } else {
        wide(ui, state, tasks, out);
    }
}

fn wide(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    Panel::right("reconstruct side")
        .exact_size(WIDE_PANEL)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 4, right: 0, top: 12, bottom: 0 }))
        .show(ui, |ui| {
            ScrollArea::vertical().id_salt("reconstruct cards").auto_shrink(false).show(ui, |ui| {
                Frame::new().inner_margin(Margin { left: 0, right: 12, top: 0, bottom: 12 }).show(ui, |ui| {
                    cards(ui, state, tasks, out);
                });
            });
        });
    CentralPanel::no_frame()
        .frame(Frame::new().inner_margin(Margin::same(12)))
        .show(ui, |ui| stage(ui, state, tasks, out));
}

fn narrow(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let height = (ui.available_height() * 0.52).clamp(240.0, 620.0);
    Panel::top("reconstruct stage")
        .exact_size(height)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }))
        .show(ui, |ui| stage(ui, state, tasks, out));
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::symmetric(8, 0))).show(ui, |ui| {
        ScrollArea::vertical().id_salt("reconstruct cards").auto_shrink(false).show(ui, |ui| {
            cards(ui, state, tasks, out);
            ui.add_space(GAP);
        });
    });
}

/// The tools and the pictures.
fn stage(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let palette = Palette::of(ui);
    if state.reconstruct.size().is_some() {
        toolbar::show(ui, state, out);
    }
    let frame = Frame::new()
        .fill(palette.canvas)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS));
    frame.show(ui, |ui| viewer::show(ui, state, tasks, out));
}

fn cards(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    source_card::show(ui, state, out);
    numbers_card::show(ui, state, tasks, out);
    inspector::show(ui, state, out);
    settings_card::show(ui, state, out);
    save_card::show(ui, state, out);
}
