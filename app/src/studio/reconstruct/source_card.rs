//! Where the picture comes from: the samples, a file, the clipboard, the camera.

use egui::{CornerRadius, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo};

use crate::studio::{
    command::Command,
    files::Purpose,
    icons::Icon,
    picture_texture::PictureTexture,
    selection::OpenPicture,
    theme::Palette,
    widgets::{card, hint, primary_button, text_button},
};

use super::{
    message::{Context, Message, Outbox},
    state::Reconstruct,
};

const SIDE: f32 = 56.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    card(ui, "Picture", |ui| {
        if !context.shared.sample_pictures.is_empty() {
            show_samples(ui, pane, context, out);
        }
        ui.horizontal_wrapped(|ui| {
            if primary_button(ui, Some(Icon::Open), "Open picture").clicked() {
                out.ask(Command::Pick(Purpose::Picture));
            }
            if cfg!(target_arch = "wasm32") && text_button(ui, Some(Icon::Camera), "Camera").clicked() {
                out.ask(Command::OpenCamera);
            }
        });
        hint(ui, "Or drop a file here, or paste a picture.");
    });
}

fn show_samples(ui: &mut Ui, pane: &mut Reconstruct, context: &Context<'_>, out: &mut Outbox) {
    let current = context.shared.selection.picture().map(|picture| picture.name.as_str());
    let samples = &context.shared.sample_pictures;
    for sample in &samples[pane.sample_textures.len().min(samples.len())..] {
        pane.sample_textures.push(PictureTexture::new(ui.ctx(), "sample", sample.small.clone()));
    }
    ScrollArea::horizontal().id_salt("samples").show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (sample, texture) in samples.iter().zip(&mut pane.sample_textures) {
                let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::click());
                let chosen = current == Some(sample.name.as_str());
                let spoken = format!("Sample picture {}", sample.name);
                response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &spoken));
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
                    out.send(Message::Open(Box::new(picture)));
                }
                response.on_hover_text(&sample.name);
            }
        });
    });
}
