//! New pictures as PNG files that carry everything needed to repeat them.

use std::path::{Path, PathBuf};

use ibq_core::{
    generator::{Generator, Recipe},
    picture::{sheet, side_by_side},
    tokens::{TokenFile, TokenFormat, TokenGrid},
    transformer::{Condition, PictureRequest, TransformerPrecision},
};
use image::RgbImage;
use web_time::Instant;

use super::{
    super::{
        failure::{Failure, first_result},
        numbers::{count, several},
        outputs::{self, Destination},
        paths::shown,
        session::Session,
        transformer,
    },
    AT_ONCE, Arguments,
    plan::{GenerationPlan, read_recipe},
};

/// Most pictures of one run: each is a file.
const MOST_PICTURES: usize = 100_000;
/// Pictures in a row of a sheet.
const SHEET_COLUMNS: usize = 8;

/// Makes and writes them.
pub(super) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let source = arguments.from.as_deref().map(read_recipe).transpose()?;
    let mut opened = match &source {
        Some(recipe) => transformer::open_for_recipe(recipe, &arguments.transformer, session).await?,
        None => transformer::open(&arguments.transformer, session).await?,
    };
    let requests = match &source {
        Some(recipe) => vec![recipe.request()],
        None => {
            let plan = GenerationPlan::new(arguments, &opened, session)?;
            if plan.pictures() > MOST_PICTURES {
                let most = count(MOST_PICTURES as u64);
                return Err(Failure::Usage(format!(
                    "more than {most} files at once; --npz takes as many as you like"
                )));
            }
            (0..plan.pictures()).map(|index| plan.request(index, index as u32 % plan.count)).collect()
        }
    };
    let names = file_names(arguments, &requests)?;
    let usual = source.as_ref().map_or(TransformerPrecision::default(), |recipe| recipe.precision);
    let precision = transformer::precision(&opened, &arguments.gpu, usual)?;
    let recipe_tokenizer = source.as_ref().and_then(|recipe| recipe.tokenizer.as_ref());
    transformer::find_tokenizer(&mut opened, arguments.tokenizer.as_deref(), recipe_tokenizer, session)
        .await?;
    let device = transformer::open_device(&arguments.gpu, precision.name(), session).await?;
    session.title(opened.name());
    let generator = opened.load(&device, precision, session.job()).await?;

    outputs::create_parent(&names[0])?;
    session.title(&several(requests.len(), "picture"));
    let mut maker = Maker { generator: &generator, pictures: Vec::new(), grids: Vec::new(), seconds: 0.0 };
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
    let tokens = requests.len() as f64 * f64::from(generator.transformer.config().block_size);
    let seconds = maker.seconds;
    if arguments.tokens {
        let path = folder.join("tokens.json");
        write_tokens(&path, maker.grids, &generator)?;
        session.print(shown(&path));
    }
    session.tell("speed", format_args!("{seconds:.1} s, {} tokens/s", count((tokens / seconds) as u64)));
    Ok(())
}

/// Makes pictures, and keeps what sheets and token files need.
struct Maker<'a> {
    generator: &'a Generator,
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
        let generator = self.generator;
        let started = Instant::now();
        let grids = generator.transformer.generate(requests, session.job(), |_| {}).await?;
        self.seconds += started.elapsed().as_secs_f64();
        for ((request, grid), name) in requests.iter().zip(&grids).zip(names) {
            session.job().check()?;
            let picture = first_result(generator.decode(std::slice::from_ref(grid), session.job()).await?)?;
            let recipe: Recipe = generator.recipe(request, &grid.tokens);
            outputs::write(name, &recipe.png(&picture)?)?;
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

fn write_tokens(path: &Path, grids: Vec<TokenGrid>, generator: &Generator) -> Result<(), Failure> {
    let config = generator.tokenizer.config();
    let file = TokenFile {
        grids,
        sizes: None,
        factor: Some(config.factor()),
        codebook_size: Some(config.quantizer().codes),
        model: Some(generator.name().to_owned()),
    };
    let bytes = file.write(TokenFormat::Json).map_err(|error| Failure::in_file(path, error))?;
    outputs::write(path, &bytes)
}
