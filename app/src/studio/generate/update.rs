//! What the messages of this pane do.

use egui::TextureOptions;
use ibq_core::{generator::Generator, transformer::PictureRequest};

use crate::studio::{command::Command, failure::Failure, picture_texture::PictureTexture};

use super::{
    board::{Drawing, Sample},
    message::{Context, Message},
    run::{GenerationRun, TokenStream},
    state::Generate,
    tasks::{self, GeneratedImages, PartialImages},
};

impl Generate {
    /// Does what a message says.
    pub(super) fn update(&mut self, message: Message, context: &mut Context<'_>) {
        match message {
            Message::NoGenerator | Message::GalleryStored(Ok(())) | Message::GalleryRead(Ok(None)) => {}
            Message::Loaded(generator, name) => self.loaded(generator, &name, context),
            Message::Start => self.start_samples(context),
            Message::Reroll => {
                if self.generator.is_some() {
                    self.settings.seed = self.settings.seed.wrapping_add(1);
                    self.start_samples(context);
                }
            }
            Message::Stop => self.stop(context),
            Message::StartOrStop if self.is_running() => self.stop(context),
            Message::StartOrStop => self.start_samples(context),
            Message::Resume => self.resume(context),
            Message::PartlyDrawn(images) => self.partly_drawn(images, context),
            Message::Generated(images) => self.generated(images, context),
            Message::Show(index) => {
                self.board.shown = index.filter(|&index| index < self.board.samples.len());
                self.cards_to_top = true;
                self.inspection.forget_position();
            }
            Message::Inspect(position) => self.inspect(position, context),
            Message::Inspected(result) => self.inspected(result, context),
            Message::PatchesDecoded(patches) => self.patches_decoded(patches, context),
            Message::Replace(position, token) => self.replace(position, token, context),
            Message::KeepBefore(position) => {
                let before = position as usize;
                self.draw_again(
                    |sample| sample.tokens.iter().take(before).map(|&t| Some(t)).collect(),
                    context,
                );
            }
            Message::DrawAround => {
                let held = |(&token, &held): (&u32, &bool)| held.then_some(token);
                self.draw_again(|sample| sample.tokens.iter().zip(&sample.held).map(held).collect(), context);
            }
            Message::Save => self.save(context),
            Message::Exported(Ok(file)) => context.ask(Command::Save(*file)),
            Message::Restore(recipe) => self.restore(recipe, context),
            Message::Restored(restored, show) => self.restored(restored, show, context),
            Message::Reconstruct => self.reconstruct(context),
            Message::GalleryRead(Ok(Some(gallery))) => {
                self.gallery = gallery;
                self.draw_gallery(context);
            }
            Message::StoreGallery => self.store_gallery(context),
            Message::Exported(Err(notice))
            | Message::GalleryRead(Err(notice))
            | Message::GalleryStored(Err(notice)) => context.notify(notice),
        }
    }

    /// Starts a run of what the settings ask for.
    pub(super) fn start_samples(&mut self, context: &mut Context<'_>) {
        let Some(generator) = self.generator.clone() else { return };
        if self.is_running() {
            return;
        }
        let known = generator.classes().map(|classes| self.gallery.favorites_among(classes));
        let favorites: Vec<u32> = known.into_iter().flatten().map(|(class, _)| class).collect();
        self.board.ask_for(&self.settings, &generator, &favorites);
        self.inspection.forget_position();
        let requests = self.board.samples.iter().map(|sample| sample.request.clone()).collect();
        let samples = (0..self.board.samples.len()).collect();
        self.link = Some((class_in_address(&generator, self.settings.class), self.settings.seed));
        self.start_run(requests, samples, context);
    }

    fn stop(&self, context: &mut Context<'_>) {
        if let Some(run) = &self.run {
            context.tasks.cancel(run.task);
        }
    }

    /// Makes the tokens that are missing.
    fn resume(&mut self, context: &mut Context<'_>) {
        let whole = self.board.whole();
        let open = self.board.samples.iter().enumerate().filter(|(_, sample)| sample.tokens.len() < whole);
        let (samples, requests) = open.map(|(index, sample)| (index, sample.rest())).unzip();
        self.start_run(requests, samples, context);
    }

    fn start_run(&mut self, requests: Vec<PictureRequest>, samples: Vec<usize>, context: &mut Context<'_>) {
        let Some(generator) = self.generator.clone() else { return };
        if self.is_running() || requests.is_empty() {
            return;
        }
        let stream = TokenStream::new(requests.len());
        let tokens = stream.clone();
        let what = requests.first().map(|request| generator.describe(request.condition)).unwrap_or_default();
        let work = move |job| async move {
            Message::Generated(tasks::generate(generator, requests, tokens, job).await)
        };
        let task = context.tasks.start(format!("Generate {what}"), work);
        let run = GenerationRun::new(task, stream, samples);
        self.latest_start = Some(run.started);
        self.run = Some(run);
    }

    /// Opens the generator that waits, takes the tokens that have come, and has them drawn when it is time.
    pub(super) fn follow_run(&mut self, visible: bool, context: &mut Context<'_>) {
        if context.shared.models.loading().is_none()
            && let Some(source) = self.next.take()
        {
            self.open_generator(source, context);
        }
        if let Some(mut run) = self.run.take_if(|run| run.is_due(visible)) {
            self.draw(&mut run, context);
            self.run = Some(run);
        }
    }

