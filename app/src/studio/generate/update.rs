//! What the messages of the Generate screen do.

use egui::TextureOptions;
use ibq_core::transformer::PictureRequest;

use crate::studio::{
    app::{Studio, failure_notice},
    message::Failure,
    picture_texture::PictureTexture,
    state::Screen,
    task::TaskId,
};

use super::{Generate, GenerateMessage, Living, Made, Previews, Tile, living::Stream, work};

impl Studio {
    /// Changes the state as a message of this screen says.
    pub(crate) fn generate(&mut self, message: GenerateMessage) {
        match message {
            GenerateMessage::Open(source) => self.state.generate.next = Some(source),
            GenerateMessage::Loaded(generator, name) => self.generator_loaded(generator, &name),
            GenerateMessage::Start => self.start_pictures(),
            GenerateMessage::Reroll => {
                let seed = &mut self.state.generate.settings.seed;
                *seed = seed.wrapping_add(1);
                self.start_pictures();
            }
            GenerateMessage::Stop => {
                if let Some(living) = &self.state.generate.living {
                    self.tasks.cancel(living.task);
                }
            }
            GenerateMessage::Resume => self.resume(),
            GenerateMessage::Previewed(previews) => self.previewed(previews),
            GenerateMessage::Made(made) => self.made(made),
            GenerateMessage::Show(index) => {
                let generate = &mut self.state.generate;
                generate.board.shown = index.filter(|&index| index < generate.board.tiles.len());
                generate.cards_to_top = true;
                generate.looking.forget_place();
            }
            GenerateMessage::Look(position) => self.look(position),
            GenerateMessage::Looked(looked) => self.looked(looked),
            GenerateMessage::Patches(patches) => self.patched(patches),
            GenerateMessage::Replace(position, token) => self.replace(position, token),
            GenerateMessage::KeepBefore(position) => {
                self.draw_again(|tile| {
                    tile.tokens.iter().take(position as usize).map(|&t| Some(t)).collect()
                });
            }
            GenerateMessage::DrawAround => self.draw_again(|tile| {
                tile.tokens.iter().zip(&tile.held).map(|(&token, &held)| held.then_some(token)).collect()
            }),
            GenerateMessage::Save => self.save_generated(),
            GenerateMessage::Restore(recipe) => self.restore_recipe(recipe),
            GenerateMessage::Restored(restored, show) => self.restored(restored, show),
            GenerateMessage::ToReconstruct => self.reconstruct_generated(),
            GenerateMessage::Kept(gallery) => {
                self.state.generate.gallery = gallery;
                self.draw_gallery();
            }
        }
    }

    pub(super) fn start_pictures(&mut self) {
        let generate = &mut self.state.generate;
        let Some(generator) = generate.generator.clone() else { return };
        if generate.is_running() {
            return;
        }
        let known = generator.classes().map(|classes| generate.gallery.favorites_among(classes));
        let favorites: Vec<u32> = known.into_iter().flatten().map(|(class, _)| class).collect();
        generate.board.for_settings(&generate.settings, &generator, &favorites);
        generate.looking.forget_place();
        let requests = generate.board.tiles.iter().map(|tile| tile.request.clone()).collect();
        let tiles = (0..generate.board.tiles.len()).collect();
        #[cfg(target_arch = "wasm32")]
        if super::address::follow(generate, &generator).is_err() {
            log::warn!("the page's address could not be changed to that of these pictures");
        }
        self.run_generator(requests, tiles);
    }

    /// Makes the tokens that are missing.
    fn resume(&mut self) {
        let board = &self.state.generate.board;
        let open: Vec<usize> =
            (0..board.tiles.len()).filter(|&i| board.tiles[i].tokens.len() < board.whole()).collect();
        let requests = open.iter().map(|&index| board.tiles[index].rest()).collect();
        self.run_generator(requests, open);
    }

    fn run_generator(&mut self, requests: Vec<PictureRequest>, tiles: Vec<usize>) {
        let Some(generator) = self.state.generate.generator.clone() else { return };
        if self.state.generate.is_running() || requests.is_empty() {
            return;
        }
        let stream = Stream::new(requests.len());
        let told = stream.clone();
        let what = requests.first().map(|request| generator.describe(request.condition)).unwrap_or_default();
        let task = self
            .tasks
            .start(format!("Generate {what}"), move |job| work::make(generator, requests, told, job));
        let living = Living::new(task, stream, tiles);
        self.state.generate.run = Some(living.started);
        self.state.generate.living = Some(living);
    }

    /// Opens the generator that waits, takes the tokens that have come, and has them drawn when it is time. Called for every frame.
    pub(crate) fn follow_generation(&mut self) {
        if self.state.models.loading.is_none()
            && let Some(source) = self.state.generate.next.take()
        {
            self.open_generator(source);
        }
        let seen = self.state.screen == Screen::Generate;
        if let Some(mut living) = self.state.generate.living.take_if(|living| living.is_due(seen)) {
            self.draw(&mut living);
            self.state.generate.living = Some(living);
        }
    }

