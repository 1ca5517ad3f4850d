//! Where the parts of this pane are: beside each other when there is room, else below.

use egui::{CentralPanel, CornerRadius, Frame, Margin, Panel, ScrollArea, Stroke, Ui};

use crate::studio::theme::{CARD_RADIUS, GAP, NARROW, Palette, WIDE_PANEL};

use super::{
    canvas, class_card, gallery_card,
    message::{Context, Message, Outbox},
    sampling_card,
    state::Generate,
    token_card, toolbar,
};

/// Shows the pane.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    let inspection = &generate.inspection;
    let whole_picture = inspection.entropy.then_some(0);
    if let Some(position) = inspection.position().or(whole_picture)
        && is_unknown(generate, position)
    {
        out.send(Message::Inspect(position));
    }
    if ui.available_width() < NARROW {
        show_narrow(ui, generate, context, out);
    } else {
        show_wide(ui, generate, context, out);
    }
}

/// Whether something about a position of the picture that is shown is not known yet and can be asked for.
fn is_unknown(generate: &Generate, position: u32) -> bool {
    let Some(sample) = generate.shown() else { return false };
    if sample.tokens.len() != generate.board.whole() || generate.is_running() {
        return false;
    }
    let inspection = &generate.inspection;
    match inspection.insight(sample.revision) {
        None => inspection.failed != Some(sample.revision) && !inspection.insight_run.is_running(),
        Some(insight) => insight.positions.get(position as usize).is_some_and(|seen| {
            let mut tokens = seen.candidates.iter().chain([&seen.chosen]);
            !inspection.patch_run.is_running()
                && tokens.any(|candidate| inspection.patches.get(candidate.token).is_none())
        }),
    }
}

/// Where the cards are, at the top if they are to be there.
fn card_area(generate: &mut Generate) -> ScrollArea {
    let area = ScrollArea::vertical().id_salt("generate cards").auto_shrink(false);
    if std::mem::take(&mut generate.cards_to_top) { area.vertical_scroll_offset(0.0) } else { area }
}

fn show_wide(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    Panel::right("generate side")
        .exact_size(WIDE_PANEL)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 4, right: 0, top: 12, bottom: 0 }))
        .show(ui, |ui| {
            card_area(generate).show(ui, |ui| {
                Frame::new().inner_margin(Margin { left: 0, right: 12, top: 0, bottom: 12 }).show(ui, |ui| {
                    show_cards(ui, generate, context, out);
                });
            });
        });
    CentralPanel::no_frame()
        .frame(Frame::new().inner_margin(Margin::same(12)))
        .show(ui, |ui| show_pictures(ui, generate, context, out));
}

fn show_narrow(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    let height = (ui.available_height() * 0.56).clamp(260.0, 640.0);
    Panel::top("generate stage")
        .exact_size(height)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }))
        .show(ui, |ui| show_pictures(ui, generate, context, out));
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::symmetric(8, 0))).show(ui, |ui| {
        card_area(generate).show(ui, |ui| {
            show_cards(ui, generate, context, out);
            ui.add_space(GAP);
        });
    });
}

fn show_pictures(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    let palette = Palette::of(ui);
    if generate.generator.is_some() {
        toolbar::show(ui, generate, context, out);
    }
    Frame::new()
        .fill(palette.canvas)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .show(ui, |ui| canvas::show(ui, generate, context, out));
}

fn show_cards(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    if generate.generator.is_none() {
        return;
    }
    if generate.board.shown.is_some() {
        token_card::show(ui, generate, context, out);
    }
    class_card::show(ui, generate, out);
    sampling_card::show(ui, generate);
    gallery_card::show(ui, generate, out);
}
