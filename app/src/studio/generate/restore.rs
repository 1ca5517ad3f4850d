//! Bringing pictures back from their recipes: dropped, fetched, or of the gallery.

use std::sync::Arc;

use egui::TextureOptions;
use ibq_core::generator::Recipe;
use image::RgbImage;

use crate::studio::{
    failure::Failure,
    notice::Notice,
    picture_texture::{PictureTexture, Pixels},
};

use super::{
    board::{Drawing, Sample},
    gallery,
    message::{Context, Message},
    settings::Settings,
    state::Generate,
    tasks,
};

const NOT_RESTORED: &str = "The picture was not restored";

impl Generate {
    /// Shows the picture of a recipe, with its settings; waits for the generator that is being loaded, or loads the bundled one.
    pub(super) fn restore(&mut self, recipe: Box<Recipe>, context: &mut Context<'_>) {
        let Some(generator) = self.generator.clone() else {
            if self.is_available() {
                self.waiting = Some(recipe);
                self.load_bundled();
            } else {
                let detail = format!("it was made by {}; open that generator first", recipe.model);
                context.notify(Notice::error(NOT_RESTORED, detail));
            }
            return;
        };
        if !generator.can_have_made(&recipe) {
            let detail =
                format!("it was made by {}, another generator than the one that is open", recipe.model);
            return context.notify(Notice::error(NOT_RESTORED, detail));
        }
        if self.is_running() {
            return context.notify(Notice::error(NOT_RESTORED, "pictures are being made; stop them first"));
        }
        context.show_pane();
        let recipes = vec![*recipe];
        let work =
            move |job| async move { Message::Restored(tasks::restore(generator, recipes, job).await, true) };
        context.tasks.start_quietly(work);
    }

    /// Pictures were decoded from their recipes; with `show`, one to be shown, else those of the gallery.
    pub(super) fn restored(
        &mut self,
        restored: Result<Vec<(Recipe, RgbImage)>, Failure>,
        show: bool,
        context: &mut Context<'_>,
    ) {
        let restored = match restored {
            Ok(restored) => restored,
            Err(failure) => return context.report(NOT_RESTORED, &failure),
        };
        let ctx = &context.shared.egui;
        for (recipe, rgb) in restored {
            let pixels = Pixels::new(&rgb);
            let small = ctx.load_texture("gallery", pixels.image(), TextureOptions::LINEAR);
            if !show {
                self.gallery.set_texture(&recipe, small);
            } else if self.run.is_none() {
                self.settings = Settings::of(&recipe);
                let mut sample = Sample::new(self.board.next_revision(), recipe.request(), None);
                sample.held = vec![false; recipe.tokens.len()];
                sample.tokens.clone_from(&recipe.tokens);
                let texture = PictureTexture::new(ctx, "restored", pixels);
                sample.drawing = Some(Drawing { rgb: Arc::new(rgb), texture, tokens: recipe.tokens.len() });
                self.board.show_alone(sample, recipe.grid[0]);
                self.inspection.forget_position();
                self.gallery.add(recipe, Some(small));
            }
        }
        if show {
            self.store_gallery(context);
        }
    }

    /// Reads what was made before.
    pub(super) fn read_gallery(context: &mut Context<'_>) {
        context.tasks.start_quietly(|_job| async { Message::GalleryRead(gallery::read()) });
    }

    /// Stores the gallery and the favorites.
    pub(super) fn store_gallery(&self, context: &mut Context<'_>) {
        if let Some(store) = self.gallery.store() {
            context.tasks.start_quietly(|_job| async { Message::GalleryStored(store()) });
        }
    }

    /// Draws those pictures of the gallery that this generator can draw.
    pub(super) fn draw_gallery(&self, context: &mut Context<'_>) {
        let Some(generator) = self.generator.clone() else { return };
        let missing = self.gallery.entries.iter().filter(|entry| entry.texture.is_none());
        let missing = missing.map(|entry| &entry.recipe).filter(|recipe| generator.can_have_made(recipe));
        let missing: Vec<Recipe> = missing.cloned().collect();
        if !missing.is_empty() {
            let work = move |job| async move {
                Message::Restored(tasks::restore(generator, missing, job).await, false)
            };
            context.tasks.start_quietly(work);
        }
    }
}