    /// Hands the tokens that have come to their pictures, and has them drawn.
    fn draw(&mut self, living: &mut Living) {
        let Generate { generator: Some(generator), board, .. } = &mut self.state.generate else { return };
        let tokens = living.stream.tokens();
        let made = tokens.iter().map(Vec::len).sum();
        for (&index, tokens) in living.tiles.iter().zip(&tokens) {
            if let Some(tile) = board.tiles.get_mut(index)
                && tokens.len() > tile.tokens.len()
            {
                tile.tokens.clone_from(tokens);
            }
        }
        let (tokenizer, side) = (generator.tokenizer.clone(), board.side);
        let (tiles, run) = (living.tiles.clone(), living.started);
        let task =
            self.tasks.start_quietly(move |job| work::preview(tokenizer, side, tiles, tokens, run, job));
        living.draws(task, made);
    }

    fn previewed(&mut self, previews: Previews) {
        let generate = &mut self.state.generate;
        if generate.run != Some(previews.run) {
            return;
        }
        if let Some(living) = &mut generate.living {
            living.drew();
        }
        // What cannot be drawn now will be told when the picture is whole.
        let Ok(pictures) = previews.pictures else { return };
        for (index, (count, rgb, pixels)) in previews.tiles.into_iter().zip(pictures) {
            if let Some(tile) = generate.board.tiles.get_mut(index)
                && tile.picture.as_ref().is_none_or(|(.., shown)| *shown < count)
            {
                let texture = PictureTexture::new(&self.ctx, "growing", pixels);
                tile.picture = Some((rgb, texture, count));
            }
        }
    }

    fn made(&mut self, made: Result<Box<Made>, Failure>) {
        let Some(mut living) = self.state.generate.living.take() else { return };
        let made = match made {
            Ok(made) => *made,
            Err(failure) => {
                if living.has_more() {
                    self.draw(&mut living);
                }
                let notice = failure_notice("The pictures were not made", &failure);
                return notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        };
        let generate = &mut self.state.generate;
        let Some(generator) = &generate.generator else { return };
        for (&index, (tokens, rgb, pixels)) in living.tiles.iter().zip(made.0) {
            let revision = generate.board.next_revision();
            let Some(tile) = generate.board.tiles.get_mut(index) else { continue };
            let whole = tokens.len();
            (tile.revision, tile.tokens) = (revision, tokens);
            tile.held.resize(whole, false);
            let small = self.ctx.load_texture("gallery", pixels.image(), TextureOptions::LINEAR);
            let recipe = generator.recipe(&tile.request, &tile.tokens);
            generate.gallery.add(recipe, Some(small));
            tile.picture = Some((rgb, PictureTexture::new(&self.ctx, "generated", pixels), whole));
        }
        generate.gallery.keep(&mut self.tasks);
    }

    /// Puts a token at a position: those before and those that are held stay, the others follow it.
    fn replace(&mut self, position: u32, token: u32) {
        self.run_shown(|tile| {
            let mut request = tile.request.clone();
            let at = position as usize;
            let held = |index: usize| tile.held.get(index).copied().unwrap_or(false);
            let keep = |(index, &old): (usize, &u32)| (index < at || held(index)).then_some(old);
            request.fixed = tile.tokens.iter().enumerate().map(keep).collect();
            if let Some(slot) = request.fixed.get_mut(at) {
                *slot = Some(token);
            }
            request
        });
    }

    /// Keeps some tokens of the picture and draws the others with another seed.
    fn draw_again(&mut self, keep: impl Fn(&Tile) -> Vec<Option<u32>>) {
        self.run_shown(|tile| PictureRequest {
            fixed: keep(tile),
            seed: tile.request.seed.wrapping_add(1),
            ..tile.request.clone()
        });
    }

    /// Makes the picture that is shown anew from another request.
    fn run_shown(&mut self, request: impl Fn(&Tile) -> PictureRequest) {
        let generate = &mut self.state.generate;
        if generate.is_running() {
            return;
        }
        let whole = generate.board.whole();
        let Some(index) = generate.board.shown else { return };
        let Some(tile) = generate.board.tiles.get_mut(index).filter(|tile| tile.tokens.len() == whole) else {
            return;
        };
        tile.request = request(tile);
        tile.tokens.clear();
        if let Some((.., shown)) = &mut tile.picture {
            *shown = 0;
        }
        let request = tile.request.clone();
        self.run_generator(vec![request], vec![index]);
    }
}

impl Generate {
    /// A task ended without a result: what waited for it goes on.
    pub(crate) fn task_broke(&mut self, task: TaskId) {
        if self.loading == Some(task) {
            self.loading = None;
        }
        if self.living.as_ref().is_some_and(|living| living.task == task) {
            self.living = None;
        }
        if let Some(living) = &mut self.living {
            living.broke(task);
        }
        if self.looking.insight_task == Some(task) {
            self.looking.insight_run = Default::default();
            self.looking.failed = self.shown().map(|tile| tile.revision);
        }
        if self.looking.patch_task == Some(task) {
            self.looking.patch_run = Default::default();
        }
    }
}
