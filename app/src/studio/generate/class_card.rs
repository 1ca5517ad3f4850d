//! What the pictures are to show: a class by name or number, favorites, a mix of two.

use egui::{CornerRadius, DragValue, Role, ScrollArea, Sense, Slider, TextEdit, Ui, Vec2, WidgetInfo, pos2};
use ibq_core::generator::Generator;

use crate::studio::{
    icons::Icon,
    theme::{CONTROL_RADIUS, Palette, title},
    widgets::{card, hint, icon_button, icon_toggle, segmented, text_button},
};

use super::{
    message::{Message, Outbox},
    state::Generate,
};

/// Classes that are listed at a time.
const LISTED: usize = 40;
const ROW: f32 = 28.0;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, generate: &mut Generate, out: &mut Outbox) {
    let Some(generator) = generate.generator.clone() else { return };
    card(ui, "Class", |ui| {
        show_chosen(ui, generate, &generator, out);
        if generator.classes().is_some() {
            search_classes(ui, generate, &generator);
        } else {
            let last = generator.transformer.config().class_num.saturating_sub(1);
            ui.horizontal(|ui| {
                ui.add(egui::Label::new("Number").selectable(false));
                let field = DragValue::new(&mut generate.settings.class).range(0..=last);
                ui.add(field).accessible_name("Class number");
            });
            hint(ui, format!("This generator brings no names of its classes: 0 to {last}."));
        }
        mix_classes(ui, generate, &generator);
    });
}

/// The current class, and the favorites.
fn show_chosen(ui: &mut Ui, generate: &mut Generate, generator: &Generator, out: &mut Outbox) {
    let name = generator.class_name(generate.settings.class);
    ui.horizontal(|ui| {
        let text = title(&name, 16.0);
        let width = ui.available_width() - 40.0;
        ui.allocate_ui(Vec2::new(width, 32.0), |ui| {
            ui.set_width(width);
            ui.add(egui::Label::new(text).truncate());
        });
        let favorite = generate.gallery.favorites.contains(&name);
        let what = if favorite { "Not a favorite any more" } else { "Make it a favorite" };
        if icon_toggle(ui, Icon::Star, what, Some(favorite)).clicked() {
            generate.gallery.toggle_favorite(&name);
            out.send(Message::StoreGallery);
        }
    });
    let Some(classes) = generator.classes() else { return };
    let known = generate.gallery.favorites_among(classes);
    if known.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        for (class, name) in known {
            let button = text_button(ui, None, &name).accessible_name(format!("Favorite: {name}"));
            if button.clicked() {
                generate.settings.class = class;
            }
        }
    });
}

fn search_classes(ui: &mut Ui, generate: &mut Generate, generator: &Generator) {
    let Some(classes) = generator.classes() else { return };
    let (name, example) = if generate.searching_mix {
        ("Search for the second class", "second class: name or number")
    } else {
        ("Search for a class", "name or number")
    };
    let field = TextEdit::singleline(&mut generate.search).hint_text(example).desired_width(f32::INFINITY);
    let response = ui.add(field).accessible_name(name);
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let found = classes.search(&generate.search, LISTED);
    if found.is_empty() {
        ui.allocate_ui(Vec2::new(ui.available_width(), 4.0 * ROW), |ui| {
            ui.set_min_height(4.0 * ROW);
            hint(ui, "No class is called so.");
        });
        return;
    }
    let current = match (generate.searching_mix, generate.settings.mixed) {
        (true, Some((other, _))) => other,
        _ => generate.settings.class,
    };
    let mut picked = found.first().filter(|_| entered).map(|found| found.class.id);
    ScrollArea::vertical().id_salt("classes").max_height(4.0 * ROW).min_scrolled_height(4.0 * ROW).show(
        ui,
        |ui| {
            ui.set_min_height(4.0 * ROW);
            ui.spacing_mut().item_spacing.y = 0.0;
            for found in &found {
                let class = found.class;
                if show_row(ui, class.id, class.name(), found.matched, class.id == current) {
                    picked = Some(class.id);
                }
            }
        },
    );
    if let Some(class) = picked {
        match &mut generate.settings.mixed {
            Some((other, _)) if generate.searching_mix => *other = class,
            _ => generate.settings.class = class,
        }
    }
}

