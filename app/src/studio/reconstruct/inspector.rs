//! What is known about a token, and the tools that change tokens.

use egui::{CornerRadius, DragValue, Image, Role, Sense, TextureHandle, Ui, Vec2, WidgetInfo};

use crate::studio::{
    icons::Icon,
    selection::Selection,
    theme::{Palette, title},
    widgets::{card, hint, icon_button, segmented, text_button},
};

use super::{
    message::{Context, EditCommand, Message, Outbox},
    reconstruction_view::ReconstructionView,
    state::{Details, Reconstruct, Tool},
};

const PATCH: f32 = 56.0;
const SMALL_PATCH: f32 = 40.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    if pane.first().is_none() {
        return;
    }
    let selection = &context.shared.selection;
    card(ui, "Tokens", |ui| {
        show_tools(ui, pane, selection.code, out);
        ui.separator();
        if pane.view.overlay || pane.editing.tool != Tool::Select || selection.cell.is_some() {
            show_token(ui, pane, selection, out);
        } else {
            hint(ui, "Show the tokens to look at them one by one: every square is one code of the codebook.");
            if text_button(ui, Some(Icon::Grid), "Show tokens").clicked() {
                pane.view.overlay = true;
            }
        }
    });
}

fn show_tools(ui: &mut Ui, pane: &mut Reconstruct, code: u32, out: &mut Outbox) {
    let mut tool = pane.editing.tool;
    let choices = [(Tool::Select, "Select"), (Tool::Paint, "Paint"), (Tool::Shuffle, "Shuffle")];
    ui.horizontal(|ui| {
        if segmented(ui, "Tool", &mut tool, &choices) {
            pane.editing.tool = tool;
            pane.editing.corner = None;
            pane.view.overlay = true;
        }
        let (undo, redo, edited) = pane.first().map_or((false, false, false), |shown| {
            (shown.tokens.can_undo(), shown.tokens.can_redo(), shown.tokens.is_edited())
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for (enabled, icon, name, command) in [
                (edited, Icon::Reset, "Reset the tokens", EditCommand::Reset),
                (redo, Icon::Redo, "Redo", EditCommand::Redo),
                (undo, Icon::Undo, "Undo", EditCommand::Undo),
            ] {
                ui.add_enabled_ui(enabled, |ui| {
                    if icon_button(ui, icon, name).clicked() {
                        out.send(Message::Edit(command));
                    }
                });
            }
        });
    });
    match pane.editing.tool {
        Tool::Select => {}
        Tool::Paint => {
            ui.horizontal(|ui| {
                ui.add(egui::Label::new("Brush").selectable(false));
                segmented(ui, "Brush", &mut pane.editing.brush, &[(1, "1"), (3, "3"), (5, "5")]);
                show_code_field(ui, pane, code, out);
            });
            hint(ui, "Draw in the picture to put this code there.");
        }
        Tool::Shuffle => {
            if text_button(ui, Some(Icon::Shuffle), "Shuffle all").clicked() {
                out.send(Message::Edit(EditCommand::ShuffleAll));
            }
            hint(ui, "Draw a rectangle in the picture to exchange its tokens at random.");
        }
    }
}

