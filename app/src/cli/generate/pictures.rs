//! New pictures as PNG files that carry everything needed to repeat them.

use std::path::{Path, PathBuf};

use ibq_core::{
    classes::Classes,
    picture::{encode_png, sheet, side_by_side, with_text},
    tokenizer::Tokenizer,
    tokens::{TokenFile, TokenFormat, TokenGrid},
    transformer::{Condition, PictureRequest, Recipe, RecipeModels},
};
use image::RgbImage;
use web_time::Instant;

use super::{
    super::{
        failure::Failure,
        inputs::shown,
        numbers::{count, several},
        outputs::{self, Destination},
        session::Session,
        transformer,
    },
    AT_ONCE, Arguments, Models,
    request::{Order, recipe_in},
};

/// Most pictures of one run: each is a file.
const MOST_PICTURES: usize = 100_000;
/// Pictures in a row of a sheet.
const SHEET_COLUMNS: usize = 8;

/// Makes and writes them.
pub(super) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let source = arguments.from.as_deref().map(recipe_in).transpose()?;
    let options = &arguments.transformer;
    let path = options.model.clone().or_else(|| source.as_ref().map(|recipe| PathBuf::from(&recipe.path)));
    let known = source.as_ref().map(|recipe| &recipe.config);
    let opened = transformer::open(options, path.clone(), known, session).await?;
    let requests = match &source {
        Some(recipe) => vec![recipe.request()],
        None => {
            let order = Order::new(arguments, &opened, session)?;
            if order.pictures() > MOST_PICTURES {
                let most = count(MOST_PICTURES as u64);
                return Err(Failure::Usage(format!(
                    "more than {most} files at once; --npz takes as many as you like"
                )));
            }
            (0..order.pictures()).map(|index| order.request(index, index as u32 % order.count)).collect()
        }
    };
    let names = file_names(arguments, &requests)?;
    let precision = opened.precision(options, source.as_ref().map(|recipe| recipe.precision))?;
    let tokenizer = source.as_ref().and_then(|recipe| recipe.tokenizer.clone()).map(PathBuf::from);
    let tokenizer = arguments.tokenizer.clone().or(tokenizer);
    let path = path.map_or_else(String::new, |path| path.to_string_lossy().into_owned());
    let models = Models::load(opened, options, precision, path, tokenizer, session).await?;

    outputs::create_parent(&names[0])?;
    session.title(&several(requests.len(), "picture"));
    let mut maker = Maker { models: &models, pictures: Vec::new(), grids: Vec::new(), seconds: 0.0 };
    for (requests, names) in requests.chunks(AT_ONCE).zip(names.chunks(AT_ONCE)) {
        maker.make(requests, names, arguments, session).await?;
    }
    if let Some(recipe) = &source {
        let other = recipe.tokens.iter().zip(&maker.grids[0].tokens).filter(|(a, b)| a != b).count();
        if other > 0 {
            let tokens = several(other, "token");
            let text = format!(
                "{tokens} came out otherwise than in the file: this adapter or precision rounds differently"
            );
            session.note(&recipe.model, text);
        }
    }
    let folder = names[0].parent().unwrap_or(Path::new("")).to_owned();
    if arguments.grid {
        let path = folder.join("grid.png");
        let columns = if arguments.count > 1 { arguments.count as usize } else { SHEET_COLUMNS };
        let rows: Vec<RgbImage> = maker
            .pictures
            .chunks(columns.min(SHEET_COLUMNS))
            .map(|row| side_by_side(&row.iter().collect::<Vec<_>>()))
            .collect();
        outputs::write_png(&path, &sheet(&rows))?;
        session.print(shown(&path));
    }
    let tokens = requests.len() as f64 * f64::from(models.transformer.config().block_size);
    let seconds = maker.seconds;
    if arguments.tokens {
        let path = folder.join("tokens.json");
        write_tokens(&path, maker.grids, &models.tokenizer, &models.opened.opened.name)?;
        session.print(shown(&path));
    }
    session.tell("speed", format_args!("{seconds:.1} s, {} tokens/s", count((tokens / seconds) as u64)));
    Ok(())
}

/// Makes pictures, and keeps what sheets and token files need.
struct Maker<'a> {
    models: &'a Models,
    pictures: Vec<RgbImage>,
    grids: Vec<TokenGrid>,
    /// Time of the transformer.
    seconds: f64,
}

impl Maker<'_> {
    async fn make(
        &mut self,
        requests: &[PictureRequest],
        names: &[PathBuf],
        arguments: &Arguments,
        session: &Session,
    ) -> Result<(), Failure> {
        let models = self.models;
        let config = models.transformer.config();
        let classes = Classes::of_model(models.opened.class_names(), config.class_num);
        let started = Instant::now();
        let grids = models.transformer.generate(requests, session.job(), |_| {}).await?;
        self.seconds += started.elapsed().as_secs_f64();
        for ((request, grid), name) in requests.iter().zip(&grids).zip(names) {
            session.job().check()?;
            let picture = models.decode(grid, session).await?;
            let class_name = match (request.condition, &classes) {
                (Condition::Class(class), Some(classes)) => classes.name(class),
                _ => None,
            };
            let made_by = RecipeModels {
                model: &models.opened.opened.name,
                path: &models.path,
                config,
                precision: models.precision,
                tokenizer: models.tokenizer_path.as_deref(),
            };
            let recipe = Recipe::new(&made_by, request, grid, class_name);
            let png = encode_png(&picture).map_err(|error| Failure::at(name, error))?;
            outputs::write(name, &with_text(&png, Recipe::KEYWORD, &recipe.to_json()?))?;
            session.print(shown(name));
            if arguments.grid {
                self.pictures.push(picture);
            }
        }
        self.grids.extend(grids);
        Ok(())
    }
}

/// A file for each picture, none of which is there already.
fn file_names(arguments: &Arguments, requests: &[PictureRequest]) -> Result<Vec<PathBuf>, Failure> {
    let destination = Destination::of(arguments.output.as_deref().unwrap_or(Path::new(".")))?;
    let digits = arguments.count.to_string().len();
    let name = |request: &PictureRequest| {
        let class = match request.condition {
            Condition::Class(class) => format!("class-{class}"),
            Condition::Mix(one, other, _) => format!("classes-{one}-{other}"),
            Condition::None => "no-class".to_owned(),
        };
        format!("{class}-seed-{}-{:0digits$}.png", request.seed, u64::from(request.number) + 1)
    };
    let mut names: Vec<PathBuf> = match &destination {
        Destination::Folder(folder) => requests.iter().map(|request| folder.join(name(request))).collect(),
        Destination::File(path) if requests.len() == 1 => vec![path.clone()],
        Destination::File(path) => {
            let reason = format!("{} pictures need a folder; {} is one file", requests.len(), shown(path));
            return Err(Failure::Usage(reason));
        }
    };
    let spelled_out = matches!(destination, Destination::File(_));
    let inputs: Vec<&Path> = arguments.from.as_deref().into_iter().collect();
    let pictures = names.len();
    let folder = names[0].parent().unwrap_or(Path::new("")).to_owned();
    names.extend(arguments.grid.then(|| folder.join("grid.png")));
    names.extend(arguments.tokens.then(|| folder.join("tokens.json")));
    outputs::protect(&names, &inputs, arguments.existing.overwrite || spelled_out)?;
    names.truncate(pictures);
    Ok(names)
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