/// One class of the list; whether it was clicked.
fn show_row(ui: &mut Ui, id: u32, name: &str, matched: &str, on: bool) -> bool {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, format!("Class {id}: {name}")));
    let active = response.hovered() || response.has_focus();
    if on || active {
        let fill = if on { palette.accent_soft } else { palette.control };
        ui.painter().rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
    }
    let small = egui::TextStyle::Small.resolve(ui.style());
    let body = egui::TextStyle::Body.resolve(ui.style());
    let painter = ui.painter_at(rect.shrink2(Vec2::new(6.0, 0.0)));
    let ink = if on { palette.accent } else { palette.text };
    let number = egui::Align2::RIGHT_CENTER;
    painter.text(pos2(rect.left() + 36.0, rect.center().y), number, id, small.clone(), palette.weak);
    let at = pos2(rect.left() + 46.0, rect.center().y);
    let drawn = painter.text(at, egui::Align2::LEFT_CENTER, name, body, ink);
    if matched != name && matched.parse::<u32>().is_err() {
        let at = pos2(drawn.right() + 8.0, rect.center().y);
        painter.text(at, egui::Align2::LEFT_CENTER, matched, small, palette.weak);
    }
    response.clicked()
}

/// A second class and its share.
fn mix_classes(ui: &mut Ui, generate: &mut Generate, generator: &Generator) {
    let classes = generator.transformer.config().class_num;
    let Some((other, mut share)) = generate.settings.mixed else {
        if classes > 1 && text_button(ui, Some(Icon::Plus), "Mix with a second class").clicked() {
            let other = (generate.settings.class + 1) % classes;
            generate.settings.mixed = Some((other, 0.5));
            generate.searching_mix = true;
            generate.search.clear();
        }
        return;
    };
    ui.separator();
    let mut closed = false;
    ui.horizontal(|ui| {
        let width = ui.available_width() - 40.0;
        let text = format!("mixed with {}", generator.class_name(other));
        ui.allocate_ui(Vec2::new(width, 32.0), |ui| {
            ui.set_width(width);
            ui.add(egui::Label::new(text).truncate());
        });
        closed = icon_button(ui, Icon::Close, "Do not mix").clicked();
    });
    if generator.classes().is_none() {
        let mut number = other;
        let field = DragValue::new(&mut number).range(0..=classes - 1).prefix("class ");
        ui.add(field).accessible_name("Second class number");
        generate.settings.mixed = Some((number, share));
    } else {
        ui.horizontal(|ui| {
            let mut second = generate.searching_mix;
            let choices = [(false, "first"), (true, "second")];
            ui.add(egui::Label::new("The list sets the").selectable(false));
            if segmented(ui, "The list sets the class", &mut second, &choices) {
                generate.searching_mix = second;
            }
        });
    }
    let mut percent = share * 100.0;
    ui.spacing_mut().interact_size.x = 72.0;
    ui.spacing_mut().slider_width = (ui.available_width() - 82.0).max(60.0);
    let slider = Slider::new(&mut percent, 0.0..=100.0).step_by(1.0).fixed_decimals(0).suffix(" %");
    if ui.add(slider).accessible_name("Share of the second class").changed() {
        share = percent / 100.0;
        generate.settings.mixed = generate.settings.mixed.map(|(other, _)| (other, share));
    }
    hint(ui, "The two classes’ vectors are mixed in this ratio; what comes is often one of the two.");
    if closed {
        generate.settings.mixed = None;
        generate.searching_mix = false;
    }
}
