//! `ibq reconstruct`: pictures to tokens and back, and what was lost on the way.

use std::path::{Path, PathBuf};

use ibq_core::{
    gpu::{Stage, stage_ms},
    picture::{difference, side_by_side},
    tokenizer::{self, Reconstruction, RunOptions},
};
use image::RgbImage;
use serde::Serialize;

use super::{
    failure::Failure,
    inputs::{self, Input, shown},
    model::{self, Loaded, Used},
    numbers::{measured, ms, psnr, several},
    options::{GpuOptions, ModelOptions, SizeOptions, TileOptions},
    outputs::{self, Destination, Names, OverwriteOption, beside, write_png},
    session::{FailedInput, Session},
    table::{Column, Table},
};

mod sheet;

use sheet::Sheet;

/// What the difference map shows in its brightest color, in levels out of 255.
const FULL_SCALE: u8 = 64;

/// End of the names of comparisons.
const COMPARE: &str = "-compare";

/// The command line of `ibq reconstruct`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pictures (PNG, JPEG, WebP), folders (the pictures in them, not in their subfolders) or quoted globs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Where the result goes: NAME.png for one picture, else a folder
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Also write original, reconstruction and difference side by side (violet: equal, yellow: 64 levels or more);
    /// of several pictures also one sheet
    #[arg(long)]
    compare: bool,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    size: SizeOptions,
    #[command(flatten)]
    tiles: TileOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    gpu: GpuOptions,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    used: Used,
    pictures: Vec<Entry>,
    mean: Option<Mean>,
    failed: Vec<FailedInput>,
}

/// One picture.
#[derive(Serialize)]
struct Entry {
    input: String,
    output: String,
    compare: Option<String>,
    width: u32,
    height: u32,
    grid: [u32; 2],
    tokens: usize,
    distinct_codes: usize,
    /// In dB; null where both pictures are equal.
    psnr: f64,
    /// Null for pictures under 7 pixels.
    ssim: f64,
    bits_per_pixel: f64,
    times_ms: Times,
    notes: Vec<String>,
}

/// Wall-clock times of the stages, in milliseconds.
#[derive(Clone, Copy, Serialize)]
struct Times {
    encode: f64,
    lookup: f64,
    decode: f64,
}

/// Means over the pictures.
#[derive(Serialize)]
struct Mean {
    psnr: f64,
    ssim: f64,
    bits_per_pixel: f64,
    times_ms: Times,
}

/// An input and the files it becomes.
struct Planned {
    input: Input,
    output: PathBuf,
    compare: PathBuf,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let destination = Destination::of(&arguments.output)?;
    let inputs = inputs::find(&arguments.images, session);
    if inputs.is_empty() {
        return session.verdict();
    }
    let (planned, sheet_path) = plan(inputs, &destination, arguments)?;
    let loaded = model::load(&arguments.model, &arguments.gpu, session).await?;
    let table = table(&planned);
    let mut sheet = Sheet::default();
    let mut entries = Vec::new();
    for (index, item) in planned.iter().enumerate() {
        session.begin(index, planned.len(), &item.input.label);
        match one(item, arguments, &loaded, session, &mut sheet).await {
            Ok(entry) => {
                if !arguments.json {
                    if entries.is_empty() {
                        session.print(table.header());
                    }
                    session.print(table.row(&item.input.label, &cells(&entry)));
                }
                session.notes(&item.input.label, &entry.notes);
                entries.push(entry);
            }
            Err(failure) if failure.ends_everything() => return Err(failure),
            Err(failure) => session.failed(&item.input.name(), &failure),
        }
    }
    let mean = mean(&entries);
    if let (false, Some(mean)) = (arguments.json, &mean) {
        session.print(table.row("mean", &mean_cells(mean)));
    }
    if let Some(path) = sheet_path.filter(|_| entries.len() > 1) {
        sheet.write(&path, session)?;
    }
    if !entries.is_empty() {
        let what = several(entries.len(), "picture");
        session.tell("wrote", format_args!("{what} to {}", shown(&arguments.output)));
    }
    if arguments.json {
        let document = Document { used: loaded.used, pictures: entries, mean, failed: session.failures() };
        session.print_json(&document)?;
    }
    Ok(())
}

