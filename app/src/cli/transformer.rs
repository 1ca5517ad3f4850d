//! Opening generators and their transformers, and the options for them.

use std::path::{Path, PathBuf};

use clap::Args;
use ibq_core::{
    device::Device,
    files::{Model, Origin},
    foreign_text::clean_name,
    generator::{OpenedGenerator, Recipe, RecipeTokenizer, TokenizerSource},
    gpu::Precision,
    transformer::TransformerPrecision,
};
use ibq_studio::bundled::{BundledModel, bundled_generator, bundled_tokenizer};

use super::{
    failure::Failure,
    model::{self, Adapter, OpenedModel},
    options::TransformerGpuOptions,
    read::read_yaml,
    session::Session,
};

/// Which transformer.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct TransformerOptions {
    /// Transformer: a file (.ckpt, .safetensors) or folder [default: the bundled one]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    /// Official configuration file: tells the number of heads, which the weights do not
    #[arg(long, value_name = "YAML")]
    pub(crate) config: Option<PathBuf>,
}

/// Opens the transformer that the options name, and says what it is.
pub(crate) async fn open(
    options: &TransformerOptions,
    session: &Session,
) -> Result<OpenedGenerator, Failure> {
    let opened = match &options.model {
        Some(path) => model::open(Some(path), session).await?,
        None => open_bundled_generator(None).await?,
    };
    session.job().check()?;
    let yaml = options.config.as_deref().map(read_yaml).transpose()?;
    let generator = OpenedGenerator::new(&opened.name, &opened.model, yaml.as_deref())?;
    announce(&generator, session);
    Ok(generator)
}

/// Opens the transformer of a picture, and says what it is: the one that the options name, else the bundled one. A path in
/// a picture, which anybody may have made, is never opened.
pub(crate) async fn open_for_recipe(
    recipe: &Recipe,
    options: &TransformerOptions,
    session: &Session,
) -> Result<OpenedGenerator, Failure> {
    let opened = match (&options.model, Origin::parse(&recipe.path)) {
        (Some(path), _) => model::open(Some(path), session).await?,
        (None, Origin::Bundled(name)) => open_bundled_generator(Some(&name)).await?,
        // The window once wrote the bare name of a bundled model.
        (None, Origin::At(name)) if is_named(bundled_generator().as_ref(), &name) => {
            open_bundled_generator(Some(&name)).await?
        }
        (None, Origin::At(_) | Origin::Unknown) => {
            let name = clean_name(&recipe.model);
            let reason =
                format!("the picture does not say where its generator {name} is; give it with --model");
            return Err(Failure::Failed(reason));
        }
    };
    check_sha256(&opened.model, &opened.name, recipe.sha256.as_deref(), session).await?;
    let generator = match options.config.as_deref().map(read_yaml).transpose()? {
        Some(yaml) => OpenedGenerator::new(&opened.name, &opened.model, Some(&yaml))?,
        None => OpenedGenerator::like(&opened.name, &opened.model, &recipe.config)?,
    };
    announce(&generator, session);
    Ok(generator)
}

