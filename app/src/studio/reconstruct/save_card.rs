//! Saving the picture and the tokens, and opening tokens.

use egui::Ui;
use ibq_core::tokens::TokenFormat;

use crate::studio::{
    command::Command,
    files::Purpose,
    icons::Icon,
    models::Slot,
    widgets::{card, hint, text_button},
};

use super::{
    export::ending,
    message::{Context, Export, Message, Outbox},
    state::Reconstruct,
};

/// Shows the card.
pub(super) fn show(ui: &mut Ui, pane: &Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    card(ui, "Save and open", |ui| {
        let there = pane.first().is_some();
        ui.add_enabled_ui(there, |ui| {
            ui.horizontal_wrapped(|ui| {
                if text_button(ui, Some(Icon::Save), "Save picture").clicked() {
                    out.send(Message::Export(Export::Picture));
                }
                if text_button(ui, Some(Icon::Save), "Save comparison").clicked() {
                    out.send(Message::Export(Export::Comparison));
                }
            });
            ui.add(egui::Label::new(egui::RichText::new("Save tokens").small().weak()).selectable(false));
            ui.horizontal(|ui| {
                for format in [TokenFormat::Json, TokenFormat::Npy, TokenFormat::Safetensors] {
                    let name = format!(".{}", ending(format));
                    if text_button(ui, None, &name)
                        .accessible_name(format!("Save tokens as {name}"))
                        .clicked()
                    {
                        out.send(Message::Export(Export::Tokens(format)));
                    }
                }
            });
        });
        ui.add_enabled_ui(context.shared.models.get(Slot::First).is_some(), |ui| {
            if text_button(ui, Some(Icon::Open), "Open tokens").clicked() {
                out.ask(Command::Pick(Purpose::Tokens));
            }
        });
        hint(ui, "Tokens are exact: opened again, they give the same picture.");
    });
}
