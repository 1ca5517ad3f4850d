//! The pictures of one run: what was asked for, the tokens so far, what is drawn of them.

use std::sync::Arc;

use ibq_core::{generator::Generator, transformer::PictureRequest};
use image::RgbImage;

use crate::studio::picture_texture::PictureTexture;

use super::{
    Settings, Spread,
    axes::{self, Axis, Label, SheetClasses},
};

/// One picture.
pub(crate) struct Tile {
    /// Differs for any two states of a picture that were ever shown whole.
    pub(crate) revision: u64,
    pub(crate) request: PictureRequest,
    /// What distinguishes it from the others, where its number does not.
    pub(crate) label: Option<Label>,
    /// In raster order, as far as they are made.
    pub(crate) tokens: Vec<u32>,
    /// What is drawn, and how many of its tokens are real.
    pub(crate) picture: Option<(Arc<RgbImage>, PictureTexture, usize)>,
    /// Tokens that stay when the others are drawn again.
    pub(crate) held: Vec<bool>,
}

/// All pictures of a run.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) tiles: Vec<Tile>,
    /// Rows and columns of tokens.
    pub(crate) side: u32,
    /// Pictures in a row where that means something.
    pub(crate) columns: Option<usize>,
    /// Which one is shown large.
    pub(crate) shown: Option<usize>,
    /// Counts the states of pictures.
    pub(crate) revision: u64,
}

impl Tile {
    pub(crate) fn new(revision: u64, request: PictureRequest, label: Option<Label>) -> Self {
        let (tokens, held) = (Vec::new(), Vec::new());
        Self { revision, request, label, tokens, picture: None, held }
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

impl Settings {
    /// What the pictures are to show.
    pub(crate) fn condition(&self) -> ibq_core::transformer::Condition {
        use ibq_core::transformer::Condition;
        match self.mixed {
            Some((other, share)) => Condition::Mix(self.class, other, share),
            None => Condition::Class(self.class),
        }
    }

    /// What differs down and across a sheet: there is no share of a second class where there is none.
    pub(crate) fn axes(&self) -> [Axis; 2] {
        let there = |axis| Axis::all(self).any(|one| one == axis);
        let [down, across] = self.axes;
        let free = |other| if other == Axis::Guidance { Axis::Temperature } else { Axis::Guidance };
        let down = if there(down) { down } else { free(across) };
        [down, if there(across) { across } else { free(down) }]
    }
}

impl Board {
    /// An empty board for what the settings ask.
    pub(crate) fn for_settings(&mut self, settings: &Settings, generator: &Generator, favorites: &[u32]) {
        let count = generator.transformer.config().class_num;
        let name = |class| generator.class_name(class);
        let (requests, columns) = requests(settings, &SheetClasses { count, favorites, name: &name });
        self.side = generator.transformer.config().side();
        self.columns = columns;
        self.tiles.clear();
        for (request, label) in requests {
            let revision = self.next_revision();
            self.tiles.push(Tile::new(revision, request, label));
        }
        self.shown = (self.tiles.len() == 1).then_some(0);
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
    fn without_a_second_class_no_sheet_is_over_its_share() {
        let axes = |axes, mixed| Settings { axes, mixed, ..Settings::default() }.axes();
        let (share, seed) = (Axis::Share, Axis::Seed);
        assert_eq!(axes([share, seed], Some((1, 0.5))), [share, seed]);
        assert_eq!(axes([share, seed], None), [Axis::Guidance, seed]);
        assert_eq!(axes([Axis::Guidance, share], None), [Axis::Guidance, Axis::Temperature]);
    }

    #[test]
    fn what_was_made_is_kept_when_a_run_goes_on() {
        let name = |class: u32| class.to_string();
        let classes = SheetClasses { count: 3, favorites: &[], name: &name };
        let (all, columns) = requests(&Settings::default(), &classes);
        assert_eq!((all.len(), columns), (4, None));
        let mut request = all[0].0.clone();
        request.fixed = vec![None, None, None, Some(9)];
        let mut tile = Tile::new(1, request, None);
        tile.tokens = vec![5, 6];
        assert_eq!(tile.rest().fixed, [Some(5), Some(6), None, Some(9)]);
        tile.tokens = vec![5, 6, 7, 9, 8];
        assert_eq!(tile.rest().fixed, [Some(5), Some(6), Some(7), Some(9), Some(8)]);
    }
}
