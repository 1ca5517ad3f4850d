//! What the messages of this pane do.

use ibq_core::tokens::ReadTokens;

use crate::studio::{
    command::Command,
    failure::Failure,
    models::Slot,
    notice::Notice,
    selection::{Input, OpenTokens},
};

use super::{
    history::History,
    message::{Context, Message, ViewCommand},
    reconstruction_view::{Numbers, ReconstructionView},
    state::{Mode, Reconstruct, Tool},
    tasks::{self, HeatKey, HeatMap, HeatRequest, Outcome, RunInput, RunRequest},
    viewport,
};

impl Reconstruct {
    /// Does what a message says.
    pub(super) fn update(&mut self, message: Message, context: &mut Context<'_>) {
        match message {
            Message::Open(picture) => context.shared.selection.take(Input::Picture(*picture)),
            Message::Process(processing) => {
                context.shared.selection.processing = processing;
                Slot::BOTH.into_iter().for_each(|slot| self.run(slot, context));
            }
            Message::Ran(slot, outcome) => self.ran(slot, outcome, context),
            Message::View(command) => self.change_view(&context.shared.egui, command),
            Message::Edit(command) => self.edit(command, context),
            Message::Decoded(decoded) => self.decoded(decoded, context),
            Message::Hover(position) => {
                context.shared.selection.hovered_cell = position;
                if let Some(position) = position {
                    self.look_up(position, context);
                }
            }
            Message::Code(code) => context.shared.selection.code = code,
            Message::Detailed(details) => self.detailed(details, context),
            Message::WantHeatMap(key) => self.want_heat_map(key, context),
            Message::HeatMap(map) => self.show_heat_map(*map, context),
            Message::Export(what) => self.export(what, context),
            Message::Exported(Ok(file)) => context.ask(Command::Save(*file)),
            Message::Exported(Err(notice)) => context.notify(notice),
        }
    }

    fn change_view(&mut self, ctx: &egui::Context, command: ViewCommand) {
        let view = &mut self.view;
        match command {
            ViewCommand::Split => view.mode = Mode::Split,
            ViewCommand::SideBySide => view.mode = Mode::SideBySide,
            ViewCommand::Difference => view.mode = Mode::Difference,
            ViewCommand::Tokens => view.overlay = !view.overlay,
            ViewCommand::Fit => view.zoom.fit(),
            ViewCommand::ActualSize => viewport::show_actual_size(ctx, self),
            ViewCommand::ZoomIn => viewport::zoom_by(ctx, self, 1.5),
            ViewCommand::ZoomOut => viewport::zoom_by(ctx, self, 1.0 / 1.5),
            ViewCommand::Select => self.editing.tool = Tool::Select,
            ViewCommand::Paint => self.editing.tool = Tool::Paint,
            ViewCommand::Shuffle => self.editing.tool = Tool::Shuffle,
        }
    }

    /// Takes the tokens of a file to hand, if the model can decode them.
    pub(super) fn open_tokens(read: ReadTokens, context: &mut Context<'_>) {
        let ReadTokens { file, assumed } = read;
        let Some(model) = context.shared.models.get(Slot::First) else {
            let detail = "tokens need the model that made them; open it first";
            return context.notify(Notice::error("No model is loaded", detail));
        };
        let config = model.tokenizer.config();
        if let Err(reason) = file.check_model(config.quantizer().codes, config.factor()) {
            return context.notify(Notice::error("The tokens are of another model", reason));
        }
        if let Some(assumed) = assumed {
            context.notify(Notice::info("The file does not state its grid", assumed));
        }
        if file.grids.len() > 1 {
            let detail = format!("the file holds {} pictures; this is the first", file.grids.len());
            context.notify(Notice::info("The first picture is shown", detail));
        }
        let size = file.sizes.as_ref().and_then(|sizes| sizes.first().copied()).map(Into::into);
        let Some(grid) = file.grids.into_iter().next() else {
            return context.notify(Notice::error("No tokens", "the file holds no picture"));
        };
        let tokens = OpenTokens { name: "tokens".to_owned(), grid, size };
        context.shared.selection.take(Input::Tokens(tokens));
    }

