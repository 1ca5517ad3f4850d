//! What the viewer shows while there is nothing to show: what is going on, or what to do.

use egui::{Align, Layout, ProgressBar, Ui, UiBuilder, Vec2};

use crate::studio::{
    command::Command,
    files::Purpose,
    icons::Icon,
    models::Slot,
    theme::{Palette, title},
    widgets::{hint, primary_button, text_button},
};

use super::message::{Context, Outbox};

/// Fills `room`.
pub(super) fn show(ui: &mut Ui, room: Vec2, context: &Context<'_>, out: &mut Outbox) {
    let (rect, _) = ui.allocate_exact_size(room, egui::Sense::hover());
    let inner = egui::Rect::from_center_size(rect.center(), Vec2::new((room.x - 32.0).min(400.0), 220.0));
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        let palette = Palette::of(ui);
        let (icon, _) = ui.allocate_exact_size(Vec2::splat(48.0), egui::Sense::hover());
        Icon::Reconstruct.paint(ui.painter(), icon, 44.0, palette.weak);
        if let Err(reason) = context.shared.devices.for_models() {
            ui.label(title("No GPU", 18.0));
            ui.label(reason);
            return;
        }
        if let Some(task) = context.shared.models.loading().and_then(|task| context.tasks.get(task)) {
            let now = task.job.snapshot();
            ui.label(title(&task.title, 18.0));
            ui.add(ProgressBar::new(now.done).desired_width(240.0).desired_height(6.0));
            hint(ui, if now.stage.is_empty() { "starting".to_owned() } else { now.stage });
            return;
        }
        if context.shared.models.get(Slot::First).is_none() {
            ui.label(title("Open a model", 18.0));
            ui.add(
                egui::Label::new(
                    "A tokenizer turns a picture into tokens and back. Official checkpoints (.ckpt), state dicts and \
                     safetensors are read as they are.",
                )
                .wrap(),
            );
            ui.add_space(4.0);
            if primary_button(ui, Some(Icon::Cube), "Open a model").clicked() {
                out.ask(Command::ChooseModel(Slot::First));
            }
        } else {
            ui.label(title("Open a picture", 18.0));
            ui.add(egui::Label::new("Drop a PNG, JPEG or WebP file here, or paste a picture.").wrap());
            ui.add_space(4.0);
            if text_button(ui, Some(Icon::Open), "Choose a file").clicked() {
                out.ask(Command::Pick(Purpose::Picture));
            }
        }
    });
}
