//! What was made before.

use egui::{CornerRadius, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use crate::studio::{
    theme::Palette,
    widgets::{card, hint, text_button},
};

use super::{
    message::{Message, Outbox},
    state::Generate,
};

const SIDE: f32 = 56.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, out: &mut Outbox) {
    let Some(generator) = &generate.generator else { return };
    let running = generate.is_running();
    card(ui, "Gallery", |ui| {
        if generate.gallery.entries.is_empty() {
            return hint(ui, "What you make is kept here, on this machine, also after a restart.");
        }
        ScrollArea::vertical().id_salt("gallery").max_height(4.0 * (SIDE + 6.0)).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = Vec2::splat(6.0);
                for entry in
                    generate.gallery.entries.iter().filter(|entry| generator.can_have_made(&entry.recipe))
                {
                    let recipe = &entry.recipe;
                    let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::click());
                    let what = generator.describe(recipe.condition);
                    let spoken = format!("{what}, seed {}, picture {}", recipe.seed, recipe.number + 1);
                    response.widget_info(|| {
                        WidgetInfo::labeled(Role::Button, !running, format!("Gallery: {spoken}"))
                    });
                    let palette = Palette::of(ui);
                    match &entry.texture {
                        Some(texture) => {
                            let image = egui::Image::from_texture(texture);
                            image.corner_radius(CornerRadius::same(4)).paint_at(ui, rect);
                        }
                        None => {
                            ui.painter().rect_filled(rect, CornerRadius::same(4), palette.control);
                        }
                    }
                    if response.hovered() || response.has_focus() {
                        let stroke = egui::Stroke::new(2.0, palette.accent);
                        let radius = CornerRadius::same(4);
                        ui.painter().rect_stroke(rect, radius, stroke, egui::StrokeKind::Inside);
                    }
                    if response.clicked() && !running {
                        out.send(Message::Restore(Box::new(recipe.clone())));
                    }
                    response.on_hover_text(spoken);
                }
            });
        });
        if text_button(ui, None, "Empty the gallery").clicked() {
            generate.gallery.entries.clear();
            out.send(Message::StoreGallery);
        }
        // The clipboard of a desktop gives bare pixels, that of a browser the file.
        let way = if cfg!(target_arch = "wasm32") { "dropping or pasting" } else { "dropping" };
        hint(
            ui,
            format!("A click brings a picture back exactly, with its settings. So does {way} its PNG here."),
        );
    });
}
