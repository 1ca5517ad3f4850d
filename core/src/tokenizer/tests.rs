//! Whole tokenizers with random weights: their tokens against plain code, by every rule.

use pollster::block_on;
use serde_json::json;

use crate::{
    files::{Model, Source},
    gpu::Precision,
    job::Job,
    ops::testing::{devices, noise_from},
};

use super::{ModelKind, Rule, Tokenizer, TokenizerConfig, TokenizerWeights};

const CODES: usize = 300;
const DIMENSION: usize = 12;

fn config(rule: Rule) -> TokenizerConfig {
    TokenizerConfig {
        ch: 32,
        ch_mult: vec![1, 1],
        num_res_blocks: 1,
        attn_resolutions: vec![],
        z_channels: 16,
        embed_dim: DIMENSION as u32,
        n_embed: CODES as u32,
        rule,
        ..TokenizerConfig::official(0)
    }
}

/// Random weights that keep maps at about their size. Norms are the identity, and the norms of codes differ widely, so
/// that the rules disagree.
fn values(name: &str, shape: &[u32], seed: u64) -> Vec<f32> {
    let count = shape.iter().product::<u32>() as usize;
    let noise = noise_from(count, seed);
    if name.contains("norm") {
        return vec![if name.ends_with("weight") { 1.0 } else { 0.0 }; count];
    }
    if name.starts_with("quantize") {
        let scaled = noise.chunks(DIMENSION).enumerate();
        return scaled
            .flat_map(|(code, row)| row.iter().map(move |v| v * (1 + code % 5) as f32 / 3.0))
            .collect();
    }
    let fan_in = shape.iter().skip(1).product::<u32>().max(1) as f32;
    noise.iter().map(|value| value * (3.0 / fan_in).sqrt()).collect()
}

