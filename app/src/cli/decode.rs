//! `ibq decode`: a token file back to pictures.

use std::path::{Path, PathBuf};

use ibq_core::{
    gpu::{Stage, stage_ms},
    picture::{Crop, MAX_PIXELS},
    tokenizer::RunOptions,
    tokens::{Grid, OtherModel, TokenFile, TokenGrid},
};

use super::{
    failure::{Failure, first_result},
    model::{self, Loaded},
    numbers::{count, ms},
    options::{ModelOptions, TileOptions, TokenizerGpuOptions},
    outputs::{self, Destination, OverwriteOption, write_png},
    paths::shown,
    read::read_tokens,
    session::Session,
    table::{Column, Table},
};

/// The command line of `ibq decode`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Token file (.json, .npy, .safetensors)
    #[arg(value_name = "TOKENS")]
    tokens: PathBuf,
    /// NAME.png (several pictures: NAME-1.png, NAME-2.png, …) or a folder
    #[arg(short, long, value_name = "IMAGE.png")]
    output: PathBuf,
    /// Rows and columns of each picture's tokens, where the file has them in a row or as another grid
    #[arg(long, value_name = "RxC", value_parser = parse_grid)]
    grid: Option<Grid>,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    tiles: TileOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    gpu: TokenizerGpuOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let path = &arguments.tokens;
    let destination = Destination::of(&arguments.output)?;
    let file = read_tokens(path, arguments.grid, session)?;
    if file.grids.is_empty() {
        return Err(Failure::in_file(path, "holds no pictures"));
    }
    let outputs = output_names(&destination, path, file.grids.len(), arguments.existing.overwrite)?;
    let loaded = model::load(&arguments.model, &arguments.gpu, session).await?;
    check_model(&file, path, &loaded, session)?;
    let table = table(&outputs);
    for (index, (grid, output)) in file.grids.iter().zip(&outputs).enumerate() {
        let label = file_name(output);
        session.title_of_input(index, outputs.len(), &label);
        let size = file.sizes.as_ref().and_then(|sizes| sizes.get(index).copied()).map(Into::into);
        match decode_grid(grid, size, output, arguments, &loaded, session).await {
            Ok(cells) => {
                if index == 0 {
                    session.print(table.header());
                }
                session.print(table.row(&label, &cells));
            }
            Err(failure) if failure.ends_everything() => return Err(failure),
            Err(failure) => {
                let which =
                    if outputs.len() > 1 { format!(", picture {}", index + 1) } else { String::new() };
                session.failed(&format!("{}{which}", shown(path)), &failure);
            }
        }
    }
    Ok(())
}

/// Reads rows and columns: "16x16".
fn parse_grid(text: &str) -> Result<Grid, String> {
    let sides = text.split_once(['x', '×']).and_then(|(rows, cols)| {
        let side = |side: &str| side.trim().parse::<u32>().ok().filter(|&side| side > 0);
        Some(Grid::new(side(rows)?, side(cols)?))
    });
    sides.ok_or_else(|| "expected rows and columns, such as 16x16".to_owned())
}

/// One file per picture.
fn output_names(
    destination: &Destination,
    tokens: &Path,
    pictures: usize,
    overwrite: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let first = match destination {
        Destination::File(path) => path.clone(),
        Destination::Folder(folder) => {
            folder.join(format!("{}.png", tokens.file_stem().unwrap_or_default().to_string_lossy()))
        }
    };
    outputs::create_parent(&first)?;
    // A name that was spelled out may be replaced; names made up here may not.
    let spelled_out = pictures == 1 && matches!(destination, Destination::File(_));
    let digits = pictures.to_string().len();
    let names: Vec<PathBuf> = match pictures {
        1 => vec![first],
        _ => (1..=pictures).map(|number| outputs::beside(&first, &format!("-{number:0digits$}"))).collect(),
    };
    outputs::protect(&names, &[tokens], overwrite || spelled_out)?;
    Ok(names)
}

/// Refuses tokens of another model, and notes another name of the model.
fn check_model(file: &TokenFile, path: &Path, loaded: &Loaded, session: &Session) -> Result<(), Failure> {
    let (config, model) = (loaded.tokenizer.config(), &loaded.name);
    file.check_model(config.quantizer().codes, config.factor()).map_err(|error| {
        let reason = match error {
            OtherModel::Codes { file, model: codes } => format!(
                "its tokens are of a model with {} codes; {model} has {}. Give theirs with --model",
                count(file.into()),
                count(codes.into())
            ),
            OtherModel::Factor { .. } => format!("{error}, {model}"),
        };
        Failure::in_file(path, reason)
    })?;
    if let Some(other) = file.model.as_ref().filter(|&other| other != model) {
        let other = shown(Path::new(other));
        session.note(&shown(path), format_args!("encoded with {other}, decoded with {model}"));
    }
    Ok(())
}

