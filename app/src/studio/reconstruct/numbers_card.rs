//! The numbers of the reconstruction, and those of the second model beside them.

use egui::Ui;
use ibq_core::gpu::Stage;

use crate::studio::{
    command::Command,
    format::duration,
    icons::Icon,
    models::{Slot, precision_name, set_name},
    theme::title,
    widgets::{Number, card, hint, icon_button, numbers, text_button},
};

use super::{
    export::numbers_text,
    message::{Context, Outbox},
    reconstruction_view::ReconstructionView,
    state::Reconstruct,
};

/// Smallest width of a number's cell.
const CELL: f32 = 92.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, pane: &Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    let models = &context.shared.models;
    let second = models.get(Slot::Second).is_some();
    for slot in Slot::BOTH {
        let Some(model) = models.get(slot) else { continue };
        let view = pane.sides[slot as usize].view.as_ref();
        let heading = if second { model.short_name().to_owned() } else { "Numbers".to_owned() };
        card(ui, "", |ui| {
            ui.horizontal(|ui| {
                ui.add(egui::Label::new(title(heading, 14.0)).truncate().selectable(false));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if let Some(view) = view
                        && icon_button(ui, Icon::Copy, "Copy the numbers").clicked()
                    {
                        ui.copy_text(numbers_text(view));
                    }
                    if slot == Slot::Second
                        && icon_button(ui, Icon::Close, "Close the second model").clicked()
                    {
                        out.ask(Command::CloseModel(slot));
                    }
                });
            });
            if second {
                hint(
                    ui,
                    format!(
                        "{} weights, {}",
                        set_name(model.set),
                        precision_name(model.tokenizer.precision())
                    ),
                );
            }
            show_numbers(ui, view);
            for note in view.iter().flat_map(|view| &view.notes) {
                hint(ui, format!("• {note}"));
            }
        });
    }
    let loading = models.loading().and_then(|task| context.tasks.get(task)).is_some();
    if models.get(Slot::First).is_some()
        && !second
        && !loading
        && text_button(ui, Some(Icon::Plus), "Compare with a second model").clicked()
    {
        out.ask(Command::ChooseModel(Slot::Second));
    }
}

fn show_numbers(ui: &mut Ui, shown: Option<&ReconstructionView>) {
    let number = |name, value: Option<String>, unit, meaning| Number { name, value, unit, meaning };
    let time = |name, stage, meaning| {
        let ms = shown.and_then(|shown| shown.time(stage));
        let (value, unit) = ms.map_or((None, ""), |ms| {
            let (value, unit) = duration(ms);
            (Some(value), unit)
        });
        number(name, value, unit, meaning)
    };
    let of = |get: fn(&ReconstructionView) -> Option<String>| shown.and_then(get);
    let list = [
        number(
            "PSNR",
            of(|shown| shown.numbers.psnr.map(decibels)),
            "dB",
            "Peak signal-to-noise ratio against the original: more is closer.",
        ),
        number(
            "SSIM",
            of(|shown| shown.numbers.ssim.map(|ssim| format!("{ssim:.4}"))),
            "",
            "Structural similarity with the original, at most 1.",
        ),
        number(
            "Bits per pixel",
            of(|shown| Some(format!("{:.4}", shown.numbers.bits_per_pixel))),
            "bpp",
            "Tokens × log2(codes), divided by the pixels. A picture file on the screen has 24.",
        ),
        number(
            "Tokens",
            of(|shown| Some(format!("{} × {}", shown.tokens.grid().rows, shown.tokens.grid().cols))),
            "",
            "Rows × columns of the grid of tokens.",
        ),
        number(
            "Distinct codes",
            of(|shown| Some(shown.numbers.distinct.to_string())),
            "",
            "How many different codes this picture uses.",
        ),
        number(
            "Codebook",
            of(|shown| Some(shown.codebook_size().to_string())),
            "codes",
            "How many codes there are to choose from.",
        ),
        time("Encode", Stage::Encode, "From pixels to latent vectors."),
        time("Lookup", Stage::Lookup, "From latent vectors to codes: the best score of all codes."),
        time("Decode", Stage::Decode, "From codes to pixels."),
    ];
    numbers(ui, CELL, &list);
}

fn decibels(psnr: f64) -> String {
    if psnr.is_infinite() { "∞".to_owned() } else { format!("{psnr:.2}") }
}
