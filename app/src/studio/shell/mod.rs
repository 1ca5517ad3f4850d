//! What surrounds the screens: navigation, model, jobs, notices, help, log.

mod banner;
pub(crate) mod empty;
mod help;
mod jobs;
mod keyboard;
mod log_panel;
mod navigation;
mod top_bar;

use egui::{CentralPanel, Frame, Ui};

use super::{files, message::Outbox, models, state::State, task::Tasks, theme::Palette};

pub(crate) use keyboard::keyboard;

/// Narrower than this, parts are below each other.
pub(crate) const NARROW: f32 = 760.0;
/// Width of the panel beside the pictures.
pub(crate) const WIDE_PANEL: f32 = 352.0;

/// Shows the shell, and the screen within it.
pub(crate) fn show(
    ui: &mut Ui,
    state: &mut State,
    tasks: &Tasks,
    out: &mut Outbox,
    screen: impl FnOnce(&mut Ui, &mut State, &Tasks, &mut Outbox),
) {
    let narrow = ui.available_width() < NARROW;
    top_bar::show(ui, state, tasks, out, narrow);
    if narrow {
        navigation::bottom(ui, state, out);
    } else {
        navigation::side(ui, state, out);
    }
    if state.log {
        log_panel::show(ui, out);
    }
    banner::show(ui, state, out);
    let panel = Palette::of(ui).panel;
    CentralPanel::no_frame().frame(Frame::new().fill(panel)).show(ui, |ui| screen(ui, state, tasks, out));
    models::show_chooser(ui, state, tasks, out);
    files::show_prompt(ui, state, out);
    if state.help {
        help::show(ui, state);
    }
    drop_hint(ui);
}

/// While files hang over the window: that they can be dropped.
fn drop_hint(ui: &Ui) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop hint"));
    let painter = ui.ctx().layer_painter(layer);
    let (rect, palette) = (ui.ctx().content_rect(), Palette::of(ui));
    painter.rect_filled(rect, 0.0, egui::Color32::from_black_alpha(140));
    let inner = rect.shrink(24.0);
    painter.rect_stroke(inner, 12.0, egui::Stroke::new(2.0, palette.accent), egui::StrokeKind::Inside);
    let font = egui::FontId::new(20.0, super::theme::semibold());
    let text = "Drop a picture, tokens or a model";
    painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, font, egui::Color32::WHITE);
}
