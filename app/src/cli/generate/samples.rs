//! A sample file for FID evaluators: very many pictures in one `.npz`, made over hours; an interrupted run resumes.

use std::path::Path;

use ibq_core::{
    generator::{Generator, RecipeTokenizer},
    transformer::{PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
};
use serde::Serialize;
use web_time::Instant;

use super::{
    super::{
        failure::{Failure, first_result},
        numbers::{bytes, count},
        outputs,
        paths::shown,
        session::Session,
        transformer,
    },
    AT_ONCE, Arguments,
    npz::SampleFile,
    plan::GenerationPlan,
};

/// Most pictures of a file: their number is a 32-bit one.
const MOST_PICTURES: usize = 10_000_000;

/// `ibq.json` in the file: how all of it was made. It says nothing about this machine.
#[derive(Serialize)]
struct Settings<'a> {
    version: u32,
    model: &'a str,
    /// SHA-256 of its file.
    sha256: Option<&'a str>,
    config: &'a TransformerConfig,
    precision: TransformerPrecision,
    /// The tokenizer from outside of the model, as in recipes.
    tokenizer: Option<RecipeTokenizer>,
    /// Those of `arr_1`, with their names where they have names.
    classes: Vec<(u32, Option<&'a str>)>,
    pictures_of_each: u32,
    sampling: Sampling,
    seed: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fixed: &'a [Option<u32>],
}

/// Makes the file, or the rest of it.
pub(super) async fn run(arguments: &Arguments, path: &Path, session: &Session) -> Result<(), Failure> {
    let mut opened = transformer::open(&arguments.transformer, session).await?;
    let plan = GenerationPlan::new(arguments, &opened, session)?;
    if plan.pictures() > MOST_PICTURES {
        return Err(Failure::Usage(format!("more than {} pictures", count(MOST_PICTURES as u64))));
    }
    outputs::create_parent(path)?;
    outputs::protect(&[path.to_owned()], &[], arguments.existing.overwrite)?;
    let precision = transformer::precision(&opened, &arguments.gpu, TransformerPrecision::default())?;
    transformer::find_tokenizer(&mut opened, arguments.tokenizer.as_deref(), None, session).await?;
    let device = transformer::open_device(&arguments.gpu, precision.name(), session).await?;
    session.title(opened.name());
    let generator = opened.load(&device, precision, session.job()).await?;

    let config = opened.config();
    let settings = Settings {
        version: 2,
        model: opened.name(),
        sha256: opened.model().known_sha256(),
        config,
        precision,
        tokenizer: opened.recipe_tokenizer(),
        classes: plan.classes.iter().map(|&class| (class, opened.names().get(class))).collect(),
        pictures_of_each: plan.count,
        sampling: plan.sampling,
        seed: plan.seed,
        fixed: &plan.fixed,
    };
    let settings = serde_json::to_vec(&settings).map_err(|error| Failure::Failed(error.to_string()))?;
    let side = config.side() * generator.tokenizer.config().factor();
    let total = plan.pictures();
    let mut file = SampleFile::open(path, &settings, total as u64, side, arguments.existing.overwrite)?;
    let begun = file.pictures() as usize;
    if begun > 0 {
        session.note(
            &shown(path),
            format_args!("goes on after {} of {} pictures", count(begun as u64), count(total as u64)),
        );
    }
    let started = Instant::now();
    let made = fill(&mut file, &plan, &generator, session).await;
    if let Err(failure) = made {
        let done = count(file.pictures());
        session
            .note(&shown(path), format_args!("{done} pictures are kept: the same command goes on with them"));
        return Err(failure);
    }
    let classes: Vec<i64> = (0..total).map(|index| i64::from(plan.class(index))).collect();
    let size = file.finish(&classes)?;
    session.print(shown(path));
    let seconds = started.elapsed().as_secs_f64();
    let each = if total > begun { seconds / (total - begun) as f64 } else { 0.0 };
    session.tell(
        "samples",
        format_args!(
            "{} pictures of {side} × {side}, {}, {each:.2} s each",
            count(total as u64),
            bytes(size)
        ),
    );
    Ok(())
}

/// Makes the pictures that the file does not have yet.
async fn fill(
    file: &mut SampleFile,
    plan: &GenerationPlan,
    generator: &Generator,
    session: &Session,
) -> Result<(), Failure> {
    let total = plan.pictures();
    while (file.pictures() as usize) < total {
        let first = file.pictures() as usize;
        let end = total.min(first + AT_ONCE);
        session.title_of_input(first, total, "pictures");
        let requests: Vec<PictureRequest> =
            (first..end).map(|index| plan.request(index, index as u32)).collect();
        let grids = generator.transformer.generate(&requests, session.job(), |_| {}).await?;
        for grid in &grids {
            session.job().check()?;
            let picture = first_result(generator.decode(std::slice::from_ref(grid), session.job()).await?)?;
            file.append(picture.as_raw())?;
        }
    }
    Ok(())
}
