//! The Reconstruct screen: a picture becomes tokens and comes back; the tokens can be looked at and changed.

mod editing;
mod export;
mod history;
mod inspector;
mod numbers_card;
mod overlay;
mod picture;
mod save_card;
mod screen;
mod settings_card;
mod shown;
mod source_card;
mod toolbar;
mod update;
mod viewer;
mod work;
mod zoom;

use std::collections::HashMap;

use egui::TextureHandle;
use ibq_core::{picture::Resize, tokenizer::Tiling, tokens::TokenGrid};

use super::{
    models::Slot,
    task::{Latest, TaskId},
};

pub(crate) use export::{Export, Ready};
#[cfg(target_arch = "wasm32")]
pub(crate) use picture::fetch;
#[cfg(target_arch = "wasm32")]
pub(crate) use picture::picture_or_recipe;
pub(crate) use picture::{
    OpenPicture, pasted, read_picture, read_picture_or_recipe, read_tokens, read_tokens_or_model,
};
pub(crate) use screen::show;
pub(crate) use shown::{Layered, Numbers, Shown};
pub(crate) use work::{
    DecodeRequest, Decoded, DetailKey, DetailRequest, Detailed, HeatKey, HeatMap, HeatRequest, Outcome,
    RunInput, RunRequest, patches,
};

use zoom::Zoom;

/// What the viewer can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The picture that was opened.
    Original,
    /// What the first or second model made of it.
    Model(Slot),
}

/// How two pictures are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One over the other, with a line between that can be moved.
    #[default]
    Split,
    /// Beside each other.
    SideBySide,
    /// Their difference as a heat map.
    Difference,
}

/// What the pointer does in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Selects tokens, moves the picture.
    #[default]
    Select,
    /// Puts the picked code where it goes.
    Paint,
    /// Exchanges the tokens of the rectangle that is drawn.
    Shuffle,
}

/// What is asked of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditCommand {
    Select(Option<u32>),
    /// Replaces the token at a position by a code.
    Replace {
        position: u32,
        code: u32,
    },
    /// Paints the picked code around a position.
    Paint {
        position: u32,
    },
    /// The pointer was lifted.
    EndStroke,
    /// Shuffles the tokens between two corners, given as positions.
    Shuffle {
        from: u32,
        to: u32,
    },
    ShuffleAll,
    Reset,
    Undo,
    Redo,
}

/// What is asked of the view, by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViewCommand {
    Split,
    SideBySide,
    Difference,
    Tokens,
    Fit,
    ActualSize,
    ZoomIn,
    ZoomOut,
    Select,
    Paint,
    Shuffle,
}

/// How the pictures are shown.
pub(crate) struct View {
    pub(crate) mode: Mode,
    pub(crate) left: Layer,
    pub(crate) right: Layer,
    /// Where the line between is, as a share of the width.
    pub(crate) split: f32,
    pub(crate) zoom: Zoom,
    /// Whether the grid of tokens is drawn.
    pub(crate) overlay: bool,
    /// The difference that is yellow, in levels of 255.
    pub(crate) heat_scale: u8,
    /// Whether the line between is being moved.
    pub(crate) moving_split: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            left: Layer::Original,
            right: Layer::Model(Slot::First),
            split: 0.5,
            zoom: Zoom::default(),
            overlay: false,
            heat_scale: 64,
            moving_split: false,
        }
    }
}

/// What is being edited and looked at.
#[derive(Default)]
pub(crate) struct Editing {
    pub(crate) tool: Tool,
    pub(crate) selected: Option<u32>,
    pub(crate) hovered: Option<u32>,
    /// The code that is painted, and that replaces.
    pub(crate) code: u32,
    /// Side of the brush in tokens.
    pub(crate) brush: u32,
    /// Where the brush was last, while a stroke goes on.
    pub(crate) stroke: Option<u32>,
    /// First corner of the rectangle being drawn.
    pub(crate) corner: Option<u32>,
    /// Counts shuffles, so that each is another.
    pub(crate) shuffles: u64,
}

/// One model's part of the screen.
#[derive(Default)]
pub(crate) struct Pane {
    pub(crate) run: Latest<RunRequest>,
    pub(crate) task: Option<TaskId>,
    pub(crate) shown: Option<Shown>,
}

/// Tokens that were opened: name, grid, and width and height of the picture where the file tells.
pub(crate) type OpenTokens = (String, TokenGrid, Option<(u32, u32)>);

