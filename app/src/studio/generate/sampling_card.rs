//! How tokens are drawn: presets, guidance, temperature, filters, with a word on what each does.

use egui::{ComboBox, DragValue, Slider, Ui};
use ibq_core::transformer::{Sampling, Schedule, TransformerConfig};

use crate::studio::{
    theme::Palette,
    widgets::{card, hint, segmented},
};

use super::{
    axes::Axis,
    settings::{Settings, Spread},
    state::Generate,
};

/// Width of the field beside a slider.
const VALUE: f32 = 72.0;
/// Most pictures of a run on this screen.
const MOST: u32 = 16;

#[derive(Clone, Copy, PartialEq)]
enum Preset {
    Pretty,
    Paper,
    Own,
}

#[derive(Clone, Copy, PartialEq)]
enum ScheduleChoice {
    Constant,
    Linear,
    Cosine,
    Power,
}

/// Shows the card.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate) {
    let Some(generator) = &generate.generator else { return };
    let config = generator.transformer.config().clone();
    let settings = &mut generate.settings;
    card(ui, "Drawing", |ui| {
        choose_number(ui, settings);
        ui.separator();
        choose_preset(ui, &mut settings.sampling, &config);
        choose_guidance(ui, &mut settings.sampling);
        choose_temperature(ui, &mut settings.sampling.temperature);
        choose_filters(ui, &mut settings.sampling, config.vocab_size);
    });
}

fn choose_number(ui: &mut Ui, settings: &mut Settings) {
    ui.horizontal(|ui| {
        let choices = [(Spread::Numbers, "Pictures"), (Spread::Settings, "Sheet")];
        segmented(ui, "Make", &mut settings.spread, &choices);
        if settings.spread == Spread::Numbers {
            let field = DragValue::new(&mut settings.count).range(1..=MOST).speed(0.1);
            ui.add(field).accessible_name("Number of pictures");
        }
    });
    if settings.spread == Spread::Settings {
        choose_axes(ui, settings);
    }
    ui.horizontal(|ui| {
        ui.add(egui::Label::new("Seed").selectable(false));
        let field = DragValue::new(&mut settings.seed).speed(0.2).update_while_editing(false);
        ui.add(field).accessible_name("Seed");
    });
    match settings.spread {
        Spread::Numbers => hint(ui, "The same seed and settings give the same pictures, on every machine."),
        Spread::Settings => {
            let [down, across] = settings.axes().map(Axis::values);
            hint(
                ui,
                format!("Sixteen pictures: {down} going down, {across} going right. All else is the same."),
            );
        }
    }
}

/// What differs down and across a sheet. A setting is on one side only: chosen for the other, the two change places.
fn choose_axes(ui: &mut Ui, settings: &mut Settings) {
    let now = settings.axes();
    ui.horizontal(|ui| {
        for (side, arrow, name) in [(0, "↓", "Down the sheet"), (1, "→", "Across the sheet")] {
            ui.add(egui::Label::new(arrow).selectable(false));
            let mut chosen = now[side];
            let list = ComboBox::from_id_salt(name)
                .width(112.0)
                .height(320.0)
                .truncate()
                .selected_text(chosen.name());
            let shown = list.show_ui(ui, |ui| {
                for axis in settings.possible_axes() {
                    ui.selectable_value(&mut chosen, axis, axis.name());
                }
            });
            shown.response.accessible_name(name).on_hover_text(name);
            if chosen != now[side] {
                settings.axes = now;
                if chosen == now[1 - side] {
                    settings.axes[1 - side] = now[side];
                }
                settings.axes[side] = chosen;
            }
        }
    });
}

fn choose_preset(ui: &mut Ui, sampling: &mut Sampling, config: &TransformerConfig) {
    let (pretty, paper) = (Sampling::pretty(), Sampling::paper(config));
    let before = if *sampling == pretty {
        Preset::Pretty
    } else if *sampling == paper {
        Preset::Paper
    } else {
        Preset::Own
    };
    let mut choice = before;
    let choices = [(Preset::Pretty, "Pretty"), (Preset::Paper, "As in the paper"), (Preset::Own, "Own")];
    if segmented(ui, "Preset", &mut choice, &choices) {
        match choice {
            Preset::Pretty => *sampling = pretty,
            Preset::Paper => *sampling = paper,
            Preset::Own => {}
        }
    }
    hint(
        ui,
        match before {
            Preset::Pretty => {
                "Strong guidance, improbable tokens left out: fewer surprises, better single pictures."
            }
            Preset::Paper => "What the official models were measured with: as varied as photographs are.",
            Preset::Own => "Your own settings.",
        },
    );
}