    /// Hands the tokens that have come to their pictures, and has them drawn.
    fn draw(&mut self, run: &mut GenerationRun, context: &mut Context<'_>) {
        let Some(generator) = &self.generator else { return };
        let tokens = run.stream.tokens();
        let count = tokens.iter().map(Vec::len).sum();
        for (&index, tokens) in run.samples.iter().zip(&tokens) {
            if let Some(sample) = self.board.samples.get_mut(index)
                && tokens.len() > sample.tokens.len()
            {
                sample.tokens.clone_from(tokens);
            }
        }
        let (tokenizer, side) = (generator.tokenizer.clone(), self.board.side);
        let (samples, started) = (run.samples.clone(), run.started);
        let task = context.tasks.start_quietly(move |job| async move {
            let pictures = tasks::draw_partial(tokenizer, side, tokens, job).await;
            Message::PartlyDrawn(PartialImages { run: started, samples, pictures })
        });
        run.draws(task, count);
    }

    fn partly_drawn(&mut self, images: PartialImages, context: &mut Context<'_>) {
        if self.latest_start != Some(images.run) {
            return;
        }
        if let Some(run) = &mut self.run {
            run.drew();
        }
        // What cannot be drawn now will be told when the picture is whole.
        let Ok(pictures) = images.pictures else { return };
        for (index, (tokens, rgb, pixels)) in images.samples.into_iter().zip(pictures) {
            if let Some(sample) = self.board.samples.get_mut(index)
                && sample.drawing.as_ref().is_none_or(|drawing| drawing.tokens < tokens)
            {
                let texture = PictureTexture::new(&context.shared.egui, "growing", pixels);
                sample.drawing = Some(Drawing { rgb, texture, tokens });
            }
        }
    }

    fn generated(&mut self, images: Result<Box<GeneratedImages>, Failure>, context: &mut Context<'_>) {
        let Some(mut run) = self.run.take() else { return };
        let images = match images {
            Ok(images) => images.0,
            Err(failure) => {
                if run.has_more() {
                    self.draw(&mut run, context);
                }
                return context.report("The pictures were not made", &failure);
            }
        };
        let Some(generator) = &self.generator else { return };
        let ctx = &context.shared.egui;
        for (&index, (tokens, rgb, pixels)) in run.samples.iter().zip(images) {
            let revision = self.board.next_revision();
            let Some(sample) = self.board.samples.get_mut(index) else { continue };
            let whole = tokens.len();
            (sample.revision, sample.tokens) = (revision, tokens);
            sample.held.resize(whole, false);
            let small = ctx.load_texture("gallery", pixels.image(), TextureOptions::LINEAR);
            self.gallery.add(generator.recipe(&sample.request, &sample.tokens), Some(small));
            let texture = PictureTexture::new(ctx, "generated", pixels);
            sample.drawing = Some(Drawing { rgb, texture, tokens: whole });
        }
        self.store_gallery(context);
    }

    /// Puts a token at a position: those before and those that are held stay, the others follow it.
    fn replace(&mut self, position: u32, token: u32, context: &mut Context<'_>) {
        let request = |sample: &Sample| {
            let mut request = sample.request.clone();
            let at = position as usize;
            let held = |index: usize| sample.held.get(index).copied().unwrap_or(false);
            let keep = |(index, &old): (usize, &u32)| (index < at || held(index)).then_some(old);
            request.fixed = sample.tokens.iter().enumerate().map(keep).collect();
            if let Some(slot) = request.fixed.get_mut(at) {
                *slot = Some(token);
            }
            request
        };
        self.run_shown(request, context);
    }

    /// Keeps some tokens of the picture and draws the others with another seed.
    fn draw_again(&mut self, keep: impl Fn(&Sample) -> Vec<Option<u32>>, context: &mut Context<'_>) {
        let request = |sample: &Sample| PictureRequest {
            fixed: keep(sample),
            seed: sample.request.seed.wrapping_add(1),
            ..sample.request.clone()
        };
        self.run_shown(request, context);
    }

    /// Makes the picture that is shown anew from another request.
    fn run_shown(&mut self, request: impl Fn(&Sample) -> PictureRequest, context: &mut Context<'_>) {
        if self.is_running() {
            return;
        }
        let whole = self.board.whole();
        let Some(index) = self.board.shown else { return };
        let shown = self.board.samples.get_mut(index).filter(|sample| sample.tokens.len() == whole);
        let Some(sample) = shown else { return };
        sample.request = request(sample);
        sample.tokens.clear();
        if let Some(drawing) = &mut sample.drawing {
            drawing.tokens = 0;
        }
        let request = sample.request.clone();
        self.start_run(vec![request], vec![index], context);
    }
}

/// How the page's address names a class: by its name where that is unique.
fn class_in_address(generator: &Generator, class: u32) -> String {
    let name = generator.class_name(class);
    let found = generator.classes().and_then(|classes| classes.resolve(&name).ok());
    if found.is_some_and(|found| found.class.id == class) { name } else { class.to_string() }
}
