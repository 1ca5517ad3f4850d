//! Saving the picture and the tokens, and opening tokens.

use egui::Ui;
use ibq_core::tokens::TokenFormat;

use crate::studio::{
    files::Purpose,
    icons::Icon,
    message::{Message, Outbox},
    state::State,
    widgets::{card, hint, text_button},
};

use super::{Export, export::ending};

/// Shows the card.
pub(super) fn show(ui: &mut Ui, state: &mut State, out: &mut Outbox) {
    card(ui, "Save and open", |ui| {
        let there = state.reconstruct.first().is_some();
        ui.add_enabled_ui(there, |ui| {
            ui.horizontal_wrapped(|ui| {
                if text_button(ui, Some(Icon::Save), "Save picture").clicked() {
                    out.push(Message::Export(Export::Picture));
                }
                if text_button(ui, Some(Icon::Save), "Save comparison").clicked() {
                    out.push(Message::Export(Export::Comparison));
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
                        out.push(Message::Export(Export::Tokens(format)));
                    }
                }
            });
        });
        ui.add_enabled_ui(state.models.get(Default::default()).is_some(), |ui| {
            if text_button(ui, Some(Icon::Open), "Open tokens").clicked() {
                out.push(Message::Pick(Purpose::Tokens));
            }
        });
        hint(ui, "Tokens are exact: opened again, they give the same picture.");
    });
}
