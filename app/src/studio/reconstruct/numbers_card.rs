//! The numbers of the reconstruction, and those of the second model beside them.

use egui::Ui;
use ibq_core::gpu::Stage;

use crate::studio::{
    icons::Icon,
    message::{Message, Outbox},
    models::{Slot, precision_name, set_name},
    state::State,
    task::Tasks,
    widgets::{Number, card, hint, icon_button, numbers, text_button},
};

use super::{Shown, export::numbers_text};

/// Smallest width of a number's cell.
const CELL: f32 = 92.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let second = state.models.get(Slot::Second).is_some();
    for slot in Slot::BOTH {
        let Some(model) = state.models.get(slot) else { continue };
        let pane = &state.reconstruct.panes[slot as usize];
        let heading = if second { model.short_name().to_owned() } else { "Numbers".to_owned() };
        card(ui, "", |ui| {
            ui.horizontal(|ui| {
                ui.add(
                    egui::Label::new(crate::studio::theme::title(heading, 14.0)).truncate().selectable(false),
                );
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if let Some(shown) = &pane.shown
                        && icon_button(ui, Icon::Copy, "Copy the numbers").clicked()
                    {
                        ui.copy_text(numbers_text(shown));
                    }
                    if slot == Slot::Second
                        && icon_button(ui, Icon::Close, "Close the second model").clicked()
                    {
                        out.push(Message::CloseModel(slot));
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
            cells(ui, pane.shown.as_ref());
            for note in pane.shown.iter().flat_map(|shown| &shown.notes) {
                hint(ui, format!("• {note}"));
            }
        });
    }
    let loading = state.models.loading.and_then(|task| tasks.get(task)).is_some();
    if state.models.get(Slot::First).is_some()
        && !second
        && !loading
        && text_button(ui, Some(Icon::Plus), "Compare with a second model").clicked()
    {
        out.push(Message::ChooseModel(Slot::Second));
    }
}

fn cells(ui: &mut Ui, shown: Option<&Shown>) {
    let number = |name, value: Option<String>, unit, meaning| Number { name, value, unit, meaning };
    let time = |name, stage, meaning| {
        let ms = shown.and_then(|shown| shown.time(stage));
        let (value, unit) = ms.map_or((None, ""), |ms| {
            let (value, unit) = duration(ms);
            (Some(value), unit)
        });
        number(name, value, unit, meaning)
    };
    let of = |get: fn(&Shown) -> Option<String>| shown.and_then(get);
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
        time("Lookup", Stage::Lookup, "From latent vectors to codes: the largest dot product."),
        time("Decode", Stage::Decode, "From codes to pixels."),
    ];
    numbers(ui, CELL, &list);
}

/// Milliseconds below a second, else seconds.
fn duration(ms: f64) -> (String, &'static str) {
    if ms < 1000.0 { (format!("{ms:.1}"), "ms") } else { (format!("{:.2}", ms / 1e3), "s") }
}

fn decibels(psnr: f64) -> String {
    if psnr.is_infinite() { "∞".to_owned() } else { format!("{psnr:.2}") }
}
