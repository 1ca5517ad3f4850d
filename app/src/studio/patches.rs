//! Decoded patches of codes: what each code looks like alone.

use std::collections::{HashMap, HashSet};

use egui::{TextureHandle, TextureOptions};
use ibq_core::{
    job::Job,
    tokenizer::{RunOptions, Tokenizer, TokenizerError},
    tokens::TokenGrid,
};

use super::picture_texture::Pixels;

/// Patches that are kept; beyond, all are forgotten and decoded again when they are wanted.
const MOST: usize = 2048;
/// Patches are decoded this many at a time, so that few shapes are ever planned.
const BATCH: usize = 4;

/// Codes with the pixels of their patches.
pub(crate) type DecodedPatches = Vec<(u32, Pixels)>;

/// The patches of one tokenizer's codes, ready to be drawn.
#[derive(Default)]
pub(crate) struct Patches(HashMap<u32, TextureHandle>);

impl Patches {
    /// The patch of a code, if it was decoded.
    pub(crate) fn get(&self, code: u32) -> Option<&TextureHandle> {
        self.0.get(&code)
    }

    /// The codes whose patches are there.
    pub(crate) fn codes(&self) -> HashSet<u32> {
        self.0.keys().copied().collect()
    }

    /// Those of some codes whose patches are missing, each once and in order.
    pub(crate) fn missing(&self, codes: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut missing: Vec<u32> = codes.into_iter().filter(|code| !self.0.contains_key(code)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Uploads decoded patches.
    pub(crate) fn add(&mut self, ctx: &egui::Context, patches: DecodedPatches) {
        if self.0.len() + patches.len() > MOST {
            self.0.clear();
        }
        for (code, pixels) in patches {
            self.0.insert(code, ctx.load_texture("patch", pixels.image(), TextureOptions::NEAREST));
        }
    }

    /// Forgets all: they were of another tokenizer.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Decodes each of these codes alone.
pub(crate) async fn decode_patches(
    tokenizer: &Tokenizer,
    codes: &[u32],
    job: &Job,
) -> Result<DecodedPatches, TokenizerError> {
    let mut patches = Vec::new();
    for codes in codes.chunks(BATCH) {
        let grid = |code: u32| TokenGrid { rows: 1, cols: 1, tokens: vec![code] };
        let grids: Vec<TokenGrid> = (0..BATCH).map(|i| grid(codes[i.min(codes.len() - 1)])).collect();
        let decoding = tokenizer.decode(&grids, &RunOptions::default(), job).await?;
        patches.extend(codes.iter().copied().zip(decoding.pictures.iter().map(Pixels::new)));
    }
    Ok(patches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_patches_are_listed_once_and_too_many_are_forgotten() {
        let ctx = egui::Context::default();
        let pixels = Pixels::new(&image::RgbImage::new(1, 1));
        let mut patches = Patches::default();
        patches.add(&ctx, vec![(3, pixels.clone())]);
        assert_eq!(patches.missing([5, 3, 1, 5]), [1, 5]);
        patches.add(&ctx, (10..10 + MOST as u32).map(|code| (code, pixels.clone())).collect());
        assert!(patches.get(3).is_none() && patches.codes().len() == MOST);
    }
}
