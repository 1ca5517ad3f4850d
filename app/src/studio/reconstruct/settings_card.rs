//! The size of the picture, and tiles.

use egui::{DragValue, Ui};
use ibq_core::{picture::Resize, tokenizer::Tiling};

use crate::studio::widgets::{card, hint, segmented};

use super::message::{Context, Message, Outbox};

#[derive(Clone, Copy, PartialEq)]
enum SizeChoice {
    Keep,
    Short256,
    Short512,
    Fit,
}

#[derive(Clone, Copy, PartialEq)]
enum TileChoice {
    Auto,
    Off,
    Side,
}

/// Shows the card.
pub(super) fn show(ui: &mut Ui, context: &Context<'_>, out: &mut Outbox) {
    let current = context.shared.selection.processing;
    card(ui, "Size and tiles", |ui| {
        let mut processing = current;
        choose_size(ui, &mut processing.resize);
        choose_tiles(ui, &mut processing.tiling);
        if processing != current {
            out.send(Message::Process(processing));
        }
    });
}

fn choose_size(ui: &mut Ui, resize: &mut Resize) {
    let mut choice = match *resize {
        Resize::None => SizeChoice::Keep,
        Resize::Short(256) => SizeChoice::Short256,
        Resize::Short(_) => SizeChoice::Short512,
        Resize::Fit(..) => SizeChoice::Fit,
    };
    let choices = [
        (SizeChoice::Keep, "Keep"),
        (SizeChoice::Short256, "256"),
        (SizeChoice::Short512, "512"),
        (SizeChoice::Fit, "Fit"),
    ];
    ui.horizontal_wrapped(|ui| {
        if segmented(ui, "Size", &mut choice, &choices) {
            *resize = match choice {
                SizeChoice::Keep => Resize::None,
                SizeChoice::Short256 => Resize::Short(256),
                SizeChoice::Short512 => Resize::Short(512),
                SizeChoice::Fit => Resize::Fit(1024, 1024),
            };
        }
        if let Resize::Fit(width, height) = resize {
            let mut side = *width;
            // The value holds while it is dragged; the models run when it is let go.
            let field = DragValue::new(&mut side).range(16..=8192).suffix(" px").update_while_editing(false);
            if ui.add(field).accessible_name("Largest side").changed() {
                (*width, *height) = (side, side);
            }
        }
    });
    hint(
        ui,
        match *resize {
            Resize::None => {
                "The picture keeps its size; its edges are padded to whole tokens and cropped after."
                    .to_owned()
            }
            Resize::Short(side) => format!("Scaled so that the smaller side is {side} pixels."),
            Resize::Fit(width, height) => format!("Scaled to fit within {width} × {height} pixels."),
        },
    );
}

fn choose_tiles(ui: &mut Ui, tiling: &mut Tiling) {
    let mut choice = match *tiling {
        Tiling::Auto => TileChoice::Auto,
        Tiling::Off => TileChoice::Off,
        Tiling::Side(_) => TileChoice::Side,
    };
    let choices = [(TileChoice::Auto, "Automatic"), (TileChoice::Off, "Never"), (TileChoice::Side, "Always")];
    ui.horizontal_wrapped(|ui| {
        if segmented(ui, "Tiles", &mut choice, &choices) {
            *tiling = match choice {
                TileChoice::Auto => Tiling::Auto,
                TileChoice::Off => Tiling::Off,
                TileChoice::Side => Tiling::Side(512),
            };
        }
        if let Tiling::Side(side) = tiling {
            let field = DragValue::new(side).range(64..=4096).suffix(" px").update_while_editing(false);
            ui.add(field).accessible_name("Side of a tile");
        }
    });
    hint(
        ui,
        match *tiling {
            Tiling::Auto => "Cut into overlapping tiles only where memory asks for it.",
            Tiling::Off => "Never cut into tiles: too large a picture is an error.",
            Tiling::Side(_) => "Always cut into overlapping tiles of this side.",
        },
    );
}
