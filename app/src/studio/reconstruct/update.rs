//! What the messages of the Reconstruct screen do.

use std::sync::Arc;

use egui::TextureOptions;
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
    DecodeRequest, Decoded, DetailKey, DetailRequest, Detailed, Details, EditCommand, Export, HeatKey,
    HeatMap, HeatRequest, Layered, Numbers, OpenPicture, Outcome, Reconstruct, RunInput, RunRequest, Shown,
    export, history::History, work,
};

/// Patches that are kept; beyond, all are forgotten and decoded again when they are wanted.
const MOST_PATCHES: usize = 2048;

impl Studio {
    /// The samples were read: the first one is shown unless somebody was faster.
    pub(crate) fn samples(&mut self, samples: Vec<Sample>) {
        if self.state.reconstruct.picture.is_none()
            && self.state.reconstruct.tokens.is_none()
            && let Some(first) = samples.first()
        {
            let picture = OpenPicture::new(&first.name, first.picture.clone());
            self.picture_opened(Ok(Box::new(picture)));
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
        if let Some(factor) = file.factor
            && factor != config.factor()
        {
            let detail = format!(
                "its tokens stand for {factor} × {factor} pixels, those of this model for {0} × {0}",
                config.factor()
            );
            return self.state.notices.push(Notice::error("The tokens are of another model", detail));
        }
        if let Some(size) = file.codebook_size
            && size != config.n_embed
        {
            let detail = format!("it has {size} codes, this model has {}", config.n_embed);
            return self.state.notices.push(Notice::error("The tokens are of another model", detail));
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

    /// Changes the tokens of the first model, and decodes them.
    pub(crate) fn edit(&mut self, command: EditCommand) {
        let screen = &mut self.state.reconstruct;
        let Some(shown) = &mut screen.panes[0].shown else { return };
        let (editing, tokens) = (&mut screen.editing, &mut shown.tokens);
        let cols = tokens.grid().cols;
        let changed = match command {
            EditCommand::Select(position) => {
                editing.selected = position;
                if let Some(position) = position {
                    editing.code = tokens.get(position).unwrap_or(editing.code);
                    self.inspect(position);
                }
                return;
            }
            EditCommand::Replace { position, code } => {
                editing.code = code;
                tokens.set([(position, code)])
            }
            EditCommand::Paint { position } => {
                let cells = brush_cells(position, editing.brush, tokens.grid().rows, cols);
                tokens.paint(cells.into_iter().map(|cell| (cell, editing.code)))
            }
            EditCommand::EndStroke => {
                tokens.end_stroke();
                // Now that the pointer rests, the comparison with the original is worth its time.
                true
            }
            EditCommand::Shuffle { from, to } => {
                editing.shuffles += 1;
                tokens.shuffle(&rectangle(from, to, cols), editing.shuffles)
            }
            EditCommand::ShuffleAll => {
                editing.shuffles += 1;
                let all: Vec<u32> = (0..tokens.grid().tokens.len() as u32).collect();
                tokens.shuffle(&all, editing.shuffles)
            }
            EditCommand::Reset => tokens.reset(),
            EditCommand::Undo => tokens.undo(),
            EditCommand::Redo => tokens.redo(),
        };
        if !changed {
            return;
        }
        shown.count_tokens();
        let painting = matches!(command, EditCommand::Paint { .. });
        let request = DecodeRequest {
            model: shown.model.clone(),
            grid: shown.tokens.grid().clone(),
            size: shown.picture.rgb.dimensions(),
            original: shown.original.as_ref().map(|original| original.rgb.clone()),
            tiling: screen.tiling,
            compare: !painting,
        };
        let selected = screen.editing.selected;
        if let Some(request) = screen.decode.request(request) {
            self.start_decode(request);
        }
        if let Some(position) = selected {
            self.inspect(position);
        }
    }

    fn start_decode(&mut self, request: DecodeRequest) {
        let task = self.tasks.start_quietly(move |job| work::decode_edit(request, job));
        self.state.reconstruct.decode_task = Some(task);
    }

    pub(crate) fn decoded(&mut self, decoded: Result<Box<Decoded>, Failure>) {
        let screen = &mut self.state.reconstruct;
        screen.decode_task = None;
        if let Some(next) = screen.decode.finished() {
            self.start_decode(next);
        }
        let screen = &mut self.state.reconstruct;
        match decoded {
            Ok(decoded) => {
                let current = screen.first().is_some_and(|shown| shown.model.id == decoded.model);
                if !current {
                    return;
                }
                let picture = layered(screen, &self.ctx, "edited", decoded.picture);
                if let Some(shown) = &mut screen.panes[0].shown
                    && shown.picture.rgb.dimensions() == picture.rgb.dimensions()
                {
                    shown.picture = picture;
                    (shown.numbers.psnr, shown.numbers.ssim) = decoded.compared.unzip();
                    for time in decoded.times {
                        shown.numbers.times.retain(|kept| kept.stage != time.stage);
                        shown.numbers.times.push(time);
                    }
                }
            }
            Err(failure) => {
                let notice = failure_notice("The edited tokens were not decoded", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
    }

    /// Looks up a token of the first model.
    pub(crate) fn inspect(&mut self, position: u32) {
        let screen = &mut self.state.reconstruct;
        let Some(shown) = &screen.panes[0].shown else { return };
        let Some(code) = shown.tokens.get(position) else { return };
        let key = DetailKey { model: shown.model.id, position, code };
        if screen.details.as_ref().is_some_and(|details| details.key == key) {
            return;
        }
        let request = DetailRequest {
            key,
            tokenizer: shown.model.tokenizer.clone(),
            latent: shown.latent(position),
            known: screen.patches.keys().copied().collect(),
        };
        if let Some(request) = screen.detail.request(request) {
            self.start_detail(request);
        }
    }

    fn start_detail(&mut self, request: DetailRequest) {
        let task = self.tasks.start_quietly(move |job| work::detail(request, job));
        self.state.reconstruct.detail_task = Some(task);
    }

    pub(crate) fn detailed(&mut self, detailed: Result<Box<Detailed>, Failure>) {
        let screen = &mut self.state.reconstruct;
        screen.detail_task = None;
        if let Some(next) = screen.detail.finished() {
            self.start_detail(next);
        }
        let screen = &mut self.state.reconstruct;
        match detailed {
            Ok(detailed) => {
                if screen.patches.len() + detailed.patches.len() > MOST_PATCHES {
                    screen.patches.clear();
                }
                for (code, pixels) in detailed.patches {
                    let texture = self.ctx.load_texture("patch", pixels.image(), TextureOptions::NEAREST);
                    screen.patches.insert(code, texture);
                }
                screen.details =
                    Some(Details { key: detailed.key, here: detailed.here, near: detailed.near });
            }
            Err(failure) => {
                let notice = failure_notice("The codebook was not searched", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
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

fn layered(
    screen: &mut Reconstruct,
    ctx: &egui::Context,
    name: &str,
    (rgb, pixels): (Arc<RgbImage>, Pixels),
) -> Layered {
    Layered { revision: screen.next_revision(), rgb, texture: PictureTexture::new(ctx, name, pixels) }
}

/// The positions under a square brush.
fn brush_cells(position: u32, side: u32, rows: u32, cols: u32) -> Vec<u32> {
    let (row, col) = (position / cols.max(1), position % cols.max(1));
    let before = side.saturating_sub(1) / 2;
    let rows = row.saturating_sub(before)..(row + side.max(1) - before).min(rows);
    rows.flat_map(|r| {
        (col.saturating_sub(before)..(col + side.max(1) - before).min(cols)).map(move |c| r * cols + c)
    })
    .collect()
}

/// The positions of the rectangle between two corners.
pub(super) fn rectangle(from: u32, to: u32, cols: u32) -> Vec<u32> {
    let cols = cols.max(1);
    let (rows, columns) = ((from / cols, to / cols), (from % cols, to % cols));
    let rows = rows.0.min(rows.1)..=rows.0.max(rows.1);
    rows.flat_map(|row| {
        (columns.0.min(columns.1)..=columns.0.max(columns.1)).map(move |col| row * cols + col)
    })
    .collect()
}

/// Asks for what the view needs and does not have.
pub(super) fn wanted(screen: &Reconstruct) -> Option<Message> {
    (screen.view.mode == super::Mode::Difference)
        .then(|| screen.missing_heat_map().map(Message::WantHeatMap))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brush_stays_within_the_grid() {
        assert_eq!(brush_cells(4, 1, 3, 3), [4]);
        assert_eq!(brush_cells(4, 3, 3, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(brush_cells(0, 3, 3, 3), [0, 1, 3, 4]);
        assert_eq!(brush_cells(8, 2, 3, 3), [8]);
    }

    #[test]
    fn a_rectangle_may_be_drawn_in_any_direction() {
        assert_eq!(rectangle(1, 8, 4), rectangle(8, 1, 4));
        assert_eq!(rectangle(1, 8, 4), [0, 1, 4, 5, 8, 9]);
        assert_eq!(rectangle(6, 6, 4), [6]);
    }
}
