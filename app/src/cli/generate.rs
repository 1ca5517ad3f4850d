//! `ibq generate`: pictures of a class.

mod recipe;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use ibq_core::{
    image::{encode_png, sheet, side_by_side, text_of, with_text},
    tokenizer::{RunOptions, Tokenizer},
    tokens::{TokenFile, TokenFormat, TokenGrid},
    transformer::{Condition, PictureRequest, Sampling, Schedule, TransformerConfig, TransformerPrecision},
};
use image::RgbImage;
use web_time::Instant;

use super::{
    failure::Failure,
    inputs::{read_bounded, shown},
    model,
    numbers::{count, several},
    outputs::{self, Destination, OverwriteOption},
    results::only,
    session::Session,
    transformer::{self, OpenedTransformer, TransformerOptions},
};
use recipe::{KEYWORD, Recipe};

/// Most bytes of a token or picture file.
const MAX_BYTES: u64 = 1 << 30;
/// Most pictures of one run.
const MOST_PICTURES: usize = 100_000;
/// Pictures in a row of a sheet.
const SHEET_COLUMNS: usize = 8;

/// The command line of `ibq generate`.
#[derive(clap::Args)]
#[command(
    after_help = "Every picture carries its settings and tokens inside (PNG text `ibq`): --from repeats it.\n\
                  Guidance schedules: constant, linear, cosine, power2 (an exponent), as in --cfg 4:cosine."
)]
pub(crate) struct Arguments {
    /// Classes: numbers, or names where the model has names, with commas between
    #[arg(long, value_name = "N|NAME,…", value_delimiter = ',', required_unless_present = "from")]
    class: Vec<String>,
    /// Repeat this picture, made by this program
    #[arg(long, value_name = "IMAGE.png", conflicts_with_all = ["class", "count", "seed", "cfg", "temperature", "top_k", "top_p", "prefix", "keep", "preset"])]
    from: Option<PathBuf>,
    /// Pictures of each class
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Seed: the same one gives the same pictures
    #[arg(long, value_name = "S", default_value = "0")]
    seed: u64,
    /// Settings to start from
    #[arg(long, value_enum, default_value = "pretty")]
    preset: Preset,
    /// Strength of guidance, and how it grows over the picture
    #[arg(long, value_name = "X[:SCHEDULE]", value_parser = guidance)]
    cfg: Option<(f32, Schedule)>,
    /// 0: always the most probable token
    #[arg(long, value_name = "T")]
    temperature: Option<f32>,
    /// Draw from the K most probable tokens (0: all)
    #[arg(long, value_name = "K")]
    top_k: Option<u32>,
    /// Draw from the most probable tokens that have this share of the probability
    #[arg(long, value_name = "P")]
    top_p: Option<f32>,
    /// Begin with the tokens of this file's first picture
    #[arg(long, value_name = "TOKENS")]
    prefix: Option<PathBuf>,
    /// Of --prefix, keep only the first N tokens
    #[arg(long, value_name = "N", requires = "prefix")]
    keep: Option<usize>,
    /// Folder, or IMAGE.png for a single picture
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Also write all pictures on one sheet, grid.png
    #[arg(long)]
    grid: bool,
    /// Also write the tokens, tokens.json
    #[arg(long)]
    tokens: bool,
    /// Tokenizer that turns tokens into pictures [default: the one inside of the model]
    #[arg(long, value_name = "MODEL")]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    transformer: TransformerOptions,
}

/// `--preset`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Few, good-looking pictures: guidance 4, top-p 0.96
    Pretty,
    /// As published for measuring: what each official size was evaluated with
    Paper,
}

impl Preset {
    fn sampling(self, config: &TransformerConfig) -> Sampling {
        let (temperature, cfg_scale, top_p) = match (self, config.n_layer) {
            (Self::Pretty, _) => (1.0, 4.0, 0.96),
            (Self::Paper, 30) => (1.2, 2.85, 1.0),
            (Self::Paper, 24) => (1.15, 2.35, 1.0),
            (Self::Paper, 20) => (1.0, 2.0, 1.0),
            (Self::Paper, _) => (1.1, 2.25, 1.0),
        };
        Sampling { cfg_scale, temperature, top_p, ..Sampling::default() }
    }
}

/// `4` or `4:cosine`.
fn guidance(text: &str) -> Result<(f32, Schedule), String> {
    let (scale, schedule) = text.split_once(':').unwrap_or((text, "constant"));
    let scale = scale.parse().map_err(|_| format!("`{scale}` is no number"))?;
    Ok((scale, schedule.parse().map_err(|error: ibq_core::transformer::TransformerError| error.to_string())?))
}