    /// Forgets what was shown and runs the models on what is at hand now.
    pub(super) fn start_over(&mut self, context: &mut Context<'_>) {
        let opened = context.shared.selection.picture();
        let opened = opened.map(|picture| (picture.rgb.clone(), picture.pixels.clone()));
        self.unprocessed = opened.map(|picture| self.upload(&context.shared.egui, "opened", picture));
        for side in &mut self.sides {
            side.view = None;
        }
        self.view.zoom.fit();
        self.details = None;
        self.editing.corner = None;
        for slot in Slot::BOTH {
            self.run(slot, context);
        }
    }

    /// Runs a model on what is at hand.
    pub(super) fn run(&mut self, slot: Slot, context: &mut Context<'_>) {
        let Some(model) = context.shared.models.get(slot).cloned() else { return };
        let selection = &context.shared.selection;
        let processing = selection.processing;
        let (name, input) = match selection.input() {
            Some(Input::Picture(picture)) => {
                let (rgb, notes) = (picture.rgb.clone(), picture.notes.clone());
                let input = RunInput::Picture { picture: rgb, notes, resize: processing.resize };
                (picture.name.clone(), input)
            }
            Some(Input::Tokens(tokens)) if slot == Slot::First => {
                let input = RunInput::Tokens { grid: tokens.grid.clone(), size: tokens.size };
                (tokens.name.clone(), input)
            }
            _ => return,
        };
        let request = RunRequest { model, name, tiling: processing.tiling, input };
        let run = &mut self.sides[slot as usize].run;
        if let Some(task) = run.task() {
            context.tasks.cancel(task);
        }
        if let Some(request) = run.request(request) {
            self.start_run(slot, request, context);
        }
    }

    fn start_run(&mut self, slot: Slot, request: RunRequest, context: &mut Context<'_>) {
        let title = format!("Reconstruct {}", request.name);
        let work = move |job| async move { Message::Ran(slot, tasks::run(request, job).await) };
        self.sides[slot as usize].run.started(context.tasks.start(title, work));
    }

    fn ran(&mut self, slot: Slot, outcome: Result<Box<Outcome>, Failure>, context: &mut Context<'_>) {
        if let Some(next) = self.sides[slot as usize].run.finished() {
            return self.start_run(slot, next, context);
        }
        match outcome {
            Ok(outcome) => {
                let loaded = context.shared.models.get(slot).map(|model| model.id);
                if loaded == Some(outcome.model.id) {
                    self.show_outcome(slot, *outcome, context);
                }
            }
            Err(failure) => {
                let what = match context.shared.selection.picture() {
                    Some(picture) => format!("{} was not reconstructed", picture.name),
                    None => "The tokens were not decoded".to_owned(),
                };
                context.report(what, &failure);
            }
        }
    }

    fn show_outcome(&mut self, slot: Slot, outcome: Outcome, context: &mut Context<'_>) {
        let ctx = &context.shared.egui;
        let original = outcome.original.map(|picture| self.upload(ctx, "original", picture));
        let picture = self.upload(ctx, "reconstruction", outcome.picture);
        let mut view = ReconstructionView {
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
            notes: outcome.notes,
        };
        view.count_tokens();
        let old_size = self.size();
        self.sides[slot as usize].view = Some(view);
        if self.size() != old_size {
            self.view.zoom.fit();
            self.editing.corner = None;
            context.shared.selection.forget_cells();
        }
    }

    /// Draws the difference of the two layers of the view.
    fn want_heat_map(&mut self, key: HeatKey, context: &mut Context<'_>) {
        let (Some(left), Some(right)) = (self.layer(self.view.left), self.layer(self.view.right)) else {
            return;
        };
        let request = HeatRequest { key, left: left.rgb.clone(), right: right.rgb.clone() };
        if let Some(request) = self.heat.request(request) {
            self.start_heat_map(request, context);
        }
    }

    fn start_heat_map(&mut self, request: HeatRequest, context: &mut Context<'_>) {
        let work = move |_job| async move { Message::HeatMap(Box::new(tasks::heat_map(&request))) };
        self.heat.started(context.tasks.start_quietly(work));
    }

    fn show_heat_map(&mut self, map: HeatMap, context: &mut Context<'_>) {
        if let Some(next) = self.heat.finished() {
            self.start_heat_map(next, context);
        }
        self.heat_map = Some((map.key, self.upload(&context.shared.egui, "difference", map.picture)));
    }
}
