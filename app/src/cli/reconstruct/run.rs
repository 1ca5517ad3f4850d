//! Running the command: every picture is opened, reconstructed, measured and written.

use std::path::{Path, PathBuf};

use ibq_core::{
    gpu::{Stage, stage_ms},
    picture::{difference, side_by_side},
    tokenizer::{self, Reconstruction, RunOptions},
};
use image::RgbImage;

use super::{
    super::{
        failure::Failure,
        inputs::{self, Input},
        model::{self, Loaded},
        numbers::several,
        outputs::{self, Destination, Names, beside, write_png},
        paths::shown,
        session::Session,
    },
    Arguments,
    measurements::{self, Document, Phases, PictureEntry, Times},
    sheet::Sheet,
};

/// What the difference map shows in its brightest color, in levels out of 255.
const FULL_SCALE: u8 = 64;

/// End of the names of comparisons.
const COMPARE: &str = "-compare";

/// An input and the files it becomes.
struct Planned {
    input: Input,
    output: PathBuf,
    compare: PathBuf,
}

/// Runs the command.
pub(super) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let destination = Destination::of(&arguments.output)?;
    let inputs = inputs::find(&arguments.images, session);
    if inputs.is_empty() {
        return session.verdict();
    }
    let (planned, sheet_path) = plan(inputs, &destination, arguments)?;
    let loaded = model::load(&arguments.model, &arguments.gpu, session).await?;
    let table = measurements::table(planned.iter().map(|item| &item.input.label));
    let mut sheet = Sheet::default();
    let mut entries = Vec::new();
    let Loaded { open_ms, load_ms, .. } = loaded;
    let mut phases = Phases { open: open_ms, load: load_ms, plan: 0.0, compile: 0.0, run: 0.0 };
    for (index, item) in planned.iter().enumerate() {
        session.title_of_input(index, planned.len(), &item.input.label);
        match reconstruct_picture(item, arguments, &loaded, session, (&mut sheet, &mut phases)).await {
            Ok(entry) => {
                if !arguments.json {
                    if entries.is_empty() {
                        session.print(table.header());
                    }
                    session.print(table.row(&item.input.label, &measurements::cells(&entry)));
                }
                session.notes(&item.input.label, &entry.notes);
                entries.push(entry);
            }
            Err(failure) if failure.ends_everything() => return Err(failure),
            Err(failure) => session.failed(&item.input.name(), &failure),
        }
    }
    let mean = measurements::mean(&entries);
    if let (false, Some(mean)) = (arguments.json, &mean) {
        session.print(table.row("mean", &measurements::mean_cells(mean)));
    }
    if let Some(path) = sheet_path.filter(|_| entries.len() > 1) {
        sheet.write(&path, session)?;
    }
    if !entries.is_empty() {
        let what = several(entries.len(), "picture");
        session.tell("wrote", format_args!("{what} to {}", shown(&arguments.output)));
        session.tell("time", phases);
    }
    if arguments.json {
        let document = Document {
            run: loaded.run,
            pictures: entries,
            mean,
            phases_ms: phases,
            failed: session.failures(),
        };
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

async fn reconstruct_picture(
    item: &Planned,
    arguments: &Arguments,
    loaded: &Loaded,
    session: &Session,
    (sheet, phases): (&mut Sheet, &mut Phases),
) -> Result<PictureEntry, Failure> {
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
    phases.add(&result.times);
    write_png(&item.output, &result.reconstruction)?;
    if arguments.compare {
        let row = comparison(&result);
        write_png(&item.compare, &row)?;
        sheet.add(row);
    }
    Ok(PictureEntry {
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
