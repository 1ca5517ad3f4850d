//! Colors, type and spacing of both themes.

use std::{collections::BTreeMap, sync::Arc};

use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke, Style,
    TextStyle, Theme, Vec2, Visuals,
    style::{ScrollStyle, WidgetVisuals},
};

/// Inter, the characters of western European languages, with digits of one width.
const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.ttf");

/// Unit of all distances in points; everything is a multiple of it or its half.
pub(crate) const GAP: f32 = 8.0;
/// Narrower than this, parts are below each other.
pub(crate) const NARROW: f32 = 760.0;
/// Width of the panel beside the pictures.
pub(crate) const WIDE_PANEL: f32 = 352.0;
/// Corner radius of cards.
pub(crate) const CARD_RADIUS: u8 = 10;
/// Corner radius of buttons and fields.
pub(crate) const CONTROL_RADIUS: u8 = 6;
/// Smallest height of what can be clicked.
pub(crate) const CONTROL_HEIGHT: f32 = 32.0;

/// The colors of a theme, by their role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    /// Behind pictures.
    pub(crate) canvas: Color32,
    /// Behind everything else.
    pub(crate) panel: Color32,
    /// Cards and dialogs.
    pub(crate) card: Color32,
    /// Buttons and fields at rest.
    pub(crate) control: Color32,
    /// Buttons under the pointer.
    pub(crate) control_hover: Color32,
    /// Lines between things.
    pub(crate) line: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Text of less weight.
    pub(crate) weak: Color32,
    /// The one accent color: selection, focus, the main action.
    pub(crate) accent: Color32,
    /// Behind selected things.
    pub(crate) accent_soft: Color32,
    /// Text on the accent color.
    pub(crate) on_accent: Color32,
    /// Warnings.
    pub(crate) warning: Color32,
    /// Errors.
    pub(crate) error: Color32,
}

/// The dark theme's colors.
pub(crate) const DARK: Palette = Palette {
    canvas: Color32::from_rgb(0x0c, 0x0e, 0x11),
    panel: Color32::from_rgb(0x14, 0x17, 0x1c),
    card: Color32::from_rgb(0x1b, 0x1f, 0x26),
    control: Color32::from_rgb(0x27, 0x2d, 0x36),
    control_hover: Color32::from_rgb(0x31, 0x38, 0x43),
    line: Color32::from_rgb(0x2a, 0x30, 0x3a),
    text: Color32::from_rgb(0xe7, 0xea, 0xef),
    weak: Color32::from_rgb(0xa3, 0xac, 0xb9),
    accent: Color32::from_rgb(0x7d, 0xa6, 0xff),
    accent_soft: Color32::from_rgb(0x26, 0x35, 0x55),
    on_accent: Color32::from_rgb(0x0a, 0x14, 0x2b),
    warning: Color32::from_rgb(0xf0, 0xb4, 0x5e),
    error: Color32::from_rgb(0xff, 0x87, 0x80),
};

/// The light theme's colors.
pub(crate) const LIGHT: Palette = Palette {
    canvas: Color32::from_rgb(0xe4, 0xe7, 0xec),
    panel: Color32::from_rgb(0xf3, 0xf5, 0xf8),
    card: Color32::from_rgb(0xff, 0xff, 0xff),
    control: Color32::from_rgb(0xea, 0xed, 0xf2),
    control_hover: Color32::from_rgb(0xdd, 0xe2, 0xea),
    line: Color32::from_rgb(0xdd, 0xe1, 0xe8),
    text: Color32::from_rgb(0x1a, 0x1e, 0x25),
    weak: Color32::from_rgb(0x56, 0x5f, 0x6d),
    accent: Color32::from_rgb(0x27, 0x58, 0xcc),
    accent_soft: Color32::from_rgb(0xdb, 0xe6, 0xfd),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    warning: Color32::from_rgb(0x85, 0x50, 0x00),
    error: Color32::from_rgb(0xb3, 0x26, 0x1e),
};

impl Palette {
    /// The colors of what is being drawn.
    pub(crate) fn of(ui: &egui::Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }
}

/// The family of headings and numbers.
pub(crate) fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Text of a heading.
pub(crate) fn title(text: impl Into<String>, size: f32) -> egui::RichText {
    egui::RichText::new(text).font(FontId::new(size, semibold()))
}

