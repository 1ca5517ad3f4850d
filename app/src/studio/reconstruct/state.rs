//! The state of this pane.

use crate::studio::{
    latest::Latest,
    models::{Slot, set_name},
    patches::Patches,
    picture_texture::PictureTexture,
};

use super::{
    reconstruction_view::{ReconstructionView, TexturedImage},
    tasks::{DecodeRequest, DetailKey, DetailRequest, HeatKey, HeatRequest, RunRequest, WithPixels},
    zoom::Zoom,
};

/// What the viewer can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The picture that was opened.
    Original,
    /// What the first or second model made of it.
    Model(Slot),
}

/// How two pictures are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
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
pub(super) enum Tool {
    /// Selects tokens, moves the picture.
    #[default]
    Select,
    /// Puts the picked code where it goes.
    Paint,
    /// Exchanges the tokens of the rectangle that is drawn.
    Shuffle,
}

/// How the pictures are shown.
pub(super) struct View {
    pub(super) mode: Mode,
    pub(super) left: Layer,
    pub(super) right: Layer,
    /// Where the line between is, as a share of the width.
    pub(super) split: f32,
    pub(super) zoom: Zoom,
    /// Whether the grid of tokens is drawn.
    pub(super) overlay: bool,
    /// The difference that is yellow, in levels of 255.
    pub(super) heat_scale: u8,
    /// Whether the line between is being moved.
    pub(super) moving_split: bool,
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

/// How tokens are edited.
pub(super) struct Editing {
    pub(super) tool: Tool,
    /// Side of the brush in tokens.
    pub(super) brush: u32,
    /// Where the brush was last, during a stroke.
    pub(super) stroke: Option<u32>,
    /// First corner of the rectangle being drawn.
    pub(super) corner: Option<u32>,
    /// Counts shuffles, so that each is another.
    pub(super) shuffles: u64,
}

/// The side of the comparison that belongs to one model.
#[derive(Default)]
pub(super) struct ModelSide {
    pub(super) run: Latest<RunRequest>,
    pub(super) view: Option<ReconstructionView>,
}

/// What is known about the code that is looked at.
pub(super) struct Details {
    pub(super) key: DetailKey,
    /// Codes with the best scores for the latent vector here, best first.
    pub(super) here: Vec<(u32, f32)>,
    /// Codes with the best scores for this code.
    pub(super) near: Vec<(u32, f32)>,
}

/// The state of the pane.
pub(crate) struct Reconstruct {
    /// Drawn samples, in their order.
    pub(super) sample_textures: Vec<PictureTexture>,
    /// The opened picture, drawn until a model has worked on it.
    pub(super) unprocessed: Option<TexturedImage>,
    pub(super) sides: [ModelSide; 2],
    pub(super) view: View,
    pub(super) editing: Editing,
    pub(super) decode: Latest<DecodeRequest>,
    pub(super) detail: Latest<DetailRequest>,
    pub(super) details: Option<Details>,
    /// Patches of the first model's codes.
    pub(super) patches: Patches,
    pub(super) heat: Latest<HeatRequest>,
    pub(super) heat_map: Option<(HeatKey, TexturedImage)>,
    /// Number given to the next picture that is shown.
    revision: u64,
}

impl Default for Reconstruct {
    fn default() -> Self {
        Self {
            sample_textures: Vec::new(),
            unprocessed: None,
            sides: Default::default(),
            view: View::default(),
            editing: Editing { tool: Tool::Select, brush: 1, stroke: None, corner: None, shuffles: 0 },
            decode: Latest::default(),
            detail: Latest::default(),
            details: None,
            patches: Patches::default(),
            heat: Latest::default(),
            heat_map: None,
            revision: 0,
        }
    }
}

impl Reconstruct {
    /// What the first model shows, if anything.
    pub(super) fn first(&self) -> Option<&ReconstructionView> {
        self.sides[0].view.as_ref()
    }

    /// The layers there are, in their order.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let all = [Layer::Original, Layer::Model(Slot::First), Layer::Model(Slot::Second)];
        all.into_iter().filter(|&layer| self.layer(layer).is_some()).collect()
    }

    /// A layer's picture.
    pub(super) fn layer(&self, layer: Layer) -> Option<&TexturedImage> {
        match layer {
            Layer::Original => {
                let processed = self.sides.iter().find_map(|side| side.view.as_ref()?.original.as_ref());
                processed.or(self.unprocessed.as_ref())
            }
            Layer::Model(slot) => Some(&self.sides[slot as usize].view.as_ref()?.picture),
        }
    }

    /// As [`layer`](Self::layer), to draw it.
    pub(super) fn layer_mut(&mut self, layer: Layer) -> Option<&mut TexturedImage> {
        match layer {
            Layer::Original => {
                let processed = self.sides.iter_mut().find_map(|side| side.view.as_mut()?.original.as_mut());
                processed.or(self.unprocessed.as_mut())
            }
            Layer::Model(slot) => Some(&mut self.sides[slot as usize].view.as_mut()?.picture),
        }
    }

    /// Name of a layer.
    pub(super) fn layer_name(&self, layer: Layer) -> String {
        let Layer::Model(slot) = layer else { return "Original".to_owned() };
        let view = |slot: Slot| self.sides[slot as usize].view.as_ref();
        let names = Slot::BOTH.map(|slot| view(slot).map(|view| view.model.short_name()));
        match (view(slot), view(Slot::Second).is_some()) {
            (Some(view), true) if names[0] == names[1] => {
                format!("{} {}", view.model.short_name(), set_name(view.model.set))
            }
            (Some(view), true) => view.model.short_name().to_owned(),
            (Some(view), false) if view.tokens.is_edited() => "Edited".to_owned(),
            _ => "Reconstruction".to_owned(),
        }
    }

    /// Size of what is shown, in pixels.
    pub(super) fn size(&self) -> Option<egui::Vec2> {
        self.layers().first().and_then(|&layer| self.layer(layer)).map(|image| image.texture.size())
    }

    /// Uploads a picture that is shown from now on.
    pub(super) fn upload(
        &mut self,
        ctx: &egui::Context,
        name: &str,
        (rgb, pixels): WithPixels,
    ) -> TexturedImage {
        self.revision += 1;
        TexturedImage { revision: self.revision, rgb, texture: PictureTexture::new(ctx, name, pixels) }
    }

    /// A model was replaced or closed: what it made is no longer shown.
    pub(super) fn forget_model(&mut self, slot: Slot) {
        self.sides[slot as usize].view = None;
        if slot == Slot::First {
            self.patches.clear();
            self.details = None;
        }
        self.editing.corner = None;
    }

    /// The heat map that is wanted now, if it is not the one that is there.
    pub(super) fn missing_heat_map(&self) -> Option<HeatKey> {
        let (left, right) = (self.layer(self.view.left)?, self.layer(self.view.right)?);
        let key = (left.revision, right.revision, self.view.heat_scale);
        let there = self.heat_map.as_ref().is_some_and(|(shown, _)| *shown == key);
        (!there && !self.heat.is_running()).then_some(key)
    }
}
