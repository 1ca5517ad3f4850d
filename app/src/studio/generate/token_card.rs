//! One token of a picture: what else could have come, how sure the model was, and changing it.

use egui::{CornerRadius, Image, ProgressBar, Role, Sense, TextureHandle, Ui, Vec2, WidgetInfo};
use ibq_core::transformer::Candidate;

use crate::studio::{
    format::probability,
    icons::Icon,
    theme::{CONTROL_RADIUS, Palette, title},
    widgets::{card, hint, icon_toggle, segmented, text_button},
};

use super::{
    inspection::Tool,
    message::{Context, Message, Outbox},
    state::Generate,
};

const ROW: f32 = 34.0;
const PATCH: f32 = 28.0;
/// Widths of the three columns of probabilities.
const COLUMN: f32 = 70.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, context: &Context<'_>, out: &mut Outbox) {
    let whole = generate.board.whole();
    let ready = !generate.is_running() && generate.shown().is_some_and(|sample| sample.tokens.len() == whole);
    card(ui, "Tokens", |ui| {
        ui.add_enabled_ui(ready, |ui| {
            ui.horizontal(|ui| {
                let choices = [(Tool::Look, "Look"), (Tool::Hold, "Hold")];
                segmented(ui, "Tool", &mut generate.inspection.tool, &choices);
                let on = generate.inspection.entropy;
                if icon_toggle(ui, Icon::Map, "Map of the entropy: where the model was unsure", Some(on))
                    .clicked()
                {
                    generate.inspection.entropy = !on;
                }
            });
            if let Some(task) =
                generate.inspection.insight_run.task().and_then(|task| context.tasks.get(task))
            {
                let done = task.job.snapshot().done;
                ui.add(ProgressBar::new(done).desired_height(6.0).fill(Palette::of(ui).accent));
            } else if generate.inspection.entropy {
                show_scale(ui, generate);
            }
            match generate.inspection.tool {
                Tool::Look => {
                    // As high as it was for any token of this picture: what is below stays where it is while the pointer moves.
                    let shown = ui.scope(|ui| {
                        ui.set_min_height(generate.inspection.height);
                        show_candidates(ui, generate, ready, out);
                    });
                    let height = &mut generate.inspection.height;
                    *height = height.max(shown.response.rect.height());
                }
                Tool::Hold => show_held(ui, generate, out),
            }
        });
    });
}

/// What the colors of the map mean.
fn show_scale(ui: &mut Ui, generate: &Generate) {
    let Some((_, insight)) = &generate.inspection.insight else { return };
    let most = insight.positions.iter().map(|seen| seen.entropy).fold(0.0, f32::max);
    let mean = insight.positions.iter().map(|seen| seen.entropy).sum::<f32>()
        / insight.positions.len().max(1) as f32;
    hint(ui, format!("Entropy: dark 0, bright {most:.1}; {mean:.1} bits on average."));
}

fn show_candidates(ui: &mut Ui, generate: &Generate, ready: bool, out: &mut Outbox) {
    let inspection = &generate.inspection;
    let known = generate.shown().filter(|_| ready).and_then(|sample| inspection.insight(sample.revision));
    let Some(position) = inspection.position().filter(|_| ready) else {
        return hint(
            ui,
            "Point at a square of the picture, or choose one, to see what else could have come there.",
        );
    };
    let side = generate.board.side.max(1);
    let seen = known.and_then(|insight| insight.positions.get(position as usize));
    ui.horizontal(|ui| {
        let place = format!("Row {}, column {}", position / side, position % side);
        ui.label(title(place, 14.0));
        if let Some(seen) = seen {
            ui.weak(format!("entropy {:.2} bits", seen.entropy));
        }
    });
    let Some(seen) = seen else { return hint(ui, "Looking at the tokens…") };
    show_heading(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    let chosen = seen.chosen;
    let listed = seen.candidates.iter().any(|candidate| candidate.token == chosen.token);
    for candidate in seen.candidates.iter().chain((!listed).then_some(&chosen)) {
        let here = candidate.token == chosen.token;
        if show_row(ui, candidate, here, inspection.patches.get(candidate.token)) && !here {
            let position = inspection.selected.unwrap_or(position);
            out.send(Message::Replace(position, candidate.token));
        }
    }
    ui.spacing_mut().item_spacing.y = 8.0;
    ui.add_space(6.0);
    hint(
        ui,
        "Click one to put it there: the tokens before it and those that are held stay, all others are drawn again.",
    );
    if let Some(selected) = inspection.selected
        && selected > 0
        && text_button(ui, Some(Icon::Shuffle), "Keep what comes before").clicked()
    {
        out.send(Message::KeepBefore(selected));
    }
}

/// Names of the columns.
fn show_heading(ui: &mut Ui) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 18.0), Sense::hover());
    let font = egui::TextStyle::Small.resolve(ui.style());
    let ink = Palette::of(ui).weak;
    for (index, name) in ["class", "any", "guided"].into_iter().enumerate() {
        let at = egui::pos2(rect.right() - 6.0 - COLUMN * (2 - index) as f32, rect.center().y);
        ui.painter().text(at, egui::Align2::RIGHT_CENTER, name, font.clone(), ink);
    }
    response.on_hover_text(
        "Probability under the class; without a class; and after guidance and temperature, which is what is drawn from.",
    );
}

