//! Loading a generator: a model's transformer, and a tokenizer that is at hand and fits.

use ibq_core::{
    device::Device,
    files::Model,
    generator::{Generator, GeneratorError, OpenedGenerator},
    job::Job,
    tokenizer::Tokenizer,
    transformer::TransformerPrecision,
};

use crate::studio::{failure::Failure, models::bundled_tokenizer};

/// Loads the transformer of a model at this path or address, and a tokenizer that fits it: the one inside, one that is loaded
/// already, or the bundled one.
pub(super) async fn load(
    device: &Device,
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
    Ok(opened.load(device, precision, job).await?)
}

/// The last part of a path or address, as the command line names a model.
fn file_name(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use ibq_core::{
        files::Source,
        gpu::{AdapterChoice, Gpu, GpuOptions, Precision},
        transformer::{Condition, PictureRequest, Sampling, TransformerConfig},
    };

    use super::*;

    /// A transformer without a tokenizer inside, whose weights are all zero.
    async fn transformer(codes: u32) -> Model {
        let config = TransformerConfig {
            vocab_size: codes,
            block_size: 4,
            n_layer: 1,
            n_head: 1,
            n_embd: 4,
            class_num: 2,
            ffn_dim: 4,
        };
        let (mut header, mut bytes) = (serde_json::Map::new(), 0);
        for (name, shape) in config.parameters() {
            let end = bytes + 4 * shape.iter().product::<u32>();
            let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [bytes, end] });
            header.insert(format!("transformer.{name}"), entry);
            bytes = end;
        }
        let header = serde_json::to_vec(&header).unwrap();
        let mut weights = (header.len() as u64).to_le_bytes().to_vec();
        weights.extend(header);
        weights.resize(weights.len() + bytes as usize, 0);
        let folder = serde_json::json!({
            "kind": "transformer", "weights": "raw", "transformer": config, "class_names": ["castle", "owl"],
        });
        let folder = Source::memory("config.json", serde_json::to_vec(&folder).unwrap());
        Model::open_bundled("zeros", folder, Source::memory("weights", weights)).await.unwrap()
    }

    #[test]
    fn recipes_name_the_tokenizer_that_was_taken() {
        pollster::block_on(async {
            let job = Job::new();
            // Only a GPU keeps weights in halves.
            let options = GpuOptions { adapter: AdapterChoice::Software, ..GpuOptions::default() };
            let device = Device::from(Gpu::open(&options).await.expect("a software adapter"));
            let (tokenizer_name, tokenizer) = bundled_tokenizer().await.expect("a bundled tokenizer");
            let weights = tokenizer.unwrap().tokenizer(None).unwrap();
            let model = transformer(weights.config().n_embed).await;
            let loaded = Tokenizer::load(&device, &weights, Precision::F16, &job).await.unwrap();
            for (loaded, precision) in [(None, Precision::F32), (Some(loaded), Precision::F16)] {
                let generator =
                    load(&device, "zeros", &model, TransformerPrecision::F32, loaded, &job).await.unwrap();
                let (condition, sampling) = (Condition::Mix(0, 1, 0.5), Sampling::default());
                let request = PictureRequest { condition, sampling, seed: 1, number: 0, fixed: Vec::new() };
                let recipe = generator.recipe(&request, &[0; 4]);
                assert_eq!((recipe.model.as_str(), recipe.path.as_str()), ("zeros", "bundled:zeros"));
                assert_eq!(recipe.class_names, ["castle", "owl"]);
                let tokenizer = recipe.tokenizer.expect("a tokenizer from outside");
                assert_eq!(tokenizer.path, format!("bundled:{tokenizer_name}"));
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
