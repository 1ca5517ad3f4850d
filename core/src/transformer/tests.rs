//! The transformer on every device, compared with plain code.

use proptest::prelude::*;

use super::{reference::Reference, *};
use crate::{device::Device, job::Job, ops::testing::executors, tokens::TokenGrid};

/// A small model that has every irregularity: a vocabulary that is no multiple of four, a feed-forward width and a width
/// beyond one block of 64 elements, heads whose number is no power of two.
fn small() -> TransformerConfig {
    TransformerConfig {
        vocab_size: 75,
        block_size: 16,
        n_layer: 2,
        n_head: 3,
        n_embd: 24,
        class_num: 5,
        ffn_dim: 268,
    }
}

/// The most restricted GPU, and the processor.
fn one_of_each() -> [&'static Device; 2] {
    let all = executors();
    [&all[0], &all[all.len() - 1]]
}

fn load(device: &Device, reference: &Reference, precision: TransformerPrecision) -> Transformer {
    let weights = reference.weights();
    pollster::block_on(Transformer::load(device, &weights, precision, &Job::new())).expect("it loads")
}

fn logits(transformer: &Transformer, condition: Condition, tokens: &[u32], at_once: Option<u32>) -> Logits {
    pollster::block_on(transformer.logits(condition, tokens, at_once, &Job::new())).expect("logits")
}

/// Largest difference between our logits and the reference's.
fn worst(ours: &Logits, plain: &[Vec<f64>]) -> f64 {
    let plain = plain.iter().flatten();
    assert_eq!(ours.values.len(), plain.clone().count());
    ours.values.iter().zip(plain).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max)
}

fn some_tokens(count: usize, vocab: u32, seed: u64) -> Vec<u32> {
    let noise = reference::noise(count, seed);
    noise.iter().map(|value| ((value + 1.0) / 2.0 * vocab as f32) as u32 % vocab).collect()
}

#[test]
fn logits_are_those_of_plain_code_in_every_precision() {
    let reference = Reference::random(small(), 1);
    let tokens = some_tokens(16, 75, 2);
    for device in executors() {
        for precision in TransformerPrecision::ALL {
            // Keys and values are rounded as well, when weights are: the twin does not do that.
            let tolerance = if precision == TransformerPrecision::F32 { 1e-4 } else { 0.03 };
            let stored = reference.rounded(precision);
            let transformer = load(device, &reference, precision);
            let tiles_of_gpus = load(device, &reference, precision).with_tiles_of_gpus();
            for condition in [Condition::Class(3), Condition::Mix(0, 4, 0.3), Condition::None] {
                let expected = stored.logits(condition, &tokens);
                for transformer in [&transformer, &tiles_of_gpus] {
                    let error = worst(&logits(transformer, condition, &tokens, None), &expected);
                    assert!(error <= tolerance, "{precision:?} {condition:?}: off by {error}");
                    println!("{device:?} {precision:?} {condition:?}: within {error:.1e}");
                }
            }
        }
    }
}

