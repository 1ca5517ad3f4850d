//! The pictures of one run: what was asked for, the tokens so far, what is drawn of them.

use std::sync::Arc;

use ibq_core::transformer::PictureRequest;
use image::RgbImage;

use crate::studio::picture_texture::PictureTexture;

use super::{Generator, Settings, Spread};

/// Guidance scales and temperatures of a sheet over two settings.
const SCALES: [f32; 4] = [1.0, 2.0, 4.0, 8.0];
const TEMPERATURES: [f32; 4] = [0.5, 0.8, 1.0, 1.2];

/// One picture.
pub(crate) struct Tile {
    /// Differs for any two states of a picture that were ever shown whole.
    pub(crate) revision: u64,
    pub(crate) request: PictureRequest,
    /// What distinguishes it from the others, where its number does not.
    pub(crate) label: Option<String>,
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
    pub(crate) fn new(revision: u64, request: PictureRequest, label: Option<String>) -> Self {
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

/// What the settings ask for, each with its label.
pub(crate) fn requests(settings: &Settings) -> (Vec<(PictureRequest, Option<String>)>, Option<usize>) {
    let condition = settings.condition();
    let request = |number, sampling| PictureRequest {
        condition,
        sampling,
        seed: settings.seed,
        number,
        fixed: Vec::new(),
    };
    match settings.spread {
        Spread::Numbers => {
            let all = (0..settings.count).map(|number| (request(number, settings.sampling), None));
            (all.collect(), None)
        }
        Spread::Settings => {
            let mut all = Vec::new();
            for cfg_scale in SCALES {
                for temperature in TEMPERATURES {
                    let mut sampling = settings.sampling;
                    (sampling.cfg_scale, sampling.temperature) = (cfg_scale, temperature);
                    all.push((request(0, sampling), Some(format!("CFG {cfg_scale} · T {temperature}"))));
                }
            }
            (all, Some(TEMPERATURES.len()))
        }
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
}

impl Board {
    /// An empty board for what the settings ask.
    pub(crate) fn for_settings(&mut self, settings: &Settings, generator: &Generator) {
        let (requests, columns) = requests(settings);
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
    fn a_sheet_over_two_settings_differs_in_nothing_else() {
        let settings = Settings { spread: Spread::Settings, ..Settings::default() };
        let (all, columns) = requests(&settings);
        assert_eq!((all.len(), columns), (16, Some(4)));
        assert_eq!(all[6].1.as_deref(), Some("CFG 2 · T 1"));
        assert!(all.iter().all(|(request, _)| (request.seed, request.number) == (1, 0)));
        assert!(all.iter().all(|(request, _)| request.sampling.validate().is_ok()));
    }

    #[test]
    fn what_was_made_is_kept_when_a_run_goes_on() {
        let (all, _) = requests(&Settings::default());
        let mut request = all[0].0.clone();
        request.fixed = vec![None, None, None, Some(9)];
        let mut tile = Tile::new(1, request, None);
        tile.tokens = vec![5, 6];
        assert_eq!(tile.rest().fixed, [Some(5), Some(6), None, Some(9)]);
        tile.tokens = vec![5, 6, 7, 9, 8];
        assert_eq!(tile.rest().fixed, [Some(5), Some(6), Some(7), Some(9), Some(8)]);
    }
}
