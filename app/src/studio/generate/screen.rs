//! Where the parts of the Generate screen are: beside each other when there is room, else below.

use egui::{CentralPanel, CornerRadius, Frame, Margin, Panel, ScrollArea, Stroke, Ui};

use crate::studio::{
    message::{Message, Outbox},
    shell::{NARROW, WIDE_PANEL},
    state::State,
    task::Tasks,
    theme::{CARD_RADIUS, GAP, Palette},
};

use super::{Generate, GenerateMessage, class_card, gallery_card, sampling_card, stage, token_card};

/// Shows the screen.
pub(crate) fn show(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let looking = &state.generate.looking;
    if let (Some(_), Some(position)) = (state.generate.board.shown, looking.place()) {
        out.extend(wanted(state, position));
    } else if looking.entropy && state.generate.board.shown.is_some() {
        out.extend(wanted(state, 0));
    }
    if ui.available_width() < NARROW {
        narrow(ui, state, tasks, out);
    } else {
        wide(ui, state, tasks, out);
    }
}

/// Asks for what is not known yet about the picture that is looked at.
fn wanted(state: &State, position: u32) -> Option<Message> {
    let (looking, tile) = (&state.generate.looking, state.generate.shown()?);
    let known = looking.insight.as_ref().filter(|(revision, _)| *revision == tile.revision);
    let missing = match known {
        None => looking.failed != Some(tile.revision) && !looking.insight_run.is_running(),
        Some((_, insight)) => {
            let seen = insight.positions.get(position as usize)?;
            let mut tokens = seen.candidates.iter().chain([&seen.chosen]);
            !looking.patch_run.is_running()
                && tokens.any(|candidate| !looking.patches.contains_key(&candidate.token))
        }
    };
    let whole = tile.tokens.len() == state.generate.board.whole() && !state.generate.is_running();
    (missing && whole).then_some(Message::Generate(GenerateMessage::Look(position)))
}

/// Where the cards are, at the top if they are to be there.
fn scrolled(generate: &mut Generate) -> ScrollArea {
    let area = ScrollArea::vertical().id_salt("generate cards").auto_shrink(false);
    if std::mem::take(&mut generate.cards_to_top) { area.vertical_scroll_offset(0.0) } else { area }
}

fn wide(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    Panel::right("generate side")
        .exact_size(WIDE_PANEL)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 4, right: 0, top: 12, bottom: 0 }))
        .show(ui, |ui| {
            scrolled(&mut state.generate).show(ui, |ui| {
                Frame::new().inner_margin(Margin { left: 0, right: 12, top: 0, bottom: 12 }).show(ui, |ui| {
                    cards(ui, state, tasks, out);
                });
            });
        });
    CentralPanel::no_frame()
        .frame(Frame::new().inner_margin(Margin::same(12)))
        .show(ui, |ui| whole_stage(ui, state, tasks, out));
}

fn narrow(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let height = (ui.available_height() * 0.56).clamp(260.0, 640.0);
    Panel::top("generate stage")
        .exact_size(height)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }))
        .show(ui, |ui| whole_stage(ui, state, tasks, out));
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::symmetric(8, 0))).show(ui, |ui| {
        scrolled(&mut state.generate).show(ui, |ui| {
            cards(ui, state, tasks, out);
            ui.add_space(GAP);
        });
    });
}

fn whole_stage(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let palette = Palette::of(ui);
    if state.generate.generator.is_some() {
        stage::bar(ui, state, tasks, out);
    }
    Frame::new()
        .fill(palette.canvas)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .show(ui, |ui| stage::pictures(ui, state, tasks, out));
}

fn cards(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    if state.generate.generator.is_none() {
        return;
    }
    if state.generate.board.shown.is_some() {
        token_card::show(ui, state, tasks, out);
    }
    class_card::show(ui, state, out);
    sampling_card::show(ui, state);
    gallery_card::show(ui, state, out);
}
