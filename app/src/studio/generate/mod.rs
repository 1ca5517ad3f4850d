//! The Generate screen: pictures of a class appear token by token; every token can be looked at, changed and held.

#[cfg(target_arch = "wasm32")]
mod address;
mod axes;
mod board;
mod class_card;
mod gallery;
mod gallery_card;
mod generator;
mod keeping;
mod living;
mod loading;
mod looking;
mod sampling_card;
mod screen;
mod stage;
mod token_card;
mod update;
mod work;

use std::collections::HashMap;

use egui::TextureHandle;
use ibq_core::{
    generator::{Generator, Recipe},
    transformer::Insight,
};

use super::{
    message::Failure,
    models::ModelSource,
    notice::Notice,
    task::{Latest, TaskId},
};

pub(crate) use axes::Axis;
pub(crate) use board::{Board, Tile};
pub(crate) use gallery::Gallery;
pub(crate) use living::Living;
pub(crate) use screen::show;
pub(crate) use work::{InsightRequest, Looked, Made, PatchRequest, Previews};

/// What happens on this screen.
pub(crate) enum GenerateMessage {
    /// Opens and loads a generator at once, without the chooser.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "pages name one in their address"))]
    Open(ModelSource),
    Loaded(Result<Box<Generator>, Failure>, String),
    /// New pictures with the settings of now.
    Start,
    /// New pictures with another seed.
    Reroll,
    Stop,
    /// Goes on where a run was stopped.
    Resume,
    Previewed(Previews),
    Made(Result<Box<Made>, Failure>),
    /// Shows one picture large, or all.
    Show(Option<usize>),
    /// Wants to know about the token at a position of the picture shown.
    Look(u32),
    Looked(Result<Box<Looked>, Failure>),
    Patches(Result<Vec<(u32, super::picture_texture::Pixels)>, Failure>),
    /// Puts a token at a position and draws all that follow again.
    Replace(u32, u32),
    /// Keeps the tokens before a position and draws the others with another seed.
    KeepBefore(u32),
    /// Keeps the held tokens and draws the others with another seed.
    DrawAround,
    /// Saves the picture shown, or the first one.
    Save,
    /// A picture that carries its recipe was dropped, pasted or fetched.
    Restore(Box<Recipe>),
    /// Decoded pictures of recipes: of the gallery, or one that is restored.
    Restored(Result<Vec<(Recipe, image::RgbImage)>, Notice>, bool),
    /// Shows the picture on the Reconstruct screen.
    ToReconstruct,
    /// The gallery of earlier runs was read.
    Kept(Gallery),
}

/// What the pointer does in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Chooses a token.
    #[default]
    Look,
    /// Holds tokens, or lets them go.
    Hold,
}

/// What several pictures differ in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Spread {
    /// In their draws.
    #[default]
    Numbers,
    /// In two settings.
    Settings,
}

/// What pictures are made of.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) class: u32,
    /// A second class and its share.
    pub(crate) mixed: Option<(u32, f32)>,
    pub(crate) seed: u64,
    pub(crate) count: u32,
    pub(crate) spread: Spread,
    /// What differs down and across a sheet over two settings.
    pub(crate) axes: [Axis; 2],
    pub(crate) sampling: ibq_core::transformer::Sampling,
}

impl Default for Settings {
    fn default() -> Self {
        let sampling = ibq_core::transformer::Sampling::pretty();
        let axes = [Axis::Guidance, Axis::Temperature];
        Self { class: 0, mixed: None, seed: 1, count: 4, spread: Spread::Numbers, axes, sampling }
    }
}

/// A token that is looked at.
#[derive(Default)]
pub(crate) struct Looking {
    pub(crate) tool: Tool,
    /// Whether a map of the entropy lies over the picture.
    pub(crate) entropy: bool,
    /// Height of what the card said about the tokens of this picture, at most.
    pub(crate) height: f32,
    pub(crate) hovered: Option<u32>,
    pub(crate) selected: Option<u32>,
    /// Whether the stroke of now holds tokens or lets them go, and where it is.
    pub(crate) holding: Option<(bool, u32)>,
    /// What is known about the picture with this revision.
    pub(crate) insight: Option<(u64, Insight)>,
    pub(crate) insight_run: Latest<InsightRequest>,
    pub(crate) insight_task: Option<TaskId>,
    /// A revision whose insight could not be had, so that it is not asked for again and again.
    pub(crate) failed: Option<u64>,
    pub(crate) patch_run: Latest<PatchRequest>,
    pub(crate) patch_task: Option<TaskId>,
    /// Decoded patches of the generator's codes.
    pub(crate) patches: HashMap<u32, TextureHandle>,
}

/// The state of the screen.
#[derive(Default)]
pub(crate) struct Generate {
    /// Whether a generator ships with the program.
    pub(crate) bundled: bool,
    pub(crate) generator: Option<Generator>,
    pub(crate) loading: Option<TaskId>,
    pub(crate) settings: Settings,
    pub(crate) search: String,
    /// Whether the search is for the class to mix in.
    pub(crate) searching_mix: bool,
    pub(crate) board: Board,
    pub(crate) living: Option<Living>,
    /// When the latest run was started: drawings of others come too late.
    pub(crate) run: Option<web_time::Instant>,
    pub(crate) looking: Looking,
    pub(crate) gallery: Gallery,
    /// Whether the cards are to be scrolled to the first one, which is about what the stage shows.
    pub(crate) cards_to_top: bool,
    /// A generator to be opened once the tokenizer that it may need is there.
    pub(crate) next: Option<ModelSource>,
    /// Starts a run as soon as there is a generator.
    pub(crate) start_when_loaded: bool,
    /// A class that was asked for by name before the generator was there.
    pub(crate) wanted_class: Option<String>,
    /// A picture to be restored as soon as there is a generator.
    pub(crate) waiting: Option<Box<Recipe>>,
}

impl Generate {
    /// Whether there is anything to generate with, now or at a click.
    pub(crate) fn available(&self) -> bool {
        self.bundled || self.generator.is_some() || self.loading.is_some() || self.next.is_some()
    }

    /// Whether pictures are being made.
    pub(crate) fn is_running(&self) -> bool {
        self.living.is_some()
    }

    /// The picture that is shown large.
    pub(crate) fn shown(&self) -> Option<&Tile> {
        self.board.tiles.get(self.board.shown?)
    }
}
