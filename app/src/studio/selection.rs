//! What the panes look at together: the picture at hand, a cell of its tokens, a code.

use std::sync::Arc;

use egui::ColorImage;
use ibq_core::{
    picture::{Picture, Resize},
    tokenizer::Tiling,
    tokens::TokenGrid,
};
use image::RgbImage;

use super::{notice::Notice, picture_texture::Pixels};

/// A picture that was opened.
pub(crate) struct OpenPicture {
    pub(crate) name: String,
    pub(crate) rgb: Arc<RgbImage>,
    pub(crate) pixels: Pixels,
    /// What was done on opening it: "alpha composited on white".
    pub(crate) notes: Vec<String>,
}

impl OpenPicture {
    pub(crate) fn new(name: &str, picture: Picture) -> Self {
        let pixels = Pixels::new(&picture.rgb);
        Self { name: name.to_owned(), rgb: Arc::new(picture.rgb), pixels, notes: picture.notes }
    }

    /// A picture from the clipboard: bare pixels, without what a file may carry.
    pub(crate) fn pasted(image: &ColorImage) -> Result<Self, Notice> {
        let [width, height] = image.size;
        let mut notes = Vec::new();
        if image.pixels.iter().any(|pixel| !pixel.is_opaque()) {
            notes.push("alpha composited on white".to_owned());
        }
        // The colors are premultiplied: what is missing to opaque is white.
        let on_white = |value: u8, alpha: u8| value.saturating_add(255 - alpha);
        let bytes =
            image.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()].map(|value| on_white(value, p.a())));
        match RgbImage::from_raw(width as u32, height as u32, bytes.collect()) {
            Some(rgb) if !rgb.is_empty() => Ok(Self::new("clipboard", Picture::new(rgb, notes))),
            _ => Err(Notice::error("Nothing was pasted", "the clipboard holds an empty picture")),
        }
    }

    /// The longer side in pixels.
    pub(crate) fn longer_side(&self) -> u32 {
        self.rgb.width().max(self.rgb.height())
    }
}

/// Tokens that were opened instead of a picture.
pub(crate) struct OpenTokens {
    pub(crate) name: String,
    pub(crate) grid: TokenGrid,
    /// Width and height of the picture, where the file has them.
    pub(crate) size: Option<(u32, u32)>,
}

/// What is at hand.
pub(crate) enum Input {
    Picture(OpenPicture),
    Tokens(OpenTokens),
}

/// How a model works on the picture at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Processing {
    /// How the picture is scaled first.
    pub(crate) resize: Resize,
    /// Whether it is cut into tiles.
    pub(crate) tiling: Tiling,
}

/// The selection that all panes share.
pub(crate) struct Selection {
    input: Option<Input>,
    revision: u64,
    pub(crate) processing: Processing,
    /// The selected cell of the picture at hand, as a position in raster order.
    pub(crate) cell: Option<u32>,
    /// The cell under the pointer.
    pub(crate) hovered_cell: Option<u32>,
    /// The code that is looked at, painted, or put in place of another.
    pub(crate) code: u32,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            input: None,
            revision: 0,
            processing: Processing { resize: Resize::None, tiling: Tiling::Auto },
            cell: None,
            hovered_cell: None,
            code: 0,
        }
    }
}

impl Selection {
    /// Takes a picture or tokens to hand; cells of what was at hand before are no longer selected.
    pub(crate) fn take(&mut self, input: Input) {
        self.input = Some(input);
        self.revision += 1;
        self.forget_cells();
    }

    /// What is at hand.
    pub(crate) fn input(&self) -> Option<&Input> {
        self.input.as_ref()
    }

    /// The picture at hand; none where tokens are.
    pub(crate) fn picture(&self) -> Option<&OpenPicture> {
        match &self.input {
            Some(Input::Picture(picture)) => Some(picture),
            _ => None,
        }
    }

    /// Counts what was at hand: another number is another picture or other tokens.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Selects no cell.
    pub(crate) fn forget_cells(&mut self) {
        (self.cell, self.hovered_cell) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Color32;

    #[test]
    fn a_pasted_picture_is_composited_on_white() {
        let image =
            ColorImage::new([2, 1], vec![Color32::from_rgba_unmultiplied(0, 0, 0, 128), Color32::RED]);
        let Ok(picture) = OpenPicture::pasted(&image) else { panic!("not opened") };
        assert_eq!(picture.rgb.as_raw()[..], [127, 127, 127, 255, 0, 0]);
        assert_eq!(picture.notes, ["alpha composited on white"]);
        let empty = ColorImage::new([0, 0], vec![]);
        assert!(OpenPicture::pasted(&empty).is_err());
    }

    #[test]
    fn another_picture_at_hand_is_another_revision_without_selected_cells() {
        let mut selection =
            Selection { cell: Some(3), hovered_cell: Some(4), code: 7, ..Selection::default() };
        let before = selection.revision();
        let picture = Picture::new(RgbImage::new(3, 5), Vec::new());
        selection.take(Input::Picture(OpenPicture::new("a", picture)));
        assert_ne!(selection.revision(), before);
        assert_eq!((selection.cell, selection.hovered_cell, selection.code), (None, None, 7));
        assert_eq!(selection.picture().map(OpenPicture::longer_side), Some(5));
    }
}