#[test]
fn the_result_does_not_depend_on_how_many_positions_go_together() {
    let reference = Reference::random(small(), 3);
    let tokens = some_tokens(16, 75, 4);
    for device in executors() {
        for precision in [TransformerPrecision::F32, TransformerPrecision::Int4] {
            let as_usual = load(device, &reference, precision);
            let tiles_of_gpus = load(device, &reference, precision).with_tiles_of_gpus();
            for transformer in [as_usual, tiles_of_gpus] {
                let together = logits(&transformer, Condition::Class(1), &tokens, None);
                for at_once in [1, 2, 5] {
                    let parts = logits(&transformer, Condition::Class(1), &tokens, Some(at_once));
                    assert!(parts == together, "{precision:?}: {at_once} at once");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn any_configuration(
        heads in 1_u32..5, quarter in 1_u32..9, ffn in 1_u32..80, layers in 1_u32..3,
        vocab in 1_u32..300, side in 1_u32..5, classes in 1_u32..4, seed in 0_u64..1000,
    ) {
        let config = TransformerConfig {
            vocab_size: vocab, block_size: side * side, n_layer: layers, n_head: heads, n_embd: 4 * heads * quarter,
            class_num: classes, ffn_dim: 4 * ffn,
        };
        let reference = Reference::random(config, seed);
        let tokens = some_tokens((side * side) as usize, vocab, seed);
        for device in executors() {
            let transformer = load(device, &reference, TransformerPrecision::F32);
            let ours = logits(&transformer, Condition::Class(classes - 1), &tokens, None);
            let error = worst(&ours, &reference.logits(Condition::Class(classes - 1), &tokens));
            prop_assert!(error <= 2e-4, "off by {}", error);
        }
    }
}

/// A layer with so many outputs that it takes the wide tile.
#[test]
fn a_large_vocabulary() {
    let config = TransformerConfig { vocab_size: 4100, n_layer: 1, ..small() };
    let reference = Reference::random(config, 5);
    let tokens = some_tokens(11, 4100, 6);
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let ours = logits(&transformer, Condition::Class(0), &tokens, None);
        let expected = reference.logits(Condition::Class(0), &tokens);
        assert!(worst(&ours, &expected) <= 1e-4);
        assert!(logits(&transformer, Condition::Class(0), &tokens, Some(1)) == ours);
        let transformer = transformer.with_tiles_of_gpus();
        let ours = logits(&transformer, Condition::Class(0), &tokens, None);
        assert!(worst(&ours, &expected) <= 1e-4);
        assert!(logits(&transformer, Condition::Class(0), &tokens, Some(1)) == ours);
    }
}

#[test]
fn scores_are_logarithms_of_probabilities() {
    let reference = Reference::random(small(), 7);
    let tokens = some_tokens(9, 75, 8);
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let score = pollster::block_on(transformer.score(Condition::Class(2), &tokens, &Job::new())).unwrap();
        let plain = reference.logits(Condition::Class(2), &tokens);
        assert_eq!(score.per_token.len(), 9);
        for ((ours, logits), &token) in score.per_token.iter().zip(&plain).zip(&tokens) {
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            assert!((ours - (logits[token as usize] - sum.ln())).abs() < 1e-4);
        }
        assert!((score.total() - score.per_token.iter().sum::<f64>()).abs() < 1e-12);
    }
}

/// What is said of a token is what plain code computes, and a greedy picture takes the first candidate everywhere.
#[test]
fn an_insight_tells_what_each_token_was_chosen_from() {
    let reference = Reference::random(small(), 15);
    for device in executors() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let sampling =
            Sampling { temperature: 0.0, cfg_scale: 3.0, schedule: Schedule::Linear, ..Sampling::default() };
        let tokens = generate(&transformer, &[request(2, 0, sampling)]).remove(0).tokens;
        let job = Job::new();
        let looked = transformer.insight(Condition::Class(2), &sampling, &tokens, 5, &job);
        let insight = pollster::block_on(looked).unwrap();
        let with = reference.logits(Condition::Class(2), &tokens);
        let without = reference.logits(Condition::None, &tokens);
        let share = |row: &[f64], token: u32| {
            row[token as usize].exp() / row.iter().map(|value| value.exp()).sum::<f64>()
        };
        assert_eq!(insight.positions.len(), 16);
        for (position, seen) in insight.positions.iter().enumerate() {
            assert_eq!((seen.chosen.token, seen.candidates.len()), (tokens[position], 5));
            assert!(seen.candidates[0].guided - seen.chosen.guided < 1e-3, "token {position}");
            let (c, u) = (&with[position], &without[position]);
            let scale = 1.0 + 2.0 * position as f64 / 15.0;
            let guided: Vec<f64> = c.iter().zip(u).map(|(c, u)| u + scale * (c - u)).collect();
            for seen in &seen.candidates {
                for (ours, row) in [(seen.conditional, c), (seen.unconditional, u), (seen.guided, &guided)] {
                    assert!((f64::from(ours) - share(row, seen.token)).abs() < 1e-3, "token {position}");
                }
            }
            let entropy: f64 =
                (0..75).map(|token| share(&guided, token)).map(|p| -p * p.max(1e-300).log2()).sum();
            assert!((f64::from(seen.entropy) - entropy).abs() < 1e-2, "token {position}");
        }
    }
}

fn request(class: u32, number: u32, sampling: Sampling) -> PictureRequest {
    PictureRequest { condition: Condition::Class(class), sampling, seed: 42, number, fixed: Vec::new() }
}

fn generate(transformer: &Transformer, requests: &[PictureRequest]) -> Vec<TokenGrid> {
    pollster::block_on(transformer.generate(requests, &Job::new(), |_| {})).expect("pictures")
}

/// Generation on the GPU is what the logits and the sampler give one token at a time.
#[test]
fn greedy_pictures_follow_the_plain_logits() {
    let reference = Reference::random(small(), 9);
    for device in executors() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        for cfg_scale in [1.0, 3.0] {
            let sampling = Sampling { temperature: 0.0, cfg_scale, ..Sampling::default() };
            let made = generate(&transformer, &[request(2, 0, sampling)]);
            assert_eq!((made[0].rows, made[0].cols), (4, 4));
            let tokens = &made[0].tokens;
            let with = reference.logits(Condition::Class(2), tokens);
            let without = reference.logits(Condition::None, tokens);
            for (position, &token) in tokens.iter().enumerate() {
                let guided: Vec<f64> = with[position]
                    .iter()
                    .zip(&without[position])
                    .map(|(c, u)| if cfg_scale > 1.0 { u + f64::from(cfg_scale) * (c - u) } else { *c })
                    .collect();
                let best = guided.iter().copied().fold(f64::MIN, f64::max);
                assert!(best - guided[token as usize] < 1e-3, "scale {cfg_scale}: token {position}");
            }
        }
    }
}