/// The files that each input becomes and, of several, the sheet of all comparisons; nothing is replaced that is not
/// meant to be.
fn plan(
    inputs: Vec<Input>,
    destination: &Destination,
    arguments: &Arguments,
) -> Result<(Vec<Planned>, Option<PathBuf>), Failure> {
    let mut names = Names::default();
    let (mut sheet, mut may_replace) = (None, arguments.existing.overwrite);
    let planned: Vec<Planned> = match destination {
        Destination::File(path) if inputs.len() == 1 => {
            outputs::create_parent(path)?;
            // This name was spelled out: replacing it is what was asked.
            may_replace = true;
            let compare = beside(path, COMPARE);
            inputs
                .into_iter()
                .map(|input| Planned { input, output: path.clone(), compare: compare.clone() })
                .collect()
        }
        Destination::File(path) => {
            let what = several(inputs.len(), "picture");
            return Err(Failure::Usage(format!("{what} do not fit into {}: give a folder", shown(path))));
        }
        Destination::Folder(folder) => {
            outputs::create_folder(folder)?;
            sheet = (arguments.compare && inputs.len() > 1)
                .then(|| folder.join(format!("{}.png", names.assign("comparison", &[".png"]))));
            inputs
                .into_iter()
                .map(|input| {
                    let stem = names.assign(&input.stem(), &[".png", &format!("{COMPARE}.png")]);
                    let output = folder.join(format!("{stem}.png"));
                    Planned { input, compare: beside(&output, COMPARE), output }
                })
                .collect()
        }
    };
    let mut written: Vec<PathBuf> = planned.iter().map(|item| item.output.clone()).collect();
    if arguments.compare {
        written.extend(planned.iter().map(|item| item.compare.clone()));
    }
    written.extend(sheet.clone());
    let read: Vec<&Path> = planned.iter().map(|item| item.input.path.as_path()).collect();
    outputs::protect(&written, &read, may_replace)?;
    Ok((planned, sheet))
}

async fn one(
    item: &Planned,
    arguments: &Arguments,
    loaded: &Loaded,
    session: &Session,
    sheet: &mut Sheet,
) -> Result<Entry, Failure> {
    session.job().check()?;
    let picture = item.input.open()?;
    let options = RunOptions { tiling: arguments.tiles.tile, ..RunOptions::default() };
    let result = tokenizer::reconstruct(
        &loaded.tokenizer,
        picture.rgb,
        arguments.size.resize,
        &options,
        session.job(),
    )
    .await?;
    write_png(&item.output, &result.reconstruction)?;
    if arguments.compare {
        let row = comparison(&result);
        write_png(&item.compare, &row)?;
        sheet.add(row);
    }
    Ok(Entry {
        input: item.input.name(),
        output: shown(&item.output),
        compare: arguments.compare.then(|| shown(&item.compare)),
        width: result.original.width(),
        height: result.original.height(),
        grid: [result.grid.rows, result.grid.cols],
        tokens: result.grid.tokens.len(),
        distinct_codes: result.distinct_codes,
        psnr: result.psnr,
        ssim: result.ssim,
        bits_per_pixel: result.bits_per_pixel,
        times_ms: Times {
            encode: stage_ms(&result.times, Stage::Encode),
            lookup: stage_ms(&result.times, Stage::Lookup),
            decode: stage_ms(&result.times, Stage::Decode),
        },
        notes: picture.notes.into_iter().chain(result.notes).collect(),
    })
}

fn comparison(result: &Reconstruction) -> RgbImage {
    let heat = difference(&result.original, &result.reconstruction, FULL_SCALE);
    side_by_side(&[&result.original, &result.reconstruction, &heat])
}

fn table(planned: &[Planned]) -> Table {
    Table::of(
        "picture",
        planned.iter().map(|item| &item.input.label),
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

fn cells(entry: &Entry) -> [String; 8] {
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

fn mean_cells(mean: &Mean) -> [String; 8] {
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
fn mean(entries: &[Entry]) -> Option<Mean> {
    let of = |value: fn(&Entry) -> f64| entries.iter().map(value).sum::<f64>() / entries.len() as f64;
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