fn choose_guidance(ui: &mut Ui, sampling: &mut Sampling) {
    show_slider(ui, "Guidance (CFG)", Slider::new(&mut sampling.cfg_scale, 1.0..=12.0).step_by(0.05));
    hint(
        ui,
        if sampling.is_guided() {
            "How much more the class counts than pictures in general. More: clearer and less varied."
        } else {
            "1: the class alone, without guidance; twice as fast."
        },
    );
    if !sampling.is_guided() {
        return;
    }
    let mut choice = match sampling.schedule {
        Schedule::Constant => ScheduleChoice::Constant,
        Schedule::Linear => ScheduleChoice::Linear,
        Schedule::Cosine => ScheduleChoice::Cosine,
        Schedule::Power(_) => ScheduleChoice::Power,
    };
    let choices = [
        (ScheduleChoice::Constant, "Constant"),
        (ScheduleChoice::Linear, "Linear"),
        (ScheduleChoice::Cosine, "Cosine"),
        (ScheduleChoice::Power, "Power"),
    ];
    if segmented(ui, "Schedule of guidance", &mut choice, &choices) {
        sampling.schedule = match choice {
            ScheduleChoice::Constant => Schedule::Constant,
            ScheduleChoice::Linear => Schedule::Linear,
            ScheduleChoice::Cosine => Schedule::Cosine,
            ScheduleChoice::Power => Schedule::Power(2.0),
        };
    }
    if let Schedule::Power(exponent) = &mut sampling.schedule {
        let field = DragValue::new(exponent).range(0.1..=8.0).speed(0.05).prefix("exponent ");
        ui.add(field).accessible_name("Exponent of the schedule");
    }
    hint(
        ui,
        match sampling.schedule {
            Schedule::Constant => "The same for all tokens, as in the paper.",
            _ => "Grows from the first token to the last: freer composition, clear details.",
        },
    );
}

fn choose_temperature(ui: &mut Ui, temperature: &mut f32) {
    show_slider(ui, "Temperature", Slider::new(temperature, 0.0..=2.0).step_by(0.05));
    // Below this, the engine takes it for a mistake.
    if *temperature < 0.001 {
        *temperature = 0.0;
    }
    hint(
        ui,
        if *temperature == 0.0 {
            "0: always the most probable token; every seed gives the same picture."
        } else {
            "Lower: safer and smoother. Higher: more daring."
        },
    );
}

fn choose_filters(ui: &mut Ui, sampling: &mut Sampling, vocab: u32) {
    let mut percent = sampling.top_p * 100.0;
    if show_slider(
        ui,
        "Top-p",
        Slider::new(&mut percent, 1.0..=100.0).step_by(1.0).fixed_decimals(0).suffix(" %"),
    ) {
        sampling.top_p = (percent / 100.0).clamp(0.01, 1.0);
    }
    let mut top_k = sampling.top_k;
    let all = |value: f64, _: std::ops::RangeInclusive<usize>| {
        if value < 1.0 { "all".to_owned() } else { format!("{value:.0}") }
    };
    let text = |text: &str| if text.trim() == "all" { Some(0.0) } else { text.trim().parse().ok() };
    let range =
        Slider::new(&mut top_k, 0..=vocab).logarithmic(true).custom_formatter(all).custom_parser(text);
    if show_slider(ui, "Top-k", range) {
        sampling.top_k = if top_k >= vocab { 0 } else { top_k };
    }
    hint(
        ui,
        "Only the most probable tokens are drawn from: those that share this much, and at most this many.",
    );
}

/// A slider below its name; whether it was moved.
fn show_slider(ui: &mut Ui, name: &str, slider: Slider<'_>) -> bool {
    ui.add_space(2.0);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(108.0, 24.0), egui::Sense::hover());
        let font = egui::TextStyle::Body.resolve(ui.style());
        let ink = Palette::of(ui).text;
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, font, ink);
        // All values are as wide as the widest.
        ui.spacing_mut().interact_size.x = VALUE;
        ui.spacing_mut().slider_width = (ui.available_width() - VALUE - 10.0).max(60.0);
        ui.add(slider).accessible_name(name).changed()
    })
    .inner
}