#[test]
fn a_seed_names_a_picture_whatever_else_is_made() {
    let reference = Reference::random(small(), 10);
    for device in executors() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let sampling = Sampling { cfg_scale: 2.0, top_k: 40, top_p: 0.95, ..Sampling::default() };
        let requests: Vec<PictureRequest> =
            (0..8).map(|number| request(number % 5, number, sampling)).collect();
        let together = generate(&transformer, &requests);
        assert_eq!(together, generate(&transformer, &requests));
        for number in [0, 3, 7] {
            assert_eq!(generate(&transformer, &requests[number..=number]), together[number..=number]);
        }
        let other = PictureRequest { seed: 43, ..requests[0].clone() };
        assert_ne!(generate(&transformer, &[other])[0], together[0]);
        let other = PictureRequest { number: 100, ..requests[0].clone() };
        assert_ne!(generate(&transformer, &[other])[0], together[0]);
    }
}

#[test]
fn given_tokens_stay_and_the_rest_follows_them() {
    let reference = Reference::random(small(), 11);
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let whole = generate(&transformer, &[request(1, 0, Sampling::default())]);
        let tokens = &whole[0].tokens;
        // A prefix goes through the network at once; the rest must be what it was.
        for kept in [1, 5, 15, 16] {
            let fixed = tokens[..kept].iter().map(|&token| Some(token)).collect();
            let again = PictureRequest { fixed, ..request(1, 0, Sampling::default()) };
            let mut told: Vec<u32> = Vec::new();
            let (again, job) = ([again], Job::new());
            let made = transformer.generate(&again, &job, |new| told.extend_from_slice(new.tokens));
            assert_eq!(pollster::block_on(made).unwrap(), whole, "{kept} kept");
            assert_eq!(&told, tokens);
        }
        let mut fixed = vec![None; 9];
        (fixed[0], fixed[4], fixed[8]) = (Some(74), Some(3), Some(5));
        let held = PictureRequest { fixed, ..request(1, 0, Sampling::default()) };
        let made = generate(&transformer, &[held, request(1, 0, Sampling::default())]);
        assert_eq!((made[0].tokens[0], made[0].tokens[4], made[0].tokens[8]), (74, 3, 5));
        assert_eq!(made[1], whole[0]);
    }
}

