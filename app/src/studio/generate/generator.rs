//! Loading a generator: a model's transformer, and a tokenizer that is at hand and fits.

use ibq_core::{
    files::Model,
    generator::{Generator, GeneratorError, OpenedGenerator},
    gpu::Gpu,
    job::Job,
    tokenizer::Tokenizer,
    transformer::TransformerPrecision,
};

use crate::studio::{failure::Failure, models::bundled_tokenizer};

/// Uploads the transformer of a model at this path or address, and a tokenizer that fits it: the one inside, one that is loaded
/// already, or the bundled one.
pub(super) async fn load(
    gpu: &Gpu,
    path: &str,
    model: &Model,
    precision: TransformerPrecision,
    loaded: Option<Tokenizer>,
    job: &Job,
) -> Result<Generator, Failure> {
    let mut opened = OpenedGenerator::new(file_name(path), model, None)?;
    if let Some(loaded) = loaded {
        opened.offer_tokenizer(loaded);
    }
    if opened.lacks_tokenizer()
        && let Some((_, bundled)) = bundled_tokenizer().await
    {
        let bundled = bundled.and_then(|bundled| bundled.tokenizer(None));
        opened.offer_tokenizer(bundled.map_err(GeneratorError::from)?);
    }
    Ok(opened.load(gpu, precision, job).await?)
}

/// The last part of a path or address, as the command line names a model.
fn file_name(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use ibq_core::{
        gpu::{AdapterChoice, GpuOptions, Precision},
        transformer::{Condition, PictureRequest, Sampling},
    };

    use super::*;
    use crate::studio::models::bundled_generator;

    #[test]
    fn recipes_name_the_tokenizer_that_was_taken() {
        pollster::block_on(async {
            let job = Job::new();
            let options = GpuOptions { adapter: AdapterChoice::Software, ..GpuOptions::default() };
            let gpu = Gpu::open(&options).await.expect("a software adapter");
            let (name, model) = bundled_generator().await.expect("a bundled generator");
            let model = model.unwrap();
            let (_, tokenizer) = bundled_tokenizer().await.expect("a bundled tokenizer");
            let weights = tokenizer.unwrap().tokenizer(None).unwrap();
            let loaded = Tokenizer::load(&gpu, &weights, Precision::F16, &job).await.unwrap();
            for (loaded, precision) in [(None, Precision::F32), (Some(loaded), Precision::F16)] {
                let generator =
                    load(&gpu, &name, &model, TransformerPrecision::F16, loaded, &job).await.unwrap();
                let (condition, sampling) = (Condition::Mix(0, 1, 0.5), Sampling::default());
                let request = PictureRequest { condition, sampling, seed: 1, number: 0, fixed: Vec::new() };
                let recipe = generator.recipe(&request, &[0; 256]);
                assert_eq!((recipe.model.as_str(), recipe.path), (name.as_str(), format!("bundled:{name}")));
                assert_eq!(recipe.class_names, [generator.class_name(0), generator.class_name(1)]);
                let tokenizer = recipe.tokenizer.expect("a tokenizer from outside");
                assert!(tokenizer.path.starts_with("bundled:"), "{tokenizer:?}");
                assert_eq!(tokenizer.precision, precision);
            }
        });
    }

    #[test]
    fn a_generator_is_called_as_on_the_command_line() {
        for (path, name) in
            [("/a/ar.v2.ckpt", "ar.v2.ckpt"), ("models/ar/", "ar"), ("scenes-ar", "scenes-ar")]
        {
            assert_eq!(file_name(path), name);
        }
    }
}
