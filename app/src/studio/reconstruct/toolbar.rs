//! The tools above the pictures.

use egui::{ComboBox, Slider, Ui};

use crate::studio::{
    icons::Icon,
    theme::NARROW,
    widgets::{icon_button, icon_toggle, segmented},
};

use super::{
    state::{Mode, Reconstruct},
    viewport,
};

/// Shows the tools.
pub(super) fn show(ui: &mut Ui, pane: &mut Reconstruct) {
    let short = ui.available_width() < NARROW;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let beside = if short { "Beside" } else { "Side by side" };
        let modes = [(Mode::Split, "Split"), (Mode::SideBySide, beside), (Mode::Difference, "Difference")];
        if pane.layers().len() > 1 {
            segmented(ui, "View", &mut pane.view.mode, &modes);
        }
        if pane.layers().len() > 2 && pane.view.mode != Mode::SideBySide {
            layer_choice(ui, pane, true);
            layer_choice(ui, pane, false);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| zoom_tools(ui, pane, short));
    });
    if pane.view.mode == Mode::Difference && pane.layers().len() > 1 {
        heat_scale(ui, pane);
    }
}

/// On a phone fingers zoom; only what they cannot do is shown.
fn zoom_tools(ui: &mut Ui, pane: &mut Reconstruct, short: bool) {
    if icon_toggle(ui, Icon::Grid, "Show tokens (G)", Some(pane.view.overlay)).clicked() {
        pane.view.overlay = !pane.view.overlay;
    }
    if icon_button(ui, Icon::Fit, "Fit the picture (F)").clicked() {
        pane.view.zoom.fit();
    }
    if short {
        return;
    }
    if icon_button(ui, Icon::Plus, "Zoom in (+)").clicked() {
        viewport::zoom_by(ui, pane, 1.5);
    }
    let scale = viewport::scale(ui, pane) * ui.pixels_per_point() * 100.0;
    let text = egui::RichText::new(format!("{scale:.0} %")).small();
    let label = egui::Label::new(text).sense(egui::Sense::click()).halign(egui::Align::Center);
    let size = egui::vec2(48.0, 32.0);
    if ui
        .add_sized(size, label)
        .on_hover_text("Pixels of the screen per pixel; click for 100 % (1)")
        .clicked()
    {
        viewport::show_actual_size(ui, pane);
    }
    if icon_button(ui, Icon::Minus, "Zoom out (−)").clicked() {
        viewport::zoom_by(ui, pane, 1.0 / 1.5);
    }
}

fn layer_choice(ui: &mut Ui, pane: &mut Reconstruct, left: bool) {
    let current = if left { pane.view.left } else { pane.view.right };
    let name = if left { "Left picture" } else { "Right picture" };
    let choice = ComboBox::from_id_salt(name)
        .width(110.0)
        .truncate()
        .selected_text(pane.layer_name(current))
        .show_ui(ui, |ui| {
            let mut chosen = current;
            for layer in pane.layers() {
                ui.selectable_value(&mut chosen, layer, pane.layer_name(layer));
            }
            chosen
        });
    let inner = choice.inner;
    choice.response.accessible_name(name).on_hover_text(name);
    if let Some(chosen) = inner {
        *(if left { &mut pane.view.left } else { &mut pane.view.right }) = chosen;
    }
}

fn heat_scale(ui: &mut Ui, pane: &mut Reconstruct) {
    ui.horizontal(|ui| {
        ui.weak("0");
        let (rect, _) = ui.allocate_exact_size(egui::vec2(120.0, 12.0), egui::Sense::hover());
        let steps = 24;
        for step in 0..steps {
            let [r, g, b] = ibq_core::picture::heat_color((step as f32 + 0.5) / steps as f32);
            let width = rect.width() / steps as f32;
            let from = rect.min + egui::vec2(step as f32 * width, 0.0);
            let part = egui::Rect::from_min_size(from, egui::vec2(width + 0.5, rect.height()));
            ui.painter().rect_filled(part, 0.0, egui::Color32::from_rgb(r, g, b));
        }
        ui.weak(format!("{} and more levels of 255", pane.view.heat_scale));
        ui.spacing_mut().slider_width = 100.0;
        ui.add(Slider::new(&mut pane.view.heat_scale, 8..=255).logarithmic(true).show_value(false))
            .accessible_name("Full scale of the difference")
            .on_hover_text("Full scale of the difference");
    });
}
