//! What the results of the engine have in common, whatever was asked.

use ibq_core::tokenizer::{StageTime, TileLayout};

use super::{failure::Failure, numbers::several};

/// What the engine gave for the only picture or grid of a call.
pub(crate) fn only<T>(results: Vec<T>) -> Result<T, Failure> {
    results.into_iter().next().ok_or_else(|| Failure::Failed("the engine gave no result".to_owned()))
}

/// Milliseconds of one stage.
pub(crate) fn time_of(times: &[StageTime], stage: &str) -> f64 {
    times.iter().filter(|time| time.stage == stage).map(|time| time.ms).sum()
}

/// What is said about a picture that was cut.
pub(crate) fn tile_note(layout: TileLayout) -> String {
    let (height, width) = layout.size;
    let why = if layout.automatic { " because of its size" } else { "" };
    let tiles = several(layout.tiles as usize, "tile");
    format!("processed in {tiles} of {width} × {height} pixels, overlapping by {}{why}", layout.overlap)
}
