//! What is measured of every picture: for the table, and for the JSON document.

use std::fmt;

use ibq_core::gpu::{Stage, StageTime, stage_ms};
use serde::Serialize;

use super::super::{
    model::RunInfo,
    numbers::{measured, ms, psnr},
    session::FailedInput,
    table::{Column, Table},
};

/// What is printed with `--json`.
#[derive(Serialize)]
pub(super) struct Document {
    #[serde(flatten)]
    pub(super) run: RunInfo,
    pub(super) pictures: Vec<PictureEntry>,
    pub(super) mean: Option<Mean>,
    pub(super) phases_ms: Phases,
    pub(super) failed: Vec<FailedInput>,
}

/// One picture.
#[derive(Serialize)]
pub(super) struct PictureEntry {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) compare: Option<String>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) grid: [u32; 2],
    pub(super) tokens: usize,
    pub(super) distinct_codes: usize,
    /// In dB; null where both pictures are equal.
    pub(super) psnr: f64,
    /// Null for pictures under 7 pixels.
    pub(super) ssim: f64,
    pub(super) bits_per_pixel: f64,
    pub(super) times_ms: Times,
    pub(super) notes: Vec<String>,
}

/// Wall-clock times of the stages, in milliseconds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Times {
    pub(super) encode: f64,
    pub(super) lookup: f64,
    pub(super) decode: f64,
}

/// Wall-clock times of the whole command, in milliseconds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Phases {
    /// Finding model and device.
    pub(super) open: f64,
    /// Reading the weights and bringing them to the device.
    pub(super) load: f64,
    /// Planning operations and their memory.
    pub(super) plan: f64,
    /// Allocating the memory and compiling kernels.
    pub(super) compile: f64,
    /// Encoding, lookup and decoding.
    pub(super) run: f64,
}

impl Phases {
    /// Adds the times of one picture.
    pub(super) fn add(&mut self, times: &[StageTime]) {
        self.plan += stage_ms(times, Stage::Plan);
        self.compile += stage_ms(times, Stage::Compile);
        self.run += [Stage::Encode, Stage::Lookup, Stage::Decode]
            .map(|stage| stage_ms(times, stage))
            .iter()
            .sum::<f64>();
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, load, plan, compile, run } = *self;
        let named = [("open", open), ("load", load), ("plan", plan), ("compile", compile), ("run", run)];
        let text: Vec<String> =
            named.into_iter().map(|(name, phase)| format!("{name} {} ms", ms(phase))).collect();
        formatter.write_str(&text.join(" · "))
    }
}

/// Means over the pictures.
#[derive(Serialize)]
pub(super) struct Mean {
    pub(super) psnr: f64,
    pub(super) ssim: f64,
    pub(super) bits_per_pixel: f64,
    pub(super) times_ms: Times,
}

/// The table of pictures with these names.
pub(super) fn table<'a>(names: impl Iterator<Item = &'a String>) -> Table {
    Table::of(
        "picture",
        names,
        vec![
            Column::new("size", "pixels", 9),
            Column::new("PSNR", "dB", 5),
            Column::new("SSIM", "", 6),
            Column::new("bpp", "bit/px", 5),
            Column::new("codes", "of tokens", 9),
            Column::new("encode", "ms", 6),
            Column::new("lookup", "ms", 6),
            Column::new("decode", "ms", 6),
        ],
    )
}

/// The row of one picture.
pub(super) fn cells(entry: &PictureEntry) -> [String; 8] {
    let [encode, lookup, decode] = time_cells(entry.times_ms);
    [
        format!("{}×{}", entry.width, entry.height),
        psnr(entry.psnr),
        measured(entry.ssim, 4),
        measured(entry.bits_per_pixel, 3),
        format!("{}/{}", entry.distinct_codes, entry.tokens),
        encode,
        lookup,
        decode,
    ]
}

/// The row of the means.
pub(super) fn mean_cells(mean: &Mean) -> [String; 8] {
    let [encode, lookup, decode] = time_cells(mean.times_ms);
    let blank = String::new;
    [
        blank(),
        psnr(mean.psnr),
        measured(mean.ssim, 4),
        measured(mean.bits_per_pixel, 3),
        blank(),
        encode,
        lookup,
        decode,
    ]
}

fn time_cells(times: Times) -> [String; 3] {
    [times.encode, times.lookup, times.decode].map(ms)
}

/// Means over two or more pictures, each picture counting once.
pub(super) fn mean(entries: &[PictureEntry]) -> Option<Mean> {
    let of = |value: fn(&PictureEntry) -> f64| entries.iter().map(value).sum::<f64>() / entries.len() as f64;
    (entries.len() > 1).then(|| Mean {
        psnr: of(|entry| entry.psnr),
        ssim: of(|entry| entry.ssim),
        bits_per_pixel: of(|entry| entry.bits_per_pixel),
        times_ms: Times {
            encode: of(|entry| entry.times_ms.encode),
            lookup: of(|entry| entry.times_ms.lookup),
            decode: of(|entry| entry.times_ms.decode),
        },
    })
}
