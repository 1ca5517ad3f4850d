//! What the messages of the Reconstruct screen do.

use std::sync::Arc;

use ibq_core::tokens::TokenFile;
use image::RgbImage;

use crate::studio::{
    app::{Studio, failure_notice},
    message::{Failure, Message},
    models::{Slot, short_name},
    notice::Notice,
    picture_texture::{PictureTexture, Pixels},
    samples::Sample,
    task::TaskId,
};

use super::{
    Export, HeatKey, HeatMap, HeatRequest, Layered, Numbers, OpenPicture, Outcome, Reconstruct, RunInput,
    RunRequest, Shown, export, history::History, work,
};

impl Studio {
    /// The samples were read: the first one is shown unless somebody was faster.
    pub(crate) fn samples(&mut self, samples: Vec<Sample>) {
        if self.state.reconstruct.picture.is_none()
            && self.state.reconstruct.tokens.is_none()
            && let Some(first) = samples.first()
        {
            let software = self.state.gpu.as_ref().is_ok_and(|gpu| gpu.info().is_software());
            let slow = cfg!(target_arch = "wasm32") && software;
            let picture = if slow { first.scaled_down() } else { first.picture.clone() };
            self.picture_opened(Ok(Box::new(OpenPicture::new(&first.name, picture))));
        }
        self.state.samples = samples;
    }

    /// There is no model in the program: the screen says how to open one.
    pub(crate) fn no_bundled_model(&mut self) {
        self.state.models.loading = None;
        self.state.models.bundled = Some(false);
    }

    /// Takes a picture with the camera of the browser.
    pub(crate) fn open_camera(&mut self) {
        #[cfg(target_arch = "wasm32")]
        self.tasks.start_quietly(|_job| super::picture::from_camera());
    }

    pub(crate) fn picture_opened(&mut self, picture: Result<Box<OpenPicture>, Notice>) {
        match picture {
            Ok(picture) => {
                let screen = &mut self.state.reconstruct;
                let revision = screen.next_revision();
                let texture = PictureTexture::new(&self.ctx, "opened", picture.pixels.clone());
                screen.unprocessed = Some(Layered { revision, rgb: picture.rgb.clone(), texture });
                screen.picture = Some(*picture);
                screen.tokens = None;
                self.start_over();
            }
            Err(notice) => self.state.notices.push(notice),
        }
    }

    pub(crate) fn tokens_read(&mut self, file: Result<Box<TokenFile>, Notice>) {
        let file = match file {
            Ok(file) => file,
            Err(notice) => return self.state.notices.push(notice),
        };
        let Some(model) = self.state.models.get(Slot::First) else {
            let detail = "tokens need the model that made them; open it first";
            return self.state.notices.push(Notice::error("No model is loaded", detail));
        };
        let config = model.tokenizer.config();
        if let Err(reason) = file.check_model(config.n_embed, config.factor()) {
            return self.state.notices.push(Notice::error("The tokens are of another model", reason));
        }
        if file.grids.len() > 1 {
            let detail = format!("the file holds {} pictures; this is the first", file.grids.len());
            self.state.notices.push(Notice::info("The first picture is shown", detail));
        }
        let size = file.sizes.as_ref().and_then(|sizes| sizes.first().copied());
        let Some(grid) = file.grids.into_iter().next() else {
            return self.state.notices.push(Notice::error("No tokens", "the file holds no picture"));
        };
        let screen = &mut self.state.reconstruct;
        screen.tokens = Some(("tokens".to_owned(), grid, size));
        screen.picture = None;
        screen.unprocessed = None;
        self.start_over();
    }

    /// Forgets what was shown and runs the models on what is open now.
    fn start_over(&mut self) {
        let screen = &mut self.state.reconstruct;
        for pane in &mut screen.panes {
            pane.shown = None;
        }
        screen.view.zoom.fit();
        screen.details = None;
        screen.forget_selection();
        for slot in Slot::BOTH {
            self.run(slot);
        }
    }

    /// Runs a model on what is open.
    pub(crate) fn run(&mut self, slot: Slot) {
        self.run_with(slot, false);
    }

    /// Runs the first model with a timer on every kernel.
    pub(crate) fn measure_kernels(&mut self) {
        self.run_with(Slot::First, true);
    }

    fn run_with(&mut self, slot: Slot, kernel_times: bool) {
        let Some(model) = self.state.models.get(slot).cloned() else { return };
        let screen = &mut self.state.reconstruct;
        let (name, input) = match (&screen.picture, &screen.tokens) {
            (Some(picture), _) => {
                let input = RunInput::Picture {
                    picture: picture.rgb.clone(),
                    notes: picture.notes.clone(),
                    resize: screen.resize,
                    kernel_times,
                };
                (picture.name.clone(), input)
            }
            (None, Some((name, grid, size))) if slot == Slot::First => {
                (name.clone(), RunInput::Tokens { grid: grid.clone(), size: *size })
            }
            _ => return,
        };
        let request = RunRequest { model, name, tiling: screen.tiling, input };
        let pane = &mut screen.panes[slot as usize];
        if let Some(task) = pane.task {
            self.tasks.cancel(task);
        }
        if let Some(request) = pane.run.request(request) {
            self.start_run(slot, request);
        }
    }

    fn start_run(&mut self, slot: Slot, request: RunRequest) {
        let title = format!("Reconstruct {}", request.name);
        let task = self.tasks.start(title, move |job| work::run(slot, request, job));
        self.state.reconstruct.panes[slot as usize].task = Some(task);
    }