async fn decode_grid(
    grid: &TokenGrid,
    size: Option<(u32, u32)>,
    output: &Path,
    arguments: &Arguments,
    loaded: &Loaded,
    session: &Session,
) -> Result<[String; 4], Failure> {
    session.job().check()?;
    let crop = crop(grid, size, loaded.tokenizer.config().factor())?;
    let options = RunOptions { tiling: arguments.tiles.tile, ..RunOptions::default() };
    let decoding = loaded.tokenizer.decode(std::slice::from_ref(grid), &options, session.job()).await?;
    let decoded = first_result(decoding.pictures)?;
    let padded = decoded.dimensions();
    let picture = crop.apply(&decoded);
    write_png(output, &picture)?;
    let label = file_name(output);
    if padded != picture.dimensions() {
        let (width, height) = padded;
        let text = format!(
            "cropped from {width} × {height} to {} × {}, its size before padding",
            crop.width, crop.height
        );
        session.note(&label, text);
    }
    if let Some(layout) = decoding.tiles {
        session.note(&label, layout);
    }
    Ok([
        format!("{}×{}", picture.width(), picture.height()),
        format!("{}×{}", grid.rows, grid.cols),
        count(grid.tokens.len() as u64),
        ms(stage_ms(&decoding.times, Stage::Decode)),
    ])
}

/// The part of the decoded picture that is the picture, checked against the grid.
fn crop(grid: &TokenGrid, size: Option<(u32, u32)>, factor: u32) -> Result<Crop, Failure> {
    let full = (u64::from(grid.cols) * u64::from(factor), u64::from(grid.rows) * u64::from(factor));
    let (rows, cols) = (grid.rows, grid.cols);
    if full.0.saturating_mul(full.1) > MAX_PIXELS {
        let reason = format!("a grid of {rows} × {cols} is more than the limit of {MAX_PIXELS} pixels");
        return Err(Failure::Failed(reason));
    }
    let (width, height) = size.unwrap_or((full.0 as u32, full.1 as u32));
    let fits = |side: u32, tokens: u32| side.div_ceil(factor) == tokens && side > 0;
    if !fits(width, cols) || !fits(height, rows) {
        let reason =
            format!("a picture of {width} × {height} pixels does not have a grid of {rows} × {cols} tokens");
        return Err(Failure::Failed(reason));
    }
    Ok(Crop { width, height })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)))
}

fn table(outputs: &[PathBuf]) -> Table {
    Table::of(
        "picture",
        outputs.iter().map(|path| file_name(path)),
        vec![
            Column::new("size", "pixels", 9),
            Column::new("grid", "rows×cols", 9),
            Column::new("tokens", "", 7),
            Column::new("decode", "ms", 6),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: u32, cols: u32) -> TokenGrid {
        TokenGrid { rows, cols, tokens: vec![0; (rows * cols) as usize] }
    }

    #[test]
    fn the_stored_size_must_belong_to_the_grid() {
        let crop_of = |size| crop(&grid(2, 3), size, 16);
        assert_eq!(crop_of(None).unwrap(), Crop { width: 48, height: 32 });
        assert_eq!(crop_of(Some((33, 17))).unwrap(), Crop { width: 33, height: 17 });
        for size in [(32, 17), (33, 16), (49, 32), (0, 32), (u32::MAX, u32::MAX)] {
            assert!(crop_of(Some(size)).is_err(), "{size:?}");
        }
    }

    #[test]
    fn a_grid_that_is_no_reasonable_picture_is_refused() {
        let huge = TokenGrid { rows: u32::MAX, cols: u32::MAX, tokens: Vec::new() };
        assert!(crop(&huge, None, 16).unwrap_err().to_string().contains("limit"));
    }

    #[test]
    fn numbered_names_sort_as_they_count() {
        let folder = std::env::temp_dir();
        let stem = format!("ibq-decode-{}", std::process::id());
        let names = output_names(
            &Destination::File(folder.join(format!("{stem}.png"))),
            Path::new("t.json"),
            12,
            false,
        );
        assert_eq!(names.unwrap()[1], folder.join(format!("{stem}-02.png")));
    }
}
