//! The buttons of a run.

use egui::{Align, Layout, ProgressBar, Ui};

use crate::studio::{
    icons::Icon,
    theme::Palette,
    widgets::{icon_button, primary_button, text_button},
};

use super::{
    message::{Context, Message, Outbox},
    state::Generate,
};

/// What the button is called, unlike the pane.
const GENERATE: &str = "Generate pictures";

/// Shows the buttons.
pub(super) fn show(ui: &mut Ui, generate: &Generate, context: &Context<'_>, out: &mut Outbox) {
    let unfinished = generate.board.samples.iter().any(|sample| sample.tokens.len() < generate.board.whole());
    ui.horizontal(|ui| {
        if let Some(run) = &generate.run {
            let running = context.tasks.get(run.task);
            let done = running.map_or(0.0, |task| task.job.snapshot().done);
            let stopping = running.is_some_and(|task| task.job.is_cancelled());
            ui.add_enabled_ui(!stopping, |ui| {
                if primary_button(ui, Some(Icon::Close), "Stop").clicked() {
                    out.send(Message::Stop);
                }
            });
            let width = (ui.available_width() - 56.0).clamp(40.0, 260.0);
            let fill = Palette::of(ui).accent;
            ui.add(ProgressBar::new(done).desired_width(width).desired_height(6.0).fill(fill));
            ui.weak(format!("{:.0} %", done * 100.0));
            return;
        }
        let again = unfinished && !generate.board.samples.is_empty();
        if again {
            if primary_button(ui, Some(Icon::Redo), "Resume").clicked() {
                out.send(Message::Resume);
            }
            if text_button(ui, None, "Generate").accessible_name(GENERATE).clicked() {
                out.send(Message::Start);
            }
        } else if primary_button(ui, Some(Icon::Generate), "Generate").accessible_name(GENERATE).clicked() {
            out.send(Message::Start);
        }
        if icon_button(ui, Icon::Shuffle, "Other pictures: the next seed (R)").clicked() {
            out.send(Message::Reroll);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let whole = generate.shown_or_first();
            let ready = whole.is_some_and(|sample| sample.drawing.is_some() && !again);
            ui.add_enabled_ui(ready, |ui| {
                if icon_button(ui, Icon::Save, "Save the picture, with all that repeats it").clicked() {
                    out.send(Message::Save);
                }
                if icon_button(ui, Icon::Reconstruct, "Open the picture on the Reconstruct screen").clicked()
                {
                    out.send(Message::Reconstruct);
                }
            });
            if generate.board.shown.is_some()
                && generate.board.samples.len() > 1
                && icon_button(ui, Icon::Grid, "All pictures").clicked()
            {
                out.send(Message::Show(None));
            }
        });
    });
}