/// Gives a context the fonts and both themes.
pub(crate) fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Dark, style(&DARK, true));
    ctx.set_style_of(Theme::Light, style(&LIGHT, false));
    ctx.options_mut(|options| options.zoom_with_keyboard = cfg!(not(target_arch = "wasm32")));
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [("regular", REGULAR), ("semibold", SEMIBOLD)] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let family = |name: &str| vec![name.to_owned()];
    fonts.families.insert(FontFamily::Proportional, family("regular"));
    fonts.families.insert(FontFamily::Monospace, family("regular"));
    fonts.families.insert(semibold(), family("semibold"));
    fonts
}

fn style(palette: &Palette, dark: bool) -> Style {
    let mut style = Style {
        text_styles: BTreeMap::from([
            (TextStyle::Small, FontId::new(12.0, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(14.0, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(14.0, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(13.0, FontFamily::Monospace)),
            (TextStyle::Heading, FontId::new(20.0, semibold())),
        ]),
        visuals: visuals(palette, dark),
        animation_time: 0.12,
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(GAP);
    spacing.button_padding = Vec2::new(12.0, 6.0);
    spacing.interact_size = Vec2::new(CONTROL_HEIGHT, CONTROL_HEIGHT);
    spacing.window_margin = Margin::same(20);
    spacing.menu_margin = Margin::same(8);
    spacing.icon_width = 18.0;
    spacing.icon_width_inner = 10.0;
    spacing.slider_rail_height = 4.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = ScrollStyle { floating_allocated_width: 0.0, ..ScrollStyle::thin() };
    style.interaction.selectable_labels = true;
    style.interaction.tooltip_delay = 0.35;
    style
}

fn visuals(palette: &Palette, dark: bool) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(CONTROL_RADIUS);
    let shadow = |blur: u8, strength: u8| Shadow {
        offset: [0, 4],
        blur,
        spread: 0,
        color: Color32::from_black_alpha(if dark { strength.saturating_mul(2) } else { strength }),
    };
    let state = |fill: Color32, line: Color32, text: Color32, width: f32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: radius,
        fg_stroke: Stroke::new(width, text),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = state(palette.panel, palette.line, palette.text, 1.0);
    widgets.inactive = state(palette.control, palette.control, palette.text, 1.4);
    widgets.hovered = state(palette.control_hover, palette.control_hover, palette.text, 1.6);
    widgets.active = state(palette.accent_soft, palette.accent, palette.text, 1.6);
    widgets.open = state(palette.control_hover, palette.line, palette.text, 1.4);
    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(1.5, palette.accent);
    visuals.weak_text_color = Some(palette.weak);
    visuals.hyperlink_color = palette.accent;
    visuals.faint_bg_color = palette.card;
    visuals.extreme_bg_color = palette.canvas;
    visuals.text_edit_bg_color = Some(palette.control);
    visuals.code_bg_color = palette.control;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.card;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS + 2);
    visuals.menu_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.window_shadow = shadow(32, 40);
    visuals.popup_shadow = shadow(16, 32);
    visuals.slider_trailing_fill = true;
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent);
    visuals.disabled_alpha = 0.55;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(color: Color32) -> f64 {
        let linear = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_has_the_contrast_of_wcag_aa_in_both_themes() {
        for palette in [DARK, LIGHT] {
            for ground in [palette.canvas, palette.panel, palette.card, palette.control, palette.accent_soft]
            {
                for (name, text) in [("text", palette.text), ("weak", palette.weak)] {
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{name} on {ground:?}: {ratio:.2}");
                }
            }
            for ground in [palette.panel, palette.card, palette.accent_soft] {
                for text in [palette.accent, palette.warning, palette.error] {
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{text:?} on {ground:?}: {ratio:.2}");
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5);
        }
    }

    #[test]
    fn the_fonts_have_what_the_texts_need_and_digits_of_one_width() {
        let ctx = egui::Context::default();
        install(&ctx);
        let output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for family in [FontFamily::Proportional, semibold()] {
                let font = FontId::new(14.0, family);
                ui.fonts_mut(|fonts| {
                    assert!(fonts.has_glyphs(&font, "×−–…·→←↑↓⌘µ≈Δ“”’"));
                    let widths: Vec<f32> = ('0'..='9').map(|digit| fonts.glyph_width(&font, digit)).collect();
                    assert!(widths.iter().all(|width| (width - widths[0]).abs() < 1e-4), "{widths:?}");
                });
            }
        });
        output.drop_without_applying_deltas();
    }
}
