//! `ibq encode`: pictures to a token file.

use std::path::{Path, PathBuf};

use ibq_core::{
    gpu::{Stage, StageTime, stage_ms},
    picture::{Size, fit_to_factor},
    tokenizer::RunOptions,
    tokens::{TokenFile, TokenFileError, TokenFormat, TokenGrid, distinct_codes},
};

use super::{
    failure::{Failure, first_result},
    inputs::{self, Input},
    model::{self, Loaded},
    numbers::{bytes, ms, several},
    options::{ModelOptions, SizeOptions, TileOptions, TokenizerGpuOptions},
    outputs,
    paths::shown,
    session::Session,
    table::{Column, Table},
};

/// The command line of `ibq encode`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pictures (PNG, JPEG, WebP), folders (the pictures in them, not in their subfolders) or quoted globs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Token file: NAME.json, NAME.npy or NAME.safetensors (the last two hold pictures of one size)
    #[arg(short, long, value_name = "TOKENS")]
    output: PathBuf,
    #[command(flatten)]
    size: SizeOptions,
    #[command(flatten)]
    tiles: TileOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    gpu: TokenizerGpuOptions,
}

/// One picture as tokens.
struct Encoded {
    grid: TokenGrid,
    size: Size,
    times: Vec<StageTime>,
    notes: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let format = format_of(&arguments.output)?;
    let inputs = inputs::find(&arguments.images, session);
    if inputs.is_empty() {
        return session.verdict();
    }
    outputs::create_parent(&arguments.output)?;
    let read: Vec<&Path> = inputs.iter().map(|input| input.path.as_path()).collect();
    // This name was spelled out: replacing it is what was asked.
    outputs::protect(std::slice::from_ref(&arguments.output), &read, true)?;
    let loaded = model::load(&arguments.model, &arguments.gpu, session).await?;
    let table = table(&inputs);
    let mut encoded: Vec<Encoded> = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        session.title_of_input(index, inputs.len(), &input.label);
        let shape = encoded.first().map(|first| (first.grid.rows, first.grid.cols));
        match encode_picture(
            input,
            arguments,
            &loaded,
            session,
            shape.filter(|_| format != TokenFormat::Json),
        )
        .await
        {
            Ok(result) => {
                if encoded.is_empty() {
                    session.print(table.header());
                }
                session.print(table.row(&input.label, &cells(&result)));
                session.notes(&input.label, &result.notes);
                encoded.push(result);
            }
            Err(failure) if failure.ends_everything() => return Err(failure),
            Err(failure) => session.failed(&input.name(), &failure),
        }
    }
    if encoded.is_empty() {
        return session.verdict();
    }
    let pictures = several(encoded.len(), "picture");
    let written = write(encoded, format, &loaded, &arguments.output)?;
    let file = shown(&arguments.output);
    session.tell("wrote", format_args!("{pictures} to {file} ({})", bytes(written)));
    Ok(())
}

fn format_of(path: &Path) -> Result<TokenFormat, Failure> {
    TokenFormat::from_name(&path.to_string_lossy()).ok_or_else(|| {
        let advice = "token files end in .json, .npy or .safetensors";
        Failure::Usage(format!("{}: {advice}", shown(path)))
    })
}

/// Encodes one picture; `shape` are the rows and columns it must have to fit into the file.
async fn encode_picture(
    input: &Input,
    arguments: &Arguments,
    loaded: &Loaded,
    session: &Session,
    shape: Option<(u32, u32)>,
) -> Result<Encoded, Failure> {
    session.job().check()?;
    let picture = input.open()?;
    let factor = loaded.tokenizer.config().factor();
    let fitted = fit_to_factor(picture.rgb, arguments.size.resize, factor);
    let (rows, cols) = (fitted.rgb.height() / factor, fitted.rgb.width() / factor);
    if let Some((file_rows, file_cols)) = shape.filter(|&shape| shape != (rows, cols)) {
        return Err(Failure::Failed(format!(
            "its grid is {rows} × {cols}, that of the pictures before it {file_rows} × {file_cols}, and this form of token file \
             holds one size: use --resize or a .json file"
        )));
    }
    let options = RunOptions { tiling: arguments.tiles.tile, ..RunOptions::default() };
    let pictures = [fitted.rgb];
    let encoding = loaded.tokenizer.encode(&pictures, &options, session.job()).await?;
    let notes =
        picture.notes.into_iter().chain(fitted.notes).chain(encoding.tiles.map(|tiles| tiles.to_string()));
    Ok(Encoded {
        size: Size::new(fitted.crop.width, fitted.crop.height),
        notes: notes.collect(),
        times: encoding.times,
        grid: first_result(encoding.grids)?,
    })
}

fn write(encoded: Vec<Encoded>, format: TokenFormat, loaded: &Loaded, path: &Path) -> Result<u64, Failure> {
    let config = loaded.tokenizer.config();
    let (grids, sizes) = encoded.into_iter().map(|picture| (picture.grid, picture.size)).unzip();
    let file = TokenFile {
        grids,
        sizes: Some(sizes),
        factor: Some(config.factor()),
        codebook_size: Some(config.quantizer().codes),
        model: Some(loaded.name.clone()),
    };
    let content =
        file.write(format).map_err(|TokenFileError::Broken { reason, .. }| Failure::in_file(path, reason))?;
    outputs::write(path, &content)?;
    Ok(content.len() as u64)
}

fn table(inputs: &[Input]) -> Table {
    Table::of(
        "picture",
        inputs.iter().map(|input| &input.label),
        vec![
            Column::new("size", "pixels", 9),
            Column::new("grid", "rows×cols", 9),
            Column::new("codes", "of tokens", 9),
            Column::new("encode", "ms", 6),
            Column::new("lookup", "ms", 6),
        ],
    )
}

fn cells(encoded: &Encoded) -> [String; 5] {
    let Size { width, height } = encoded.size;
    let grid = &encoded.grid;
    [
        format!("{width}×{height}"),
        format!("{}×{}", grid.rows, grid.cols),
        format!("{}/{}", distinct_codes(&grid.tokens), grid.tokens.len()),
        ms(stage_ms(&encoded.times, Stage::Encode)),
        ms(stage_ms(&encoded.times, Stage::Lookup)),
    ]
}
