//! What the canvas shows while there is no picture.

use egui::{Align, Layout, ProgressBar, Rect, Sense, Ui, UiBuilder, Vec2};

use crate::studio::{
    command::Command,
    icons::Icon,
    models::Slot,
    theme::{Palette, title},
    widgets::{hint, primary_button, text_button},
};

use super::{
    message::{Context, Message, Outbox},
    state::Generate,
};

/// What to do, or what is going on, while there is no picture.
pub(super) fn show(ui: &mut Ui, room: Vec2, generate: &Generate, context: &Context<'_>, out: &mut Outbox) {
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    let inner = Rect::from_center_size(rect.center(), Vec2::new((room.x - 32.0).min(400.0), 220.0));
    let layout = Layout::top_down(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        let (icon, _) = ui.allocate_exact_size(Vec2::splat(48.0), Sense::hover());
        Icon::Generate.paint(ui.painter(), icon, 44.0, Palette::of(ui).weak);
        if let Some(task) = generate.loading.and_then(|task| context.tasks.get(task)) {
            let now = task.job.snapshot();
            ui.label(title(&task.title, 18.0));
            ui.add(ProgressBar::new(now.done).desired_width(240.0).desired_height(6.0));
            return hint(ui, if now.stage.is_empty() { "starting".to_owned() } else { now.stage });
        }
        if let Err(reason) = context.shared.devices.for_models() {
            ui.label(title("No GPU", 18.0));
            ui.add(egui::Label::new(reason).wrap());
            return;
        }
        match &generate.generator {
            Some(generator) => {
                ui.label(title("Pictures out of nothing", 18.0));
                let what = generator.describe(generate.settings.condition());
                let text = format!("Choose what the pictures are to show; now it is {what}. Each grows token by token.");
                ui.add(egui::Label::new(text).wrap());
                ui.add_space(4.0);
                if text_button(ui, Some(Icon::Generate), &format!("Generate {what}")).clicked() {
                    out.send(Message::Start);
                }
            }
            None => {
                ui.label(title("Open a generator", 18.0));
                let text = "An autoregressive transformer makes the tokens of new pictures. Official checkpoints \
                            (AR_256_….ckpt) are read as they are.";
                ui.add(egui::Label::new(text).wrap());
                ui.add_space(4.0);
                if primary_button(ui, Some(Icon::Cube), "Open a model").clicked() {
                    out.ask(Command::ChooseModel(Slot::First));
                }
            }
        }
    });
}