/// A safetensors file with these tensors.
fn file(tensors: Vec<(String, Vec<u32>)>) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (seed, (name, shape)) in tensors.into_iter().enumerate() {
        let begin = data.len();
        data.extend(values(&name, &shape, seed as u64 + 1).into_iter().flat_map(f32::to_le_bytes));
        let entry = json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert(name, entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

/// The tokenizer in a file without a word on its rule.
fn bare(config: &TokenizerConfig) -> TokenizerWeights {
    let model = block_on(Model::open(Source::memory("a.safetensors", file(config.parameters())))).unwrap();
    model.tokenizer(None).unwrap()
}

/// The tokenizer in a folder with this `config.json`.
fn folder(config: &TokenizerConfig, section: &serde_json::Value) -> TokenizerWeights {
    let json = json!({ "kind": "tokenizer", "weights": "raw", "tokenizer": section }).to_string();
    let tensors = Source::memory("model.safetensors", file(config.parameters()));
    let model = block_on(Model::open_folder(Source::memory("config.json", json.into_bytes()), vec![tensors]));
    model.unwrap().tokenizer(None).unwrap()
}

/// The scores of all codes for a latent vector, in f64.
fn scores(rule: Rule, z: &[f32], codes: &[f32]) -> Vec<f64> {
    let of = |code: &[f32]| -> f64 {
        let squared: f64 = code.iter().zip(z).map(|(&c, &z)| (f64::from(c) - f64::from(z)).powi(2)).sum();
        match rule {
            Rule::Ibq => code.iter().zip(z).map(|(&c, &z)| f64::from(c) * f64::from(z)).sum(),
            Rule::Vq => -squared / 2.0,
        }
    };
    codes.chunks_exact(DIMENSION).map(of).collect()
}

#[test]
fn tokens_and_margins_are_those_of_the_rule() {
    let picture = noise_from(3 * 16 * 24, 77);
    let mut tokens = Vec::new();
    for rule in Rule::ALL {
        let weights = folder(&config(rule), &json!(config(rule)));
        assert_eq!((weights.config(), weights.rule_is_assumed()), (&config(rule), false));
        let codes = block_on(weights.read("quantize.embedding.weight")).unwrap();
        let tokenizer =
            block_on(Tokenizer::load(&devices()[0], &weights, Precision::F32, &Job::new())).unwrap();
        let trace = block_on(tokenizer.trace_encode(&picture, (1, 16, 24))).unwrap();
        let latents = trace.activation("quant_conv").unwrap();
        let positions = trace.indices.len();
        for (position, &token) in trace.indices.iter().enumerate() {
            let z: Vec<f32> = (0..DIMENSION).map(|d| latents.values[d * positions + position]).collect();
            let scores = scores(rule, &z, &codes);
            let mut order: Vec<usize> = (0..CODES).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            assert_eq!(token as usize, order[0], "{rule:?}, position {position}");
            let margin = scores[order[0]] - scores[order[1]];
            assert!((f64::from(trace.margins[position]) - margin).abs() < 1e-4, "{rule:?}, margin {margin}");
            // The inspector ranks as the lookup does.
            if position < 3 {
                let top = block_on(tokenizer.top_codes(&z, 3)).unwrap();
                let ranked: Vec<usize> = top.iter().map(|&(code, _)| code as usize).collect();
                assert_eq!(ranked, order[..3], "{rule:?}, position {position}");
            }
        }
        tokens.push(trace.indices);
    }
    let same = tokens[0].iter().zip(&tokens[1]).filter(|(a, b)| a == b).count();
    assert!(2 * same < tokens[0].len(), "the rules choose the same codes: {same} of {}", tokens[0].len());
}

const TAMING: &str = "
model:
  base_learning_rate: 4.5e-6
  target: taming.models.vqgan.VQModel
  params:
    embed_dim: 12
    n_embed: 300
    ddconfig:
      double_z: False
      z_channels: 16
      resolution: 256
      in_channels: 3
      out_ch: 3
      ch: 32
      ch_mult: [1, 1]
      num_res_blocks: 1
      attn_resolutions: []
      dropout: 0.0
    lossconfig:
      target: taming.modules.losses.vqperceptual.DummyLoss
";

#[test]
fn where_nothing_states_the_rule_ibq_is_assumed_and_a_yaml_states_it() {
    let weights = bare(&config(Rule::Ibq));
    assert_eq!((weights.config().rule, weights.rule_is_assumed()), (Rule::Ibq, true));
    assert_eq!(weights.config_section().get("quantizer"), None);
    let vqgan = weights.clone().with_yaml(TAMING).unwrap();
    assert_eq!((vqgan.config().rule, vqgan.rule_is_assumed()), (Rule::Vq, false));
    assert_eq!(vqgan.config_section()["quantizer"], "vq");
    assert_eq!(vqgan.config().family_name(), "VQGAN");
    let ibq = TAMING.replace("taming.models.vqgan.VQModel", "src.IBQ.models.ibqgan.IBQ");
    let stated = weights.clone().with_yaml(&ibq).unwrap();
    assert_eq!((stated.config().rule, stated.rule_is_assumed()), (Rule::Ibq, false));
    // Without a class the fields are compared, and the rule is still open.
    let bare = TAMING.replace("  target: taming.models.vqgan.VQModel\n", "");
    assert!(weights.clone().with_yaml(&bare).unwrap().rule_is_assumed());
    let gumbel = TAMING.replace("VQModel", "GumbelVQ");
    assert!(weights.with_yaml(&gumbel).unwrap_err().to_string().contains("taming.models.vqgan.GumbelVQ"));
}

#[test]
fn a_folder_without_the_field_is_from_before_it_was_written() {
    let mut section = json!(config(Rule::Ibq));
    section.as_object_mut().unwrap().remove("quantizer");
    assert!(folder(&config(Rule::Ibq), &section).rule_is_assumed());
}

#[test]
fn a_folder_and_a_yaml_that_disagree_on_the_rule_are_an_error() {
    let weights = folder(&config(Rule::Ibq), &json!(config(Rule::Ibq)));
    let error = weights.with_yaml(TAMING).unwrap_err().to_string();
    assert!(error.contains("`quantizer: vq`") && error.contains("ibq"), "{error}");
}

#[test]
fn a_rule_that_is_not_known_is_named() {
    let mut section = json!(config(Rule::Ibq));
    section["quantizer"] = json!("lfq");
    let json = json!({ "kind": "tokenizer", "weights": "raw", "tokenizer": section }).to_string();
    let tensors = Source::memory("model.safetensors", file(config(Rule::Ibq).parameters()));
    let model = block_on(Model::open_folder(Source::memory("config.json", json.into_bytes()), vec![tensors]));
    let error = model.unwrap().tokenizer(None).unwrap_err().to_string();
    assert!(error.contains("`lfq`") && error.contains("config.json"), "{error}");
}

#[test]
fn a_tokenizer_of_another_family_inside_a_transformer_is_refused_by_name() {
    let open = |other: &str| {
        let inner = |(name, shape): (String, Vec<u32>)| {
            (format!("first_stage_model.{}", name.replace("quantize.embedding", "quantize.embed")), shape)
        };
        let mut tensors: Vec<_> = config(Rule::Ibq).parameters().into_iter().map(inner).collect();
        tensors.push((other.to_owned(), vec![4, 4]));
        block_on(Model::open(Source::memory("a.safetensors", file(tensors)))).unwrap()
    };
    let transformer = open("transformer.blocks.0.attention.wqkv.weight");
    assert_eq!(transformer.kind(), ModelKind::Transformer);
    let error = transformer.tokenizer(None).unwrap_err().to_string();
    assert!(error.contains("a GumbelVQ tokenizer of taming-transformers"), "{error}");
    let taming = open("transformer.blocks.0.attn.key.weight");
    let error = taming.tokenizer(None).unwrap_err().to_string();
    assert!(error.contains("Net2NetTransformer"), "{error}");
}
