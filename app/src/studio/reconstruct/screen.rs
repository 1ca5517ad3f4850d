//! Where the parts of this pane are: beside each other when there is room, else below.

use egui::{CentralPanel, CornerRadius, Frame, Margin, Panel, ScrollArea, Stroke, Ui};

use crate::studio::theme::{CARD_RADIUS, GAP, NARROW, Palette, WIDE_PANEL};

use super::{
    inspector,
    message::{Context, Message, Outbox},
    numbers_card, save_card, settings_card, source_card,
    state::{Mode, Reconstruct},
    toolbar, viewer,
};

/// Shows the pane.
pub(super) fn show(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    if pane.view.mode == Mode::Difference
        && let Some(key) = pane.missing_heat_map()
    {
        out.send(Message::WantHeatMap(key));
    }
    if ui.available_width() < NARROW {
        show_narrow(ui, pane, context, out);
    } else {
        show_wide(ui, pane, context, out);
    }
}

fn show_wide(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    Panel::right("reconstruct side")
        .exact_size(WIDE_PANEL)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 4, right: 0, top: 12, bottom: 0 }))
        .show(ui, |ui| {
            ScrollArea::vertical().id_salt("reconstruct cards").auto_shrink(false).show(ui, |ui| {
                Frame::new().inner_margin(Margin { left: 0, right: 12, top: 0, bottom: 12 }).show(ui, |ui| {
                    show_cards(ui, pane, context, out);
                });
            });
        });
    CentralPanel::no_frame()
        .frame(Frame::new().inner_margin(Margin::same(12)))
        .show(ui, |ui| show_pictures(ui, pane, context, out));
}

fn show_narrow(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    let height = (ui.available_height() * 0.52).clamp(240.0, 620.0);
    Panel::top("reconstruct stage")
        .exact_size(height)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }))
        .show(ui, |ui| show_pictures(ui, pane, context, out));
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::symmetric(8, 0))).show(ui, |ui| {
        ScrollArea::vertical().id_salt("reconstruct cards").auto_shrink(false).show(ui, |ui| {
            show_cards(ui, pane, context, out);
            ui.add_space(GAP);
        });
    });
}

/// The tools and the pictures.
fn show_pictures(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    let palette = Palette::of(ui);
    if pane.size().is_some() {
        toolbar::show(ui, pane);
    }
    let frame = Frame::new()
        .fill(palette.canvas)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS));
    frame.show(ui, |ui| viewer::show(ui, pane, context, out));
}

fn show_cards(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    source_card::show(ui, pane, context, out);
    numbers_card::show(ui, pane, context, out);
    inspector::show(ui, pane, context, out);
    settings_card::show(ui, context, out);
    save_card::show(ui, pane, context, out);
}