#[test]
fn wrong_requests_are_refused_in_words() {
    let reference = Reference::random(small(), 12);
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let refuse = |request: PictureRequest| {
            let made = pollster::block_on(transformer.generate(&[request], &Job::new(), |_| {}));
            made.unwrap_err().to_string()
        };
        let good = request(0, 0, Sampling::default());
        assert!(refuse(request(5, 0, Sampling::default())).contains("class 5"));
        assert!(refuse(request(0, 0, Sampling { top_p: 0.0, ..Sampling::default() })).contains("top-p"));
        assert!(refuse(PictureRequest { fixed: vec![None; 17], ..good.clone() }).contains("17 tokens"));
        assert!(
            refuse(PictureRequest { fixed: vec![None, Some(75)], ..good.clone() }).contains("token 1 is 75")
        );
        let long = pollster::block_on(transformer.score(Condition::None, &[0; 17], &Job::new()));
        assert!(long.unwrap_err().to_string().contains("17 tokens"));
        let unknown = pollster::block_on(transformer.score(Condition::None, &[75], &Job::new()));
        assert!(unknown.unwrap_err().to_string().contains("75"));
        let job = Job::new();
        job.cancel();
        let cancelled = pollster::block_on(transformer.generate(&[good], &job, |_| {}));
        assert!(matches!(cancelled, Err(TransformerError::Cancelled(_))));
    }
}

/// Weights are finite in files, but may be so large that logits are not.
#[test]
fn logits_that_are_no_numbers_are_an_error() {
    let mut reference = Reference::random(small(), 13);
    for value in reference.parameters.get_mut("head.weight").unwrap() {
        *value = 3e38;
    }
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        let made = pollster::block_on(transformer.generate(
            &[request(0, 0, Sampling::default())],
            &Job::new(),
            |_| {},
        ));
        assert!(matches!(made, Err(TransformerError::NotFinite { position: 0 })), "{made:?}");
        let scored = pollster::block_on(transformer.score(Condition::None, &[1], &Job::new()));
        assert!(matches!(scored, Err(TransformerError::NotFinite { position: 0 })), "{scored:?}");
    }
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let reference = Reference::random(small(), 14);
    let open = |name: &str, bytes: Vec<u8>| {
        pollster::block_on(crate::files::Model::open(crate::files::Source::memory(name, bytes))).unwrap()
    };
    let header = br#"{"other.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&[0; 4]);
    let error = TransformerWeights::new(&open("other.safetensors", bytes), None).unwrap_err();
    assert!(error.to_string().contains("other.safetensors is no transformer"), "{error}");
    let config = reference.weights().config().clone();
    assert_eq!(config, small());
}

/// Tables and heads beyond the largest binding are cut into shards.
#[test]
fn the_largest_vocabulary_is_sharded() {
    let config = TransformerConfig {
        vocab_size: 1 << 18,
        block_size: 4,
        n_layer: 1,
        n_head: 3,
        n_embd: 132,
        class_num: 2,
        ffn_dim: 256,
    };
    let reference = Reference::random(config, 15);
    for device in one_of_each() {
        let transformer = load(device, &reference, TransformerPrecision::F32);
        if transformer.device().gpu().is_some() {
            let (table, head) = transformer.executor().linear_shards("tok_emb.weight", "head");
            assert!(table > 1 && head > 1, "not one shard too many");
        }
        let tokens = [3, (1 << 18) - 1, 254_200, 254_199];
        let ours = logits(&transformer, Condition::Class(1), &tokens, Some(2));
        let error = worst(&ours, &reference.logits(Condition::Class(1), &tokens));
        assert!(error <= 2e-4, "off by {error}");
        let greedy = Sampling { temperature: 0.0, cfg_scale: 2.0, ..Sampling::default() };
        let made = generate(&transformer, &[request(0, 0, greedy), request(1, 1, greedy)]);
        assert_eq!((made.len(), made[0].tokens.len()), (2, 4));
    }
}