/// The state of the screen.
pub(crate) struct Reconstruct {
    pub(crate) picture: Option<OpenPicture>,
    /// Tokens that were opened instead of a picture.
    pub(crate) tokens: Option<OpenTokens>,
    /// The opened picture, drawn until a model has worked on it.
    pub(crate) unprocessed: Option<Layered>,
    pub(crate) resize: Resize,
    pub(crate) tiling: Tiling,
    pub(crate) panes: [Pane; 2],
    pub(crate) view: View,
    pub(crate) editing: Editing,
    pub(crate) decode: Latest<DecodeRequest>,
    pub(crate) decode_task: Option<TaskId>,
    pub(crate) detail: Latest<DetailRequest>,
    pub(crate) detail_task: Option<TaskId>,
    pub(crate) details: Option<Details>,
    /// Decoded patches of the first model's codes.
    pub(crate) patches: HashMap<u32, TextureHandle>,
    pub(crate) heat: Latest<HeatRequest>,
    pub(crate) heat_task: Option<TaskId>,
    pub(crate) heat_map: Option<(HeatKey, Layered)>,
    /// Number given to the next picture that is shown.
    pub(crate) revision: u64,
}

/// What is known about the token that is looked at.
pub(crate) struct Details {
    pub(crate) key: DetailKey,
    /// Codes with the largest dot product with the latent vector here, best first.
    pub(crate) here: Vec<(u32, f32)>,
    /// Codes with the largest dot product with this code.
    pub(crate) near: Vec<(u32, f32)>,
}

impl Default for Reconstruct {
    fn default() -> Self {
        Self {
            picture: None,
            tokens: None,
            unprocessed: None,
            resize: Resize::None,
            tiling: Tiling::Auto,
            panes: Default::default(),
            view: View::default(),
            editing: Editing { brush: 1, ..Editing::default() },
            decode: Latest::default(),
            decode_task: None,
            detail: Latest::default(),
            detail_task: None,
            details: None,
            patches: HashMap::new(),
            heat: Latest::default(),
            heat_task: None,
            heat_map: None,
            revision: 0,
        }
    }
}

impl Reconstruct {
    /// What the first model shows, if anything.
    pub(crate) fn first(&self) -> Option<&Shown> {
        self.panes[0].shown.as_ref()
    }

    /// The layers there are, in their order.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let all = [Layer::Original, Layer::Model(Slot::First), Layer::Model(Slot::Second)];
        all.into_iter().filter(|&layer| self.layer(layer).is_some()).collect()
    }

    /// A layer's picture.
    pub(crate) fn layer(&self, layer: Layer) -> Option<&Layered> {
        match layer {
            Layer::Original => {
                let processed = self.panes.iter().find_map(|pane| pane.shown.as_ref()?.original.as_ref());
                processed.or(self.unprocessed.as_ref())
            }
            Layer::Model(slot) => Some(&self.panes[slot as usize].shown.as_ref()?.picture),
        }
    }

    /// As [`layer`](Self::layer), to draw it.
    pub(crate) fn layer_mut(&mut self, layer: Layer) -> Option<&mut Layered> {
        match layer {
            Layer::Original => {
                let processed = self.panes.iter_mut().find_map(|pane| pane.shown.as_mut()?.original.as_mut());
                processed.or(self.unprocessed.as_mut())
            }
            Layer::Model(slot) => Some(&mut self.panes[slot as usize].shown.as_mut()?.picture),
        }
    }

    /// Size of what is shown, in pixels.
    pub(crate) fn size(&self) -> Option<egui::Vec2> {
        self.layers().first().and_then(|&layer| self.layer(layer)).map(|layered| layered.texture.size())
    }

    /// Does what a key asked for.
    pub(crate) fn view_command(&mut self, ctx: &egui::Context, command: ViewCommand) {
        let view = &mut self.view;
        match command {
            ViewCommand::Split => view.mode = Mode::Split,
            ViewCommand::SideBySide => view.mode = Mode::SideBySide,
            ViewCommand::Difference => view.mode = Mode::Difference,
            ViewCommand::Tokens => view.overlay = !view.overlay,
            ViewCommand::Fit => view.zoom.fit(),
            ViewCommand::ActualSize => viewer::actual_size(ctx, self),
            ViewCommand::ZoomIn => viewer::zoom_by(ctx, self, 1.5),
            ViewCommand::ZoomOut => viewer::zoom_by(ctx, self, 1.0 / 1.5),
            ViewCommand::Select => self.editing.tool = Tool::Select,
            ViewCommand::Paint => self.editing.tool = Tool::Paint,
            ViewCommand::Shuffle => self.editing.tool = Tool::Shuffle,
        }
    }

    pub(crate) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// A model was replaced or closed: what it made is no longer shown.
    pub(crate) fn forget_model(&mut self, slot: Slot) {
        self.panes[slot as usize].shown = None;
        if slot == Slot::First {
            self.patches.clear();
            self.details = None;
        }
        self.forget_selection();
    }

    pub(crate) fn forget_selection(&mut self) {
        self.editing.selected = None;
        self.editing.hovered = None;
        self.editing.corner = None;
    }
}