    pub(crate) fn ran(&mut self, slot: Slot, outcome: Result<Box<Outcome>, Failure>) {
        let pane = &mut self.state.reconstruct.panes[slot as usize];
        pane.task = None;
        if let Some(next) = pane.run.finished() {
            return self.start_run(slot, next);
        }
        match outcome {
            Ok(outcome) => {
                let loaded = self.state.models.get(slot).map(|model| model.id);
                if loaded == Some(outcome.model.id) {
                    self.show_outcome(slot, *outcome);
                }
            }
            Err(failure) => {
                let what = match &self.state.reconstruct.picture {
                    Some(picture) => format!("{} was not reconstructed", picture.name),
                    None => "The tokens were not decoded".to_owned(),
                };
                if let Some(notice) = failure_notice(&what, &failure) {
                    self.state.notices.push(notice);
                }
            }
        }
    }

    fn show_outcome(&mut self, slot: Slot, outcome: Outcome) {
        let screen = &mut self.state.reconstruct;
        let original = outcome.original.map(|picture| layered(screen, &self.ctx, "original", picture));
        let picture = layered(screen, &self.ctx, "reconstruction", outcome.picture);
        let mut shown = Shown {
            name: outcome.name,
            model: outcome.model,
            original,
            picture,
            tokens: History::new(outcome.grid),
            margins: outcome.margins,
            latents: outcome.latents,
            numbers: Numbers {
                psnr: outcome.psnr,
                ssim: outcome.ssim,
                times: outcome.times,
                ..Numbers::default()
            },
            kernels: outcome.kernels,
            notes: outcome.notes,
        };
        shown.count_tokens();
        let old_size = screen.size();
        screen.panes[slot as usize].shown = Some(shown);
        if screen.size() != old_size {
            screen.view.zoom.fit();
            screen.forget_selection();
        }
    }

    /// Draws the difference of the two layers of the view.
    pub(crate) fn want_heat_map(&mut self, key: HeatKey) {
        let screen = &mut self.state.reconstruct;
        let view = &screen.view;
        let (Some(left), Some(right)) = (screen.layer(view.left), screen.layer(view.right)) else { return };
        let request = HeatRequest { key, left: left.rgb.clone(), right: right.rgb.clone() };
        if let Some(request) = screen.heat.request(request) {
            self.start_heat_map(request);
        }
    }

    fn start_heat_map(&mut self, request: HeatRequest) {
        let task = self.tasks.start_quietly(move |_job| work::heat_map(request));
        self.state.reconstruct.heat_task = Some(task);
    }

    pub(crate) fn heat_map(&mut self, map: HeatMap) {
        let screen = &mut self.state.reconstruct;
        screen.heat_task = None;
        if let Some(next) = screen.heat.finished() {
            self.start_heat_map(next);
        }
        let screen = &mut self.state.reconstruct;
        let picture = layered(screen, &self.ctx, "difference", map.picture);
        screen.heat_map = Some((map.key, picture));
    }

    pub(crate) fn export(&mut self, what: Export) {
        let screen = &self.state.reconstruct;
        let Some(shown) = screen.first() else { return };
        let stem = short_name(&shown.name).to_owned();
        match what {
            Export::Tokens(format) => {
                let message = export::tokens(shown, format);
                self.apply(message);
            }
            Export::Picture => {
                let pictures = vec![shown.picture.rgb.clone()];
                let name = format!("{stem}-reconstruction.png");
                self.tasks.start_quietly(move |_job| export::png(name, pictures));
            }
            Export::Comparison => {
                let layers = screen.layers();
                let pictures: Vec<Arc<RgbImage>> = layers
                    .into_iter()
                    .filter_map(|layer| screen.layer(layer))
                    .map(|layered| layered.rgb.clone())
                    .collect();
                let name = format!("{stem}-comparison.png");
                self.tasks.start_quietly(move |_job| export::png(name, pictures));
            }
        }
    }
}

impl Reconstruct {
    /// A task ended without a result: what waited for it goes on.
    pub(crate) fn task_broke(&mut self, task: TaskId) {
        for pane in &mut self.panes {
            if pane.task == Some(task) {
                pane.task = None;
                pane.run = Default::default();
            }
        }
        if self.decode_task == Some(task) {
            self.decode = Default::default();
        }
        if self.detail_task == Some(task) {
            self.detail = Default::default();
        }
        if self.heat_task == Some(task) {
            self.heat = Default::default();
        }
    }

    /// The heat map that is wanted now, if it is not the one that is there.
    pub(crate) fn missing_heat_map(&self) -> Option<HeatKey> {
        let (left, right) = (self.layer(self.view.left)?, self.layer(self.view.right)?);
        let key = (left.revision, right.revision, self.view.heat_scale);
        let there = self.heat_map.as_ref().is_some_and(|(shown, _)| *shown == key);
        (!there && !self.heat.is_running()).then_some(key)
    }
}

pub(super) fn layered(
    screen: &mut Reconstruct,
    ctx: &egui::Context,
    name: &str,
    (rgb, pixels): (Arc<RgbImage>, Pixels),
) -> Layered {
    Layered { revision: screen.next_revision(), rgb, texture: PictureTexture::new(ctx, name, pixels) }
}

/// Asks for what the view needs and does not have.
pub(super) fn wanted(screen: &Reconstruct) -> Option<Message> {
    (screen.view.mode == super::Mode::Difference)
        .then(|| screen.missing_heat_map().map(Message::WantHeatMap))
        .flatten()
}
