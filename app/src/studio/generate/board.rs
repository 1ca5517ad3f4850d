//! The pictures of one run: what was asked for, the tokens so far, what is drawn of them.

use std::sync::Arc;

use ibq_core::{generator::Generator, transformer::PictureRequest};
use image::RgbImage;

use crate::studio::picture_texture::PictureTexture;

use super::{
    axes::{self, Label, SheetClasses},
    settings::{Settings, Spread},
};

/// What is drawn of a picture.
pub(super) struct Drawing {
    pub(super) rgb: Arc<RgbImage>,
    pub(super) texture: PictureTexture,
    /// How many of its tokens are real.
    pub(super) tokens: usize,
}

/// One generated picture.
pub(super) struct Sample {
    /// Differs for any two states of a picture that were ever shown whole.
    pub(crate) revision: u64,
    pub(crate) request: PictureRequest,
    /// What distinguishes it from the others, where its number does not.
    pub(crate) label: Option<Label>,
    /// In raster order, as far as they are made.
    pub(crate) tokens: Vec<u32>,
    pub(crate) drawing: Option<Drawing>,
    /// Tokens that stay when the others are drawn again.
    pub(crate) held: Vec<bool>,
}

/// All pictures of a run.
#[derive(Default)]
pub(super) struct Board {
    pub(crate) samples: Vec<Sample>,
    /// Rows and columns of tokens.
    pub(crate) side: u32,
    /// Pictures in a row where that means something.
    pub(crate) columns: Option<usize>,
    /// Which one is shown large.
    pub(crate) shown: Option<usize>,
    /// Counts the states of pictures.
    pub(crate) revision: u64,
}

impl Sample {
    pub(crate) fn new(revision: u64, request: PictureRequest, label: Option<Label>) -> Self {
        let (tokens, held) = (Vec::new(), Vec::new());
        Self { revision, request, label, tokens, drawing: None, held }
    }

    /// The request that goes on where this picture is: what it was asked to keep, and all that was made.
    pub(crate) fn rest(&self) -> PictureRequest {
        let mut request = self.request.clone();
        if request.fixed.len() < self.tokens.len() {
            request.fixed.resize(self.tokens.len(), None);
        }
        for (fixed, &token) in request.fixed.iter_mut().zip(&self.tokens) {
            *fixed = Some(token);
        }
        request
    }
}

/// What the settings ask for, each with its label, and how many are in a row where that means something.
fn requests(
    settings: &Settings,
    classes: &SheetClasses<'_>,
) -> (Vec<(PictureRequest, Option<Label>)>, Option<usize>) {
    let request = |number| PictureRequest {
        condition: settings.condition(),
        sampling: settings.sampling,
        seed: settings.seed,
        number,
        fixed: Vec::new(),
    };
    match settings.spread {
        Spread::Numbers => ((0..settings.count).map(|number| (request(number), None)).collect(), None),
        Spread::Settings => (axes::sheet(settings.axes(), &request(0), classes), Some(axes::STEPS)),
    }
}

impl Board {
    /// Empties the board for what the settings ask.
    pub(super) fn ask_for(&mut self, settings: &Settings, generator: &Generator, favorites: &[u32]) {
        let count = generator.transformer.config().class_num;
        let name = |class| generator.class_name(class);
        let (requests, columns) = requests(settings, &SheetClasses { count, favorites, name: &name });
        self.side = generator.transformer.config().side();
        self.columns = columns;
        self.samples.clear();
        for (request, label) in requests {
            let revision = self.next_revision();
            self.samples.push(Sample::new(revision, request, label));
        }
        self.shown = (self.samples.len() == 1).then_some(0);
    }

    /// Shows one picture of so many tokens a side, and no other.
    pub(super) fn show_alone(&mut self, sample: Sample, side: u32) {
        (self.side, self.columns) = (side, None);
        self.samples = vec![sample];
        self.shown = Some(0);
    }

    pub(crate) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Tokens of a whole picture.
    pub(crate) fn whole(&self) -> usize {
        (self.side * self.side) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_kept_when_a_run_goes_on() {
        let name = |class: u32| class.to_string();
        let classes = SheetClasses { count: 3, favorites: &[], name: &name };
        let (all, columns) = requests(&Settings::default(), &classes);
        assert_eq!((all.len(), columns), (4, None));
        let mut request = all[0].0.clone();
        request.fixed = vec![None, None, None, Some(9)];
        let mut sample = Sample::new(1, request, None);
        sample.tokens = vec![5, 6];
        assert_eq!(sample.rest().fixed, [Some(5), Some(6), None, Some(9)]);
        sample.tokens = vec![5, 6, 7, 9, 8];
        assert_eq!(sample.rest().fixed, [Some(5), Some(6), Some(7), Some(9), Some(8)]);
    }
}
