//! The bar at the top: the model, and what concerns the whole window.

use egui::{
    CornerRadius, Frame, Layout, Margin, Panel, Role, Sense, TextStyle, ThemePreference, Ui, Vec2,
    WidgetInfo, WidgetText,
};

use crate::studio::{
    command::Command,
    icons::Icon,
    models::Slot,
    theme::{CONTROL_HEIGHT, CONTROL_RADIUS, Palette, title},
    widgets::{icon_button, icon_toggle},
};

use super::{jobs, view::ShellView};

/// Shows the bar.
pub(super) fn show(ui: &mut Ui, view: &ShellView<'_>, narrow: bool, out: &mut Vec<Command>) {
    Panel::top("top bar")
        .exact_size(52.0)
        .frame(Frame::new().fill(Palette::of(ui).panel).inner_margin(Margin::symmetric(12, 8)))
        .show(ui, |ui| {
            ui.horizontal_centered(|ui| {
                if !narrow {
                    ui.add(egui::Label::new(title("IBQ Studio", 16.0)).selectable(false));
                    ui.add_space(16.0);
                }
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 2.0;
                    if icon_toggle(ui, Icon::Help, "Keyboard help (?)", Some(view.help)).clicked() {
                        out.push(Command::ToggleHelp);
                    }
                    theme_button(ui, out);
                    if icon_toggle(ui, Icon::Log, "Log (L)", Some(view.log)).clicked() {
                        out.push(Command::ToggleLog);
                    }
                    jobs::show_button(ui, view.tasks, out);
                    ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| {
                        model_button(ui, view, out);
                    });
                });
            });
        });
}

/// The theme follows the system, until another is chosen.
pub(super) fn next_theme(preference: ThemePreference) -> ThemePreference {
    match preference {
        ThemePreference::System => ThemePreference::Light,
        ThemePreference::Light => ThemePreference::Dark,
        ThemePreference::Dark => ThemePreference::System,
    }
}

fn theme_button(ui: &mut Ui, out: &mut Vec<Command>) {
    let preference = ui.options(|options| options.theme_preference);
    let (icon, name) = match preference {
        ThemePreference::System => (Icon::HalfMoon, "Theme: as the system (T)"),
        ThemePreference::Light => (Icon::Sun, "Theme: light (T)"),
        ThemePreference::Dark => (Icon::Moon, "Theme: dark (T)"),
    };
    if icon_button(ui, icon, name).clicked() {
        out.push(Command::SetTheme(next_theme(preference)));
    }
}

/// The name of the model; a click opens the chooser.
fn model_button(ui: &mut Ui, view: &ShellView<'_>, out: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let loading = view.model.loading.and_then(|task| view.tasks.get(task));
    let (name, detail) = match (loading, &view.model.loaded) {
        (Some(task), _) => (task.title.clone(), format!("{:.0} %", task.job.snapshot().done * 100.0)),
        (None, Some(loaded)) => loaded.clone(),
        (None, None) => ("Open a model".to_owned(), String::new()),
    };
    let most = (ui.available_width() - 8.0).clamp(80.0, 420.0);
    let detail = if most < 240.0 { String::new() } else { detail };
    let mut job = egui::text::LayoutJob::default();
    let font = TextStyle::Button.resolve(ui.style());
    let small = TextStyle::Small.resolve(ui.style());
    job.append(
        &name,
        0.0,
        egui::TextFormat {
            font_id: font,
            color: palette.text,
            valign: egui::Align::Center,
            ..Default::default()
        },
    );
    if !detail.is_empty() {
        job.append(
            &detail,
            8.0,
            egui::TextFormat {
                font_id: small,
                color: palette.weak,
                valign: egui::Align::Center,
                ..Default::default()
            },
        );
    }
    let wrap = Some(egui::TextWrapMode::Truncate);
    let galley = WidgetText::from(job).into_galley(ui, wrap, most - 62.0, TextStyle::Button);
    let width = galley.size().x + 62.0;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, CONTROL_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Model: {name}")));
    let hot = response.hovered() || response.has_focus();
    let fill = if hot { palette.control_hover } else { palette.control };
    ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, palette.accent);
        ui.painter().rect_stroke(rect, CornerRadius::same(CONTROL_RADIUS), stroke, egui::StrokeKind::Inside);
    }
    let square =
        |left: f32| egui::Rect::from_min_size(egui::pos2(left, rect.top()), Vec2::new(20.0, rect.height()));
    Icon::Cube.paint(ui.painter(), square(rect.left() + 8.0), 17.0, palette.accent);
    Icon::ChevronDown.paint(ui.painter(), square(rect.right() - 26.0), 13.0, palette.weak);
    let at = egui::pos2(rect.left() + 34.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, palette.text);
    if response.on_hover_text("Choose the model (M)").clicked() {
        out.push(Command::ChooseModel(Slot::First));
    }
}