/// One candidate; whether it was clicked.
fn show_row(ui: &mut Ui, candidate: &Candidate, here: bool, patch: Option<&TextureHandle>) -> bool {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    let spoken = if here { "Chosen token" } else { "Candidate token" };
    let spoken = format!("{spoken} {}: {} guided", candidate.token, probability(candidate.guided));
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, here, &spoken));
    if here || response.hovered() || response.has_focus() {
        let fill = if here { palette.accent_soft } else { palette.control };
        ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
    }
    let square = egui::Rect::from_center_size(
        egui::pos2(rect.left() + 4.0 + PATCH / 2.0, rect.center().y),
        Vec2::splat(PATCH),
    );
    match patch {
        Some(texture) => {
            Image::from_texture(texture).corner_radius(CornerRadius::same(3)).paint_at(ui, square);
        }
        None => {
            ui.painter().rect_filled(square, CornerRadius::same(3), palette.control);
        }
    }
    let body = egui::TextStyle::Body.resolve(ui.style());
    let at = egui::pos2(square.right() + 8.0, rect.center().y);
    let ink = if here { palette.accent } else { palette.text };
    ui.painter().text(at, egui::Align2::LEFT_CENTER, candidate.token, body.clone(), ink);
    let shares = [candidate.conditional, candidate.unconditional, candidate.guided];
    for (index, share) in shares.into_iter().enumerate() {
        let right = rect.right() - 6.0 - COLUMN * (2 - index) as f32;
        let bar = (COLUMN - 12.0) * share.clamp(0.0, 1.0);
        let line = egui::Rect::from_min_max(
            egui::pos2(right - bar, rect.bottom() - 5.0),
            egui::pos2(right, rect.bottom() - 3.0),
        );
        ui.painter().rect_filled(line, CornerRadius::ZERO, palette.accent);
        let at = egui::pos2(right, rect.center().y - 1.0);
        ui.painter().text(at, egui::Align2::RIGHT_CENTER, probability(share), body.clone(), palette.text);
    }
    response.clicked()
}

fn show_held(ui: &mut Ui, generate: &mut Generate, out: &mut Outbox) {
    let Some(index) = generate.board.shown else { return };
    let Some(sample) = generate.board.samples.get_mut(index) else { return };
    let held = sample.held.iter().filter(|held| **held).count();
    let all = sample.held.len();
    ui.horizontal_wrapped(|ui| {
        ui.add_enabled_ui(held > 0 && held < all, |ui| {
            if text_button(ui, Some(Icon::Shuffle), "Draw the others").clicked() {
                out.send(Message::DrawAround);
            }
        });
        if text_button(ui, None, "Invert").clicked() {
            sample.held.iter_mut().for_each(|held| *held = !*held);
        }
        ui.add_enabled_ui(held > 0, |ui| {
            if text_button(ui, None, "Clear").clicked() {
                sample.held.iter_mut().for_each(|held| *held = false);
            }
        });
    });
    hint(
        ui,
        format!("{held} of {all} tokens are held: paint over the picture to hold tokens or let them go."),
    );
    hint(
        ui,
        "A token is drawn from those before it, left to right and top to bottom. What is held further down is \
         not seen when the tokens above it are drawn, so the lower edge of a gap may not fit.",
    );
}
