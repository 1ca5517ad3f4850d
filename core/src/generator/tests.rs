//! Generators of small models that are made here: which tokenizer they take, and that their pictures can be made again.

use pollster::block_on;

use super::*;
use crate::{
    device::Device,
    files::{Model, Origin, Source, WeightSet},
    job::Job,
    ops::testing::{devices, noise_from},
    tokenizer::{Rule, Tokenizer, TokenizerConfig},
    transformer::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
};

const CODES: u32 = 40;

fn transformer_config() -> TransformerConfig {
    TransformerConfig {
        vocab_size: CODES,
        block_size: 4,
        n_layer: 1,
        n_head: 2,
        n_embd: 8,
        class_num: 2,
        ffn_dim: 16,
    }
}

fn tokenizer_config(codes: u32) -> TokenizerConfig {
    TokenizerConfig {
        ch: 32,
        ch_mult: vec![1, 1],
        num_res_blocks: 1,
        attn_resolutions: Vec::new(),
        resolution: 8,
        z_channels: 32,
        embed_dim: 8,
        n_embed: codes,
        rule: Rule::Ibq,
        in_channels: 3,
        out_ch: 3,
    }
}

/// The bytes of a safetensors file with noise in every tensor.
fn tensors(shapes: &[(String, Vec<u32>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (index, (name, shape)) in shapes.iter().enumerate() {
        let count = shape.iter().product::<u32>() as usize;
        let begin = data.len();
        data.extend(noise_from(count, index as u64 + 1).iter().flat_map(|value| value.to_le_bytes()));
        let offsets = [begin, data.len()];
        header.insert(
            name.clone(),
            serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets }),
        );
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}

fn prefixed(prefix: &str, parameters: Vec<(String, Vec<u32>)>) -> Vec<(String, Vec<u32>)> {
    parameters.into_iter().map(|(name, shape)| (format!("{prefix}{name}"), shape)).collect()
}

fn open(config: &serde_json::Value, shapes: &[(String, Vec<u32>)], bundled_as: Option<&str>) -> Model {
    let config = Source::memory("config.json", serde_json::to_vec(config).unwrap());
    let weights = Source::memory("model.safetensors", tensors(shapes));
    block_on(async {
        match bundled_as {
            Some(name) => Model::open_bundled(name, config, weights).await,
            None => Model::open_folder(config, vec![weights]).await,
        }
    })
    .unwrap()
}

/// A transformer, and the tokenizer inside where it has one with so many codes.
fn generator_model(inside: Option<u32>) -> Model {
    let config = transformer_config();
    let mut shapes = prefixed("transformer.", config.parameters());
    let mut folder = serde_json::json!({
        "kind": "transformer", "weights": "raw", "transformer": config, "class_names": ["castle", "owl, night bird"],
    });
    if let Some(codes) = inside {
        let tokenizer = tokenizer_config(codes);
        shapes.extend(prefixed("first_stage_model.", tokenizer.parameters()));
        folder["tokenizer"] = serde_json::to_value(tokenizer).unwrap();
    }
    open(&folder, &shapes, Some("ships"))
}

fn tokenizer_model(codes: u32, bundled_as: Option<&str>) -> Model {
    let config = tokenizer_config(codes);
    let folder = serde_json::json!({ "kind": "tokenizer", "weights": "raw", "tokenizer": config });
    open(&folder, &config.parameters(), bundled_as)
}

fn opened(inside: Option<u32>) -> OpenedGenerator {
    OpenedGenerator::new("small", &generator_model(inside), None).unwrap()
}

#[test]
fn the_tokenizer_inside_is_taken_and_recipes_do_not_name_it() {
    let mut generator = opened(Some(CODES));
    assert!(!generator.lacks_tokenizer());
    assert_eq!(generator.tokenizer().unwrap().config().quantizer().codes, CODES);
    assert_eq!(generator.recipe_tokenizer(), None);
    let other = tokenizer_model(CODES, None).tokenizer(None).unwrap();
    assert!(!generator.offer_tokenizer(other.clone()));
    assert_eq!(generator.recipe_tokenizer(), None);
    generator.use_tokenizer(other).unwrap();
    assert_eq!(generator.recipe_tokenizer().unwrap().path, "");
}

#[test]
fn a_generator_without_a_tokenizer_says_which_one_it_needs() {
    for mut generator in [opened(None), opened(Some(CODES + 1))] {
        let error = generator.tokenizer().unwrap_err();
        assert!(matches!(error, GeneratorError::NoTokenizer { codes: CODES, .. }), "{error}");
        let device = Device::from(&devices()[0]);
        let error = block_on(generator.load(&device, TransformerPrecision::F32, &Job::new())).unwrap_err();
        assert!(error.to_string().contains("small has no tokenizer inside"), "{error}");

        let other = tokenizer_model(8, None).tokenizer(None).unwrap();
        assert!(!generator.offer_tokenizer(other.clone()));
        let error = generator.use_tokenizer(other).unwrap_err();
        assert!(matches!(error, GeneratorError::OtherCodes { codes: CODES, found: 8, .. }), "{error}");
        assert!(generator.lacks_tokenizer());

        let fitting = tokenizer_model(CODES, Some("codes")).tokenizer(None).unwrap();
        assert!(generator.offer_tokenizer(fitting));
        let named = generator.recipe_tokenizer().unwrap();
        assert_eq!((named.path.as_str(), named.weights), ("bundled:codes", Some(WeightSet::Raw)));
    }
}

#[test]
fn a_broken_tokenizer_inside_is_reported_and_not_replaced() {
    let config = transformer_config();
    let mut shapes = prefixed("transformer.", config.parameters());
    shapes.extend(prefixed("first_stage_model.", tokenizer_config(CODES).parameters()));
    shapes.retain(|(name, _)| !name.contains("decoder.conv_out"));
    let folder = serde_json::json!({
        "kind": "transformer", "weights": "raw", "transformer": config, "tokenizer": tokenizer_config(CODES),
    });
    let mut generator = OpenedGenerator::new("small", &open(&folder, &shapes, None), None).unwrap();
    assert!(!generator.offer_tokenizer(tokenizer_model(CODES, None).tokenizer(None).unwrap()));
    assert!(generator.tokenizer().unwrap_err().to_string().contains("conv_out"));
}

#[test]
fn a_precision_is_as_asked_for_or_the_usual_one() {
    let generator = opened(None);
    assert!(
        generator.line().starts_with("small · 1 layers of width 8 · 0.0 million"),
        "{}",
        generator.line()
    );
    let usual = TransformerPrecision::F16;
    assert_eq!(generator.precision(None, usual).unwrap(), usual);
    let asked = Some(TransformerPrecision::Int4);
    assert_eq!(generator.precision(asked, usual).unwrap(), TransformerPrecision::Int4);
}

#[test]
fn a_picture_is_made_again_from_the_recipe_in_its_png() {
    let (device, job) = (Device::from(&devices()[0]), Job::new());
    let weights = tokenizer_model(CODES, Some("codes")).tokenizer(None).unwrap();
    let loaded = block_on(Tokenizer::load(&device, &weights, crate::gpu::Precision::F16, &job)).unwrap();
    let mut generator = opened(None);
    generator.use_tokenizer(loaded).unwrap();
    let generator = block_on(generator.load(&device, TransformerPrecision::F32, &job)).unwrap();

    let description = generator.description();
    let tokenizer = description.tokenizer.as_ref().unwrap();
    assert_eq!(description.origin, Origin::Bundled("ships".to_owned()));
    assert_eq!((tokenizer.inside, tokenizer.factor), (false, 2));
    assert_eq!(description.class_names, Some(vec!["castle".to_owned(), "owl".to_owned()]));
    assert!(description.memory.weights > 0);

    let request = PictureRequest {
        condition: Condition::Mix(1, 0, 0.5),
        sampling: Sampling::default(),
        seed: 5,
        number: 2,
        fixed: vec![None, Some(3)],
    };
    let make = |request: PictureRequest| {
        let grid = block_on(generator.transformer.generate(&[request], &job, |_| {})).unwrap().remove(0);
        let picture = block_on(generator.decode(std::slice::from_ref(&grid), &job)).unwrap().remove(0);
        (grid.tokens, picture)
    };
    let (tokens, picture) = make(request.clone());
    assert_eq!(picture.dimensions(), (4, 4));
    let recipe = generator.recipe(&request, &tokens);
    assert!(generator.can_have_made(&recipe));
    let read = Recipe::of_png(&recipe.png(&picture).unwrap()).unwrap().unwrap();
    assert_eq!(read.class_names, ["owl", "castle"]);
    assert_eq!((read.model.as_str(), read.path.as_str()), ("small", "bundled:ships"));
    let digest = |digest: Option<&str>| {
        let digest = digest.unwrap();
        assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()));
    };
    digest(read.sha256.as_deref());
    digest(read.tokenizer.as_ref().unwrap().sha256.as_deref());
    let expected = RecipeTokenizer {
        name: "codes".to_owned(),
        sha256: read.tokenizer.as_ref().unwrap().sha256.clone(),
        path: "bundled:codes".to_owned(),
        weights: Some(WeightSet::Raw),
        precision: crate::gpu::Precision::F16,
    };
    assert_eq!(read.tokenizer, Some(expected));
    let again = make(read.request());
    assert!(again == (read.tokens, picture), "another picture");
}
