//! Where the picture comes from: the samples, a file, the clipboard, the camera.

use egui::{CornerRadius, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use crate::studio::{
    files::Purpose,
    icons::Icon,
    message::{Message, Outbox},
    picture_texture::PictureTexture,
    state::State,
    theme::Palette,
    widgets::{card, hint, primary_button, text_button},
};

use super::OpenPicture;

const SIDE: f32 = 56.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, state: &mut State, out: &mut Outbox) {
    card(ui, "Picture", |ui| {
        if !state.samples.is_empty() {
            strip(ui, state, out);
        }
        ui.horizontal_wrapped(|ui| {
            if primary_button(ui, Some(Icon::Open), "Open picture").clicked() {
                out.push(Message::Pick(Purpose::Picture));
            }
            if cfg!(target_arch = "wasm32") && text_button(ui, Some(Icon::Camera), "Camera").clicked() {
                out.push(Message::OpenCamera);
            }
        });
        hint(ui, "Or drop a file here, or paste a picture.");
    });
}

fn strip(ui: &mut Ui, state: &mut State, out: &mut Outbox) {
    let current = state.reconstruct.picture.as_ref().map(|picture| picture.name.clone());
    ScrollArea::horizontal().id_salt("samples").show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for sample in &mut state.samples {
                let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::click());
                let chosen = current.as_deref() == Some(&sample.name);
                let spoken = format!("Sample picture {}", sample.name);
                response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &spoken));
                let small = sample.small.clone();
                let texture =
                    sample.texture.get_or_insert_with(|| PictureTexture::new(ui.ctx(), "sample", small));
                let size = texture.size();
                let place =
                    egui::Rect::from_center_size(rect.center(), size * (SIDE / size.min_elem().max(1.0)));
                texture.paint(&ui.painter_at(rect), place);
                let palette = Palette::of(ui);
                let active = response.hovered() || response.has_focus();
                if chosen || active {
                    let color = if chosen { palette.accent } else { palette.text };
                    let stroke = egui::Stroke::new(2.0, color);
                    ui.painter().rect_stroke(rect, CornerRadius::same(4), stroke, egui::StrokeKind::Inside);
                }
                if response.clicked() {
                    let picture = OpenPicture::new(&sample.name, sample.picture.clone());
                    out.push(Message::PictureOpened(Ok(Box::new(picture))));
                }
                response.on_hover_text(&sample.name);
            }
        });
    });
}