/// Sees to the tokenizer: the one at `path`, else the bundled one that a recipe names, else the one inside, else the bundled one
/// where it has the right number of codes. Which of its weights and how they are stored follows from the recipe.
pub(crate) async fn find_tokenizer(
    generator: &mut OpenedGenerator,
    path: Option<&Path>,
    recipe: Option<&RecipeTokenizer>,
    session: &Session,
) -> Result<(), Failure> {
    if let Some(path) = path {
        let opened = model::open(Some(path), session).await?;
        check_sha256(
            &opened.model,
            &opened.name,
            recipe.and_then(|recipe| recipe.sha256.as_deref()),
            session,
        )
        .await?;
        let weights = opened.model.tokenizer(recipe.and_then(|recipe| recipe.weights))?;
        let precision = recipe.map_or(Precision::F32, |recipe| recipe.precision);
        generator.use_tokenizer(TokenizerSource::Weights(weights, precision))?;
    } else if let Some(recipe) = recipe {
        let opened = match Origin::parse(&recipe.path) {
            Origin::Bundled(name) => open_bundled(bundled_tokenizer().ok(), &name).await?,
            Origin::At(name) if is_named(bundled_tokenizer().ok().as_ref(), &name) => {
                open_bundled(bundled_tokenizer().ok(), &name).await?
            }
            Origin::At(_) | Origin::Unknown => {
                let name = clean_name(&recipe.name);
                let reason = format!(
                    "the picture does not say where its tokenizer {name} is; give it with --tokenizer"
                );
                return Err(Failure::Failed(reason));
            }
        };
        check_sha256(&opened.model, &opened.name, recipe.sha256.as_deref(), session).await?;
        let weights = opened.model.tokenizer(recipe.weights)?;
        generator.use_tokenizer(TokenizerSource::Weights(weights, recipe.precision))?;
    } else if generator.lacks_tokenizer()
        && let Ok(bundled) = bundled_tokenizer()
    {
        let name = bundled.name;
        if generator.offer_tokenizer(bundled.open().await?.tokenizer(None)?) {
            session.note(generator.name(), format_args!("has no tokenizer inside; {name} is used"));
        }
    }
    generator.tokenizer()?;
    Ok(())
}

fn announce(generator: &OpenedGenerator, session: &Session) {
    session.tell("model", generator.line());
    for assumed in generator.weights().assumed() {
        session.note(generator.name(), format_args!("taken to have {assumed}; --config says otherwise"));
    }
}

/// The transformer that ships with the program; `name` is the one that is wanted.
async fn open_bundled_generator(name: Option<&str>) -> Result<OpenedModel, Failure> {
    match (bundled_generator(), name) {
        (Some(bundled), None) => {
            let name = bundled.name.to_owned();
            Ok(OpenedModel { model: bundled.open().await?, name })
        }
        (bundled, Some(name)) => open_bundled(bundled, name).await,
        (None, None) => {
            let reason = "a transformer is needed, and none ships with this build: give one with --model";
            Err(Failure::Usage(reason.to_owned()))
        }
    }
}

/// The model of this name that ships with the program.
async fn open_bundled(bundled: Option<BundledModel>, name: &str) -> Result<OpenedModel, Failure> {
    match bundled.filter(|bundled| bundled.name == name) {
        Some(bundled) => Ok(OpenedModel { model: bundled.open().await?, name: name.to_owned() }),
        None => Err(Failure::Failed(format!(
            "the picture was made with the bundled model {name}, which this build does not have; give it with --model or \
             --tokenizer"
        ))),
    }
}

/// Whether a bundled model has this name.
fn is_named(bundled: Option<&BundledModel>, name: &str) -> bool {
    bundled.is_some_and(|bundled| bundled.name == name)
}

/// Says when a model is another file than the one that a picture was made with, where the picture says which.
async fn check_sha256(
    model: &Model,
    name: &str,
    expected: Option<&str>,
    session: &Session,
) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    if model.sha256(session.job()).await?.is_some_and(|found| found != expected) {
        session
            .note(name, "is another file than the one that the picture was made with (its SHA-256 differs)");
    }
    Ok(())
}

/// How the weights are to be stored: as the command line says, else as they are stored in the file, else as `usual`.
pub(crate) fn precision(
    generator: &OpenedGenerator,
    options: &TransformerGpuOptions,
    usual: TransformerPrecision,
) -> Result<TransformerPrecision, Failure> {
    Ok(generator.precision(options.precision.map(Into::into), usual)?)
}

/// Opens what computes a transformer, and says which device it is.
pub(crate) async fn open_device(
    options: &TransformerGpuOptions,
    precision: &str,
    session: &Session,
) -> Result<Device, Failure> {
    let device = model::open_device(&options.gpu, session).await?;
    session.tell("device", format_args!("{} · {precision}", Adapter::from(&device).line()));
    Ok(device)
}
