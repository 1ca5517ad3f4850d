//! A sample file for FID evaluators: very many pictures in one `.npz`, made over hours, interrupted and gone on with.

use std::path::Path;

use ibq_core::{
    classes::Classes,
    transformer::{PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
};
use serde::Serialize;
use web_time::Instant;

use super::{
    super::{
        failure::Failure,
        inputs::shown,
        numbers::{bytes, count},
        outputs,
        session::Session,
        transformer,
    },
    AT_ONCE, Arguments, Models,
    npz::SampleFile,
    request::Order,
};

/// Most pictures of a file: their number is a 32-bit one.
const MOST_PICTURES: usize = 10_000_000;

/// `ibq.json` in the file: how all of it was made.
#[derive(Serialize)]
struct Settings<'a> {
    version: u32,
    model: &'a str,
    config: &'a TransformerConfig,
    precision: TransformerPrecision,
    tokenizer: Option<&'a str>,
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
    let options = &arguments.transformer;
    let opened = transformer::open(options, options.model.clone(), None, session).await?;
    let order = Order::new(arguments, &opened, session)?;
    if order.pictures() > MOST_PICTURES {
        return Err(Failure::Usage(format!("more than {} pictures", count(MOST_PICTURES as u64))));
    }
    outputs::create_parent(path)?;
    outputs::protect(&[path.to_owned()], &[], arguments.existing.overwrite)?;
    let precision = opened.precision(options, None)?;
    let model_path =
        options.model.as_ref().map_or_else(String::new, |path| path.to_string_lossy().into_owned());
    let models =
        Models::load(opened, options, precision, model_path, arguments.tokenizer.clone(), session).await?;

    let config = models.transformer.config();
    let names = Classes::of_model(models.opened.class_names(), config.class_num);
    let name = |&class: &u32| (class, names.as_ref().and_then(|names| names.name(class)));
    let settings = Settings {
        version: 1,
        model: &models.opened.opened.name,
        config,
        precision,
        tokenizer: models.tokenizer_path.as_deref(),
        classes: order.classes.iter().map(name).collect(),
        pictures_of_each: order.count,
        sampling: order.sampling,
        seed: order.seed,
        fixed: &order.fixed,
    };
    let settings = serde_json::to_vec(&settings).map_err(|error| Failure::Failed(error.to_string()))?;
    let side = config.side() * models.tokenizer.config().factor();
    let total = order.pictures();
    let mut file = SampleFile::open(path, &settings, total as u64, side, arguments.existing.overwrite)?;
    let begun = file.pictures() as usize;
    if begun > 0 {
        session.note(
            &shown(path),
            format_args!("goes on after {} of {} pictures", count(begun as u64), count(total as u64)),
        );
    }
    let started = Instant::now();
    let made = fill(&mut file, &order, &models, session).await;
    if let Err(failure) = made {
        let done = count(file.pictures());
        session
            .note(&shown(path), format_args!("{done} pictures are kept: the same command goes on with them"));
        return Err(failure);
    }
    let classes: Vec<i64> = (0..total).map(|index| i64::from(order.class(index))).collect();
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
    order: &Order,
    models: &Models,
    session: &Session,
) -> Result<(), Failure> {
    let total = order.pictures();
    while (file.pictures() as usize) < total {
        let first = file.pictures() as usize;
        let end = total.min(first + AT_ONCE);
        session.begin(first, total, "pictures");
        let requests: Vec<PictureRequest> =
            (first..end).map(|index| order.request(index, index as u32)).collect();
        let grids = models.transformer.generate(&requests, session.job(), |_| {}).await?;
        for grid in &grids {
            session.job().check()?;
            file.append(models.decode(grid, session).await?.as_raw())?;
        }
    }
    Ok(())
}
