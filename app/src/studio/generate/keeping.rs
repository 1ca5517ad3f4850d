//! Saving pictures, bringing them back, the gallery, and the way to the Reconstruct screen.

use std::sync::Arc;

use egui::TextureOptions;
use ibq_core::{generator::Recipe, picture::Picture};
use image::RgbImage;

use crate::studio::{
    app::Studio,
    message::Message,
    notice::Notice,
    picture_texture::{PictureTexture, Pixels},
    reconstruct::{OpenPicture, Ready},
    state::Screen,
};

use super::{Settings, Tile, gallery, work};

impl Studio {
    /// Reads what was made before.
    pub(crate) fn read_gallery(&mut self) {
        self.tasks.start_quietly(|_job| gallery::read());
    }

    /// Notes the favorites.
    pub(crate) fn keep_gallery(&mut self) {
        self.state.generate.gallery.keep(&mut self.tasks);
    }

    pub(super) fn save_generated(&mut self) {
        let generate = &self.state.generate;
        let Some(generator) = &generate.generator else { return };
        let whole = generate.board.whole();
        let shown = generate.shown().or(generate.board.tiles.first());
        let Some((tile, (rgb, ..))) = shown.and_then(|tile| Some((tile, tile.picture.as_ref()?))) else {
            return;
        };
        if tile.tokens.len() != whole {
            return;
        }
        let recipe = generator.recipe(&tile.request, &tile.tokens);
        let what: String = generator.describe(tile.request.condition);
        let what = what.replace(|c: char| !c.is_alphanumeric(), "-");
        let name = format!("{what}-seed-{}-{}.png", tile.request.seed, tile.request.number + 1);
        let rgb = rgb.clone();
        self.tasks.start_quietly(move |_job| async move {
            Message::Exported(match recipe.png(&rgb) {
                Ok(bytes) => Ok(Box::new(Ready { name, bytes })),
                Err(reason) => Err(Notice::error(format!("{name} was not saved"), reason)),
            })
        });
    }

    /// Shows the picture of a recipe, with its settings; waits for the generator that is on its way, or loads the bundled one.
    pub(super) fn restore_recipe(&mut self, recipe: Box<Recipe>) {
        let Some(generator) = self.state.generate.generator.clone() else {
            if self.state.generate.available() {
                self.state.generate.waiting = Some(recipe);
                self.enter_generate();
            } else {
                let detail = format!("it was made by {}; open that generator first", recipe.model);
                self.state.notices.push(Notice::error("The picture was not restored", detail));
            }
            return;
        };
        if !generator.can_have_made(&recipe) {
            let detail =
                format!("it was made by {}, another generator than the one that is open", recipe.model);
            self.state.notices.push(Notice::error("The picture was not restored", detail));
            return;
        }
        if self.state.generate.is_running() {
            let detail = "pictures are being made; stop them first";
            self.state.notices.push(Notice::error("The picture was not restored", detail));
            return;
        }
        self.state.screen = Screen::Generate;
        self.tasks.start_quietly(move |job| work::restore(generator, vec![*recipe], true, job));
    }

    pub(super) fn restored(&mut self, restored: Result<Vec<(Recipe, RgbImage)>, Notice>, show: bool) {
        let restored = match restored {
            Ok(restored) => restored,
            Err(notice) => return self.state.notices.push(notice),
        };
        let generate = &mut self.state.generate;
        for (recipe, rgb) in restored {
            let pixels = Pixels::new(&rgb);
            let small = self.ctx.load_texture("gallery", pixels.image(), TextureOptions::LINEAR);
            if !show {
                let entry = generate.gallery.entries.iter_mut().find(|entry| entry.recipe == recipe);
                entry.into_iter().for_each(|entry| entry.texture = Some(small.clone()));
                continue;
            }
            if generate.living.is_some() {
                continue;
            }
            generate.settings = Settings::of(&recipe);
            let revision = generate.board.next_revision();
            let mut tile = Tile::new(revision, recipe.request(), None);
            tile.held = vec![false; recipe.tokens.len()];
            tile.tokens.clone_from(&recipe.tokens);
            let whole = recipe.tokens.len();
            tile.picture = Some((Arc::new(rgb), PictureTexture::new(&self.ctx, "restored", pixels), whole));
            generate.board.side = recipe.grid[0];
            generate.board.columns = None;
            generate.board.tiles = vec![tile];
            generate.board.shown = Some(0);
            generate.looking.forget_place();
            generate.gallery.add(recipe, Some(small));
        }
        if show {
            self.keep_gallery();
        }
    }

    /// Draws those pictures of the gallery that this generator can draw.
    pub(super) fn draw_gallery(&mut self) {
        let generate = &self.state.generate;
        let Some(generator) = generate.generator.clone() else { return };
        let missing = generate.gallery.entries.iter().filter(|entry| entry.texture.is_none());
        let missing = missing.map(|entry| &entry.recipe).filter(|recipe| generator.can_have_made(recipe));
        let missing: Vec<Recipe> = missing.cloned().collect();
        if !missing.is_empty() {
            self.tasks.start_quietly(move |job| work::restore(generator, missing, false, job));
        }
    }

    pub(super) fn reconstruct_generated(&mut self) {
        let generate = &self.state.generate;
        let shown = generate.shown().or(generate.board.tiles.first());
        let Some((tile, (rgb, ..))) = shown.and_then(|tile| Some((tile, tile.picture.as_ref()?))) else {
            return;
        };
        let name = match &generate.generator {
            Some(generator) => generator.describe(tile.request.condition),
            None => "generated".to_owned(),
        };
        let picture = Picture { rgb: RgbImage::clone(rgb), notes: Vec::new() };
        let picture = OpenPicture::new(&name, picture);
        self.picture_opened(Ok(Box::new(picture)));
        self.state.screen = Screen::Reconstruct;
    }
}

impl Settings {
    /// The settings that a picture was made with.
    fn of(recipe: &Recipe) -> Self {
        use ibq_core::transformer::Condition;
        let (class, mixed) = match recipe.condition {
            Condition::Class(class) => (class, None),
            Condition::Mix(class, other, share) => (class, Some((other, share))),
            Condition::None => (0, None),
        };
        let (seed, sampling) = (recipe.seed, recipe.sampling);
        Self { class, mixed, seed, count: 1, sampling, ..Self::default() }
    }
}