/// The field for the index of the code that is painted or that replaces.
fn show_code_field(ui: &mut Ui, pane: &Reconstruct, mut code: u32, out: &mut Outbox) -> Option<u32> {
    let codes = pane.first().map_or(1, ReconstructionView::codebook_size);
    let field = DragValue::new(&mut code)
        .range(0..=codes.saturating_sub(1))
        .prefix("code ")
        .update_while_editing(false)
        .min_size(Vec2::new(96.0, 28.0));
    let response = ui.add(field).accessible_name("Code index");
    if response.changed() {
        out.send(Message::Code(code));
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    response.on_hover_text(format!("0 to {}", codes.saturating_sub(1)));
    entered.then_some(code)
}

fn show_token(ui: &mut Ui, pane: &Reconstruct, selection: &Selection, out: &mut Outbox) {
    let Some(position) = selection.hovered_cell.or(selection.cell) else {
        ui.set_min_height(PATCH);
        return hint(ui, "Point at a square, or choose one with a click or the arrow keys.");
    };
    let Some(shown) = pane.first() else { return };
    let Some(code) = shown.tokens.get(position) else { return };
    let grid = shown.tokens.grid();
    let (row, col) = (position / grid.cols.max(1), position % grid.cols.max(1));
    let used = grid.tokens.iter().filter(|&&token| token == code).count();
    let share = used as f64 / grid.tokens.len().max(1) as f64 * 100.0;
    let margin = shown.margins.as_ref().and_then(|margins| margins.get(position as usize)).copied();
    let was = shown.tokens.original(position).filter(|&original| original != code);
    ui.horizontal(|ui| {
        show_patch(ui, pane.patches.get(code), PATCH);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(title(format!("Code {code}"), 16.0));
            ui.weak(match was {
                Some(was) => format!("row {row}, column {col} · was {was}"),
                None => format!("row {row}, column {col}"),
            });
            let margin = match (margin, was) {
                (Some(margin), None) => format!(" · margin {margin:.3}"),
                _ => String::new(),
            };
            ui.weak(format!("used {used} × ({share:.1} %){margin}"))
                .on_hover_text("Margin: how much larger its score is than that of the second-best code.");
        });
    });
    let details =
        pane.details.as_ref().filter(|details| details.key.position == position && details.key.code == code);
    let clicked = [
        show_codes(ui, pane, "Best here", "best scores for the latent vector at this place", details, |d| {
            &d.here
        }),
        show_codes(ui, pane, "Near this code", "best scores for the code itself", details, |d| &d.near),
    ];
    let target = selection.cell.unwrap_or(position);
    let chosen = clicked.into_iter().flatten().next();
    if let Some(code) = chosen {
        out.send(Message::Edit(EditCommand::Replace { position: target, code }));
    }
    if selection.cell.is_some() {
        ui.horizontal(|ui| {
            let entered = show_code_field(ui, pane, selection.code, out);
            let clicked = text_button(ui, None, "Replace").clicked().then_some(selection.code);
            if let Some(code) = entered.or(clicked) {
                out.send(Message::Edit(EditCommand::Replace { position: target, code }));
            }
        });
    }
}

/// A row of codes; returns the one that was clicked. Its room is kept while the codes are not known yet.
fn show_codes(
    ui: &mut Ui,
    pane: &Reconstruct,
    name: &str,
    meaning: &str,
    details: Option<&Details>,
    list: fn(&Details) -> &Vec<(u32, f32)>,
) -> Option<u32> {
    let mut chosen = None;
    ui.add(egui::Label::new(egui::RichText::new(name).small().weak()).selectable(false))
        .on_hover_text(meaning);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.set_min_height(SMALL_PATCH);
        for &(code, product) in details.map(list).into_iter().flatten() {
            let response = show_patch(ui, pane.patches.get(code), SMALL_PATCH).interact(Sense::click());
            let spoken = format!("{name}: code {code}");
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
            if response.hovered() || response.has_focus() {
                let stroke = egui::Stroke::new(2.0, Palette::of(ui).accent);
                let radius = CornerRadius::same(4);
                ui.painter().rect_stroke(response.rect, radius, stroke, egui::StrokeKind::Inside);
            }
            if response.clicked() {
                chosen = Some(code);
            }
            response.on_hover_text(format!("code {code}, score {product:.3}; click to put it here"));
        }
    });
    chosen
}

/// The decoded patch of a code, or an empty square until it is there.
fn show_patch(ui: &mut Ui, texture: Option<&TextureHandle>, side: f32) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    let palette = Palette::of(ui);
    match texture {
        Some(texture) => {
            Image::from_texture(texture).corner_radius(CornerRadius::same(4)).paint_at(ui, rect);
        }
        None => {
            ui.painter().rect_filled(rect, CornerRadius::same(4), palette.control);
        }
    }
    response
}