/// The number of a class that was named on the command line.
pub(crate) fn class_of(word: &str, model: &OpenedTransformer) -> Result<u32, Failure> {
    let classes = model.weights.config().class_num;
    let names = model.class_names();
    let found: Vec<u32> = match word.trim().parse::<u32>() {
        Ok(number) if number < classes => return Ok(number),
        Ok(number) => {
            let reason =
                format!("there is no class {number}: {} has 0 to {}", model.opened.name, classes - 1);
            return Err(Failure::Usage(reason));
        }
        Err(_) => {
            let wanted = word.trim().to_lowercase();
            let matching = |part: bool| {
                let fits = |name: &str| if part { name.contains(&wanted) } else { name == wanted };
                (0..classes)
                    .zip(names)
                    .filter(|(_, name)| fits(&name.to_lowercase()))
                    .map(|(class, _)| class)
                    .collect()
            };
            let exact: Vec<u32> = matching(false);
            if exact.is_empty() { matching(true) } else { exact }
        }
    };
    match found[..] {
        [class] => Ok(class),
        [] if names.is_empty() => {
            let reason = format!(
                "{} carries no names of classes: use numbers, 0 to {}",
                model.opened.name,
                classes - 1
            );
            Err(Failure::Usage(reason))
        }
        [] => Err(Failure::Usage(format!("{} has no class `{word}`", model.opened.name))),
        _ => {
            let names: Vec<&str> =
                found.iter().take(5).map(|&class| names[class as usize].as_str()).collect();
            Err(Failure::Usage(format!("`{word}` could be {}; say which", names.join(", "))))
        }
    }
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let source = arguments.from.as_deref().map(recipe_in).transpose()?;
    let options = &arguments.transformer;
    let path = options.model.clone().or_else(|| source.as_ref().map(|recipe| PathBuf::from(&recipe.path)));
    let opened = transformer::open(options, path.clone(), session).await?;
    let requests = match &source {
        Some(recipe) => vec![recipe.request()],
        None => requests(arguments, &opened)?,
    };
    let names = file_names(arguments, &requests)?;
    let stored = source.as_ref().map(|recipe| recipe.precision);
    let precision = options.precision.map(TransformerPrecision::from).or(stored).unwrap_or_default();
    let tokenizer = match &arguments.tokenizer {
        Some(path) => model::open(Some(path)).await?.model.tokenizer(None)?,
        None => opened.tokenizer()?,
    };
    let (gpu, model) = transformer::load(&opened, options, precision, session).await?;
    let tokenizer = transformer::load_tokenizer(&gpu, &tokenizer, &model, session).await?;

    session.title(&several(requests.len(), "picture"));
    let started = Instant::now();
    let grids = model.generate(&requests, session.job(), |_| {}).await?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(recipe) = &source {
        let other = recipe.tokens.iter().zip(&grids[0].tokens).filter(|(a, b)| a != b).count();
        if other > 0 {
            let tokens = several(other, "token");
            let text = format!(
                "{tokens} came out otherwise than in the file: this adapter or precision rounds differently"
            );
            session.note(&recipe.model, text);
        }
    }
    let mut pictures = Vec::new();
    for ((request, grid), name) in requests.iter().zip(&grids).zip(&names) {
        session.job().check()?;
        let picture = decode(&tokenizer, grid, session).await?;
        let class_name = class_name(request.condition, &opened);
        let recipe = Recipe::new(request, grid, &opened.opened.name, path.as_deref(), precision, class_name);
        let png = encode_png(&picture).map_err(|error| Failure::at(name, error))?;
        outputs::write(name, &with_text(&png, KEYWORD, &recipe.to_json()?))?;
        session.print(shown(name));
        if arguments.grid {
            pictures.push(picture);
        }
    }
    let folder = names[0].parent().unwrap_or(Path::new("")).to_owned();
    if arguments.grid {
        let path = folder.join("grid.png");
        let columns = if arguments.count > 1 { arguments.count as usize } else { SHEET_COLUMNS };
        let rows: Vec<RgbImage> = pictures
            .chunks(columns.min(SHEET_COLUMNS))
            .map(|row| side_by_side(&row.iter().collect::<Vec<_>>()))
            .collect();
        outputs::write_png(&path, &sheet(&rows))?;
        session.print(shown(&path));
    }
    if arguments.tokens {
        let path = folder.join("tokens.json");
        write_tokens(&path, grids, &tokenizer, &opened.opened.name)?;
        session.print(shown(&path));
    }
    let tokens = requests.len() as f64 * f64::from(model.config().block_size);
    session.tell("speed", format_args!("{seconds:.1} s, {} tokens/s", count((tokens / seconds) as u64)));
    Ok(())
}

