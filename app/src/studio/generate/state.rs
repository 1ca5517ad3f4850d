//! The state of this pane.

use ibq_core::generator::{Generator, Recipe};

use crate::studio::{models::ModelSource, task::TaskId};

use super::{
    board::{Board, Sample},
    gallery::Gallery,
    inspection::Inspection,
    run::GenerationRun,
    settings::Settings,
};

/// The state of the pane.
#[derive(Default)]
pub(crate) struct Generate {
    /// Whether a generator ships with the program.
    pub(super) bundled: bool,
    pub(super) generator: Option<Generator>,
    pub(super) loading: Option<TaskId>,
    pub(super) settings: Settings,
    pub(super) search: String,
    /// Whether the search is for the class to mix in.
    pub(super) searching_mix: bool,
    pub(super) board: Board,
    pub(super) run: Option<GenerationRun>,
    /// When the latest run was started: drawings of others come too late.
    pub(super) latest_start: Option<web_time::Instant>,
    pub(super) inspection: Inspection,
    pub(super) gallery: Gallery,
    /// Whether the cards are to be scrolled to the first one, which is about what the canvas shows.
    pub(super) cards_to_top: bool,
    /// A generator to be opened once the tokenizer that it may need is there.
    pub(super) next: Option<ModelSource>,
    /// Starts a run as soon as there is a generator.
    pub(super) start_when_loaded: bool,
    /// A class that was asked for by name before the generator was there.
    pub(super) wanted_class: Option<String>,
    /// A picture to be restored as soon as there is a generator.
    pub(super) waiting: Option<Box<Recipe>>,
    /// Class and seed of the latest pictures, for the address.
    pub(super) link: Option<(String, u64)>,
}

impl Generate {
    /// Whether there is anything to generate with, now or at a click.
    pub(super) fn is_available(&self) -> bool {
        self.bundled || self.generator.is_some() || self.loading.is_some() || self.next.is_some()
    }

    /// Whether pictures are being made.
    pub(super) fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// The picture that is shown large.
    pub(super) fn shown(&self) -> Option<&Sample> {
        self.board.samples.get(self.board.shown?)
    }

    /// The picture that is shown large, or the first one.
    pub(super) fn shown_or_first(&self) -> Option<&Sample> {
        self.shown().or(self.board.samples.first())
    }
}