/// A folder that exists as long as the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-transformer-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Stored quantized or quantized while loading: the same.
#[test]
fn a_converted_model_is_the_one_it_was_made_from() {
    // More codes than one stored piece of the head has.
    let config = TransformerConfig { vocab_size: 16_387, ..small() };
    let reference = Reference::random(config, 16);
    let (model, weights) = reference.model();
    let tokens = some_tokens(9, 16_387, 17);
    for device in one_of_each() {
        let mut sizes = Vec::new();
        for precision in TransformerPrecision::ALL {
            let folder = Folder::new(precision.name());
            let names = (0..5).map(|class| format!("class {class}")).collect();
            let job = Job::new();
            let written =
                convert_transformer(Some(device), &model, &weights, precision, names, &folder.0, &job);
            pollster::block_on(written).expect("it is written");
            let stored = pollster::block_on(crate::files::Model::open_path(&folder.0)).expect("a model");
            assert_eq!(stored.folder().unwrap().class_names[4], "class 4");
            let weights = TransformerWeights::new(&stored, None).expect("a transformer");
            assert!(weights.assumed().is_empty());
            let quantized = !matches!(precision, TransformerPrecision::F32 | TransformerPrecision::F16);
            assert_eq!(weights.quantized(), quantized.then_some(precision));
            let from_folder =
                pollster::block_on(Transformer::load(device, &weights, precision, &job)).expect("it loads");
            let from_file = load(device, &reference, precision);
            let of_folder = logits(&from_folder, Condition::Class(3), &tokens, None);
            let of_file = logits(&from_file, Condition::Class(3), &tokens, None);
            if precision == TransformerPrecision::F16 {
                // Norms are multiplied into weights that were rounded before: some values are rounded twice.
                let differences = of_folder.values.iter().zip(&of_file.values).map(|(a, b)| (a - b).abs());
                let worst = differences.fold(0.0, f32::max);
                assert!(worst < 0.02, "off by {worst}");
            } else {
                assert!(of_folder == of_file, "{precision:?} is another model");
            }
            assert_eq!(from_folder.weight_bytes(), from_file.weight_bytes());
            let estimate = Transformer::estimate(device, from_file.config(), precision);
            assert_eq!(estimate.weights, from_file.weight_bytes(), "{precision:?}: the estimate is exact");
            sizes.push(std::fs::metadata(folder.0.join("model.safetensors")).unwrap().len());
            if quantized {
                let other = Transformer::load(device, &weights, TransformerPrecision::F32, &job);
                let error = pollster::block_on(other).unwrap_err().to_string();
                assert!(error.contains(precision.name()) && error.contains("f32"), "{error}");
            }
        }
        assert!(sizes.windows(2).all(|pair| pair[1] < pair[0]), "{sizes:?}");
    }
}

#[test]
fn a_folder_with_logits_in_4_bits_is_refused() {
    let (model, weights) = Reference::random(small(), 18).model();
    let folder = Folder::new("logits");
    for device in one_of_each() {
        let (gpu, precision, job) = (Some(device), TransformerPrecision::Int4, Job::new());
        let written = convert_transformer(gpu, &model, &weights, precision, Vec::new(), &folder.0, &job);
        pollster::block_on(written).expect("it is written");
        let path = folder.0.join("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        let name = b"head.0.int8";
        let at = bytes.windows(name.len()).position(|window| window == name).expect("logits in 8 bits");
        bytes[at..at + name.len()].copy_from_slice(b"head.0.int4");
        std::fs::write(&path, bytes).unwrap();
        let stored = pollster::block_on(crate::files::Model::open_path(&folder.0)).expect("a model");
        let error = TransformerWeights::new(&stored, None).unwrap_err().to_string();
        assert!(error.contains("4 bits") && error.contains("convert the original again"), "{error}");
    }
}

#[test]
fn random_weights_make_a_model_of_any_size() {
    let weights = TransformerWeights::random(small(), 3).unwrap();
    let job = Job::new();
    for device in one_of_each() {
        let loaded = Transformer::load(device, &weights, TransformerPrecision::Int8, &job);
        let made = generate(&pollster::block_on(loaded).unwrap(), &[request(0, 0, Sampling::default())]);
        assert!(made[0].tokens.iter().any(|&token| token != made[0].tokens[0]));
        assert!(TransformerWeights::random(TransformerConfig { n_head: 0, ..small() }, 3).is_err());
    }
}