/// What the command line asks for.
fn requests(arguments: &Arguments, opened: &OpenedTransformer) -> Result<Vec<PictureRequest>, Failure> {
    let mut sampling = arguments.preset.sampling(opened.weights.config());
    if let Some((cfg_scale, schedule)) = arguments.cfg {
        (sampling.cfg_scale, sampling.schedule) = (cfg_scale, schedule);
    }
    sampling.temperature = arguments.temperature.unwrap_or(sampling.temperature);
    sampling.top_k = arguments.top_k.unwrap_or(sampling.top_k);
    sampling.top_p = arguments.top_p.unwrap_or(sampling.top_p);
    sampling.validate().map_err(|error| Failure::Usage(error.to_string()))?;
    let fixed = match &arguments.prefix {
        Some(path) => prefix(path, arguments.keep)?,
        None => Vec::new(),
    };
    if arguments.class.len().saturating_mul(arguments.count as usize) > MOST_PICTURES {
        return Err(Failure::Usage(format!("more than {} pictures at once", count(MOST_PICTURES as u64))));
    }
    let mut requests = Vec::new();
    for class in &arguments.class {
        let condition = Condition::Class(class_of(class, opened)?);
        for number in 0..arguments.count {
            let (seed, fixed) = (arguments.seed, fixed.clone());
            requests.push(PictureRequest { condition, sampling, seed, number, fixed });
        }
    }
    Ok(requests)
}

fn prefix(path: &Path, keep: Option<usize>) -> Result<Vec<Option<u32>>, Failure> {
    let file = TokenFile::read(&shown(path), &read_bounded(path, MAX_BYTES)?)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let grid = only(file.grids.into_iter().take(1).collect())?;
    let all = grid.tokens.len();
    match keep {
        Some(keep) if keep > all => Err(Failure::at(path, format_args!("has only {all} tokens to keep"))),
        keep => Ok(grid.tokens.into_iter().take(keep.unwrap_or(all)).map(Some).collect()),
    }
}

/// The settings inside of a picture.
fn recipe_in(path: &Path) -> Result<Recipe, Failure> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let Some(text) = text_of(&bytes, KEYWORD) else {
        return Err(Failure::at(
            path,
            "carries no settings: it is no PNG that `ibq generate` wrote, or was changed",
        ));
    };
    Recipe::from_json(&text)
        .map_err(|error| Failure::at(path, format_args!("its settings cannot be read: {error}")))
}

/// A file for each picture, none of which is there already.
fn file_names(arguments: &Arguments, requests: &[PictureRequest]) -> Result<Vec<PathBuf>, Failure> {
    let destination = Destination::of(&arguments.output)?;
    let digits = arguments.count.to_string().len();
    let name = |request: &PictureRequest| {
        let class = match request.condition {
            Condition::Class(class) => format!("class-{class}"),
            Condition::Mix(one, other, _) => format!("classes-{one}-{other}"),
            Condition::None => "no-class".to_owned(),
        };
        format!("{class}-seed-{}-{:0digits$}.png", request.seed, request.number + 1)
    };
    let names: Vec<PathBuf> = match &destination {
        Destination::Folder(folder) => requests.iter().map(|request| folder.join(name(request))).collect(),
        Destination::File(path) if requests.len() == 1 => vec![path.clone()],
        Destination::File(path) => {
            let reason = format!("{} pictures need a folder; {} is one file", requests.len(), shown(path));
            return Err(Failure::Usage(reason));
        }
    };
    outputs::create_parent(&names[0])?;
    let spelled_out = matches!(destination, Destination::File(_));
    let inputs: Vec<&Path> = arguments.from.as_deref().into_iter().collect();
    outputs::protect(&names, &inputs, arguments.existing.overwrite || spelled_out)?;
    Ok(names)
}

fn class_name(condition: Condition, opened: &OpenedTransformer) -> Option<String> {
    match condition {
        Condition::Class(class) => opened.class_names().get(class as usize).cloned(),
        Condition::Mix(..) | Condition::None => None,
    }
}

async fn decode(tokenizer: &Tokenizer, grid: &TokenGrid, session: &Session) -> Result<RgbImage, Failure> {
    let grids = std::slice::from_ref(grid);
    only(tokenizer.decode(grids, &RunOptions::default(), session.job()).await?.pictures)
}

fn write_tokens(
    path: &Path,
    grids: Vec<TokenGrid>,
    tokenizer: &Tokenizer,
    name: &str,
) -> Result<(), Failure> {
    let file = TokenFile {
        grids,
        sizes: None,
        factor: Some(tokenizer.config().factor()),
        codebook_size: Some(tokenizer.config().n_embed),
        model: Some(name.to_owned()),
    };
    let bytes = file.write(TokenFormat::Json).map_err(|error| Failure::at(path, error))?;
    outputs::write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_a_number_with_or_without_a_schedule() {
        assert_eq!(guidance("2.5"), Ok((2.5, Schedule::Constant)));
        assert_eq!(guidance("4:cosine"), Ok((4.0, Schedule::Cosine)));
        assert_eq!(guidance("4:power3"), Ok((4.0, Schedule::Power(3.0))));
        assert!(guidance("x").unwrap_err().contains("no number"));
        assert!(guidance("4:sine").unwrap_err().contains("sine"));
    }

    #[test]
    fn presets_are_the_published_ones() {
        let paper = |size| Preset::Paper.sampling(&TransformerConfig::official(size).unwrap());
        assert_eq!((paper("B").temperature, paper("B").cfg_scale), (1.1, 2.25));
        assert_eq!((paper("XXL").temperature, paper("XXL").cfg_scale), (1.2, 2.85));
    }
}
