//! Golden vectors of the transformer: every case that the manifest lists under `transformer`; none where it lists none.

use std::path::PathBuf;

use ibq_core::{
    device::{Device, Processor},
    files::{Model, WeightSet},
    gpu::{Precision, Tier},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenGrid,
    transformer::{
        Condition, LogitRow, PictureRequest, Sampling, Transformer, TransformerPrecision, TransformerWeights,
        draw,
    },
};
use ibq_tests::{
    device::software_gpu,
    vectors::{Golden, Tensor, worst},
};
use serde_json::json;

/// The folder, if its manifest has a transformer, with the tolerance of logits.
fn golden() -> Option<(Golden, f64)> {
    let golden = Golden::open();
    if golden.get("/transformer").is_none() {
        println!("no transformer in this manifest");
        return None;
    }
    let tolerance = golden.number("/tolerance/logits").expect("tolerance");
    Some((golden, tolerance))
}

/// A software adapter of each tier, and the processor.
fn devices(tiers: &[Tier]) -> impl Iterator<Item = Device> {
    let adapters = tiers.iter().map(|&tier| software_gpu(tier).into());
    adapters.chain([Processor::open(2).into()])
}

/// A device's name, for messages.
fn name(device: &Device) -> &'static str {
    device.gpu().map_or("the processor", |gpu| gpu.info().tier.name())
}

fn load(golden: &Golden, device: &Device, precision: TransformerPrecision) -> Transformer {
    let checkpoint = golden.path(golden.text("/transformer/checkpoint").expect("checkpoint"));
    let config = golden.path(golden.text("/transformer/config").expect("config"));
    let yaml = std::fs::read_to_string(config).expect("the configuration");
    pollster::block_on(async {
        let model = Model::open_path(&checkpoint).await.expect("the checkpoint opens");
        let weights = TransformerWeights::new(&model, Some(&yaml)).expect("a transformer");
        assert!(weights.assumed().is_empty(), "{:?}", weights.assumed());
        Transformer::load(device, &weights, precision, &Job::new()).await.expect("it loads")
    })
}

fn unsigned(values: &[i32]) -> Vec<u32> {
    values.iter().map(|&value| u32::try_from(value).expect("a token or class")).collect()
}

/// A class of the vectors; the one after the last is "no class".
fn condition(class: u32, classes: u32) -> Condition {
    if class == classes { Condition::None } else { Condition::Class(class) }
}

#[test]
fn golden_logits_all_at_once_and_one_by_one() {
    let Some((golden, tolerance)) = golden() else { return };
    let vectors = golden.tensors(golden.text("/transformer/teacher_forced").expect("file"));
    let [rows, length] = vectors.shape("tokens")[..] else { panic!("shape of tokens") };
    let (tokens, classes) = (unsigned(&vectors.i32s("tokens")), unsigned(&vectors.i32s("classes")));
    let (logits, cached) = (vectors.f32s("logits"), vectors.f32s("logits_kv"));
    for device in devices(&[Tier::Portable, Tier::Fast]) {
        let tier = name(&device);
        let transformer = load(&golden, &device, TransformerPrecision::F32);
        let each = logits.len() / rows;
        for row in 0..rows {
            let condition = condition(classes[row], transformer.config().class_num);
            let tokens = &tokens[row * length..][..length];
            let run =
                |at_once| pollster::block_on(transformer.logits(condition, tokens, at_once, &Job::new()));
            let together = run(None).expect("logits");
            let error = worst(&together.values, &logits[row * each..][..each]);
            assert!(error <= tolerance, "{tier}: row {row} is off by {error}");
            println!("{tier}: row {row} within {error:.1e}");
            if row == 0 {
                for at_once in [1, 7] {
                    let parts = run(Some(at_once)).expect("logits");
                    assert!(worst(&parts.values, &cached[..each]) <= tolerance, "{tier}: {at_once} at once");
                    assert!(together == parts, "{tier}: {at_once} at once is not the same");
                }
            }
        }
    }
}

#[test]
fn golden_activations_agree_by_name() {
    let Some((golden, tolerance)) = golden() else { return };
    let vectors = golden.tensors(golden.text("/transformer/teacher_forced").expect("file"));
    let expected = golden.tensors(golden.text("/transformer/activations").expect("file"));
    let [_, length] = vectors.shape("tokens")[..] else { panic!("shape of tokens") };
    let (tokens, classes) = (unsigned(&vectors.i32s("tokens")), unsigned(&vectors.i32s("classes")));
    for device in devices(&[Tier::Portable]) {
        let transformer = load(&golden, &device, TransformerPrecision::F32);
        let condition = condition(classes[0], transformer.config().class_num);
        let trace =
            pollster::block_on(transformer.trace(condition, &tokens[..length], &Job::new())).expect("a run");
        let ours = |name: &str| {
            let found = trace.iter().find(|activation| activation.name == name);
            &found.unwrap_or_else(|| panic!("no activation {name}")).values
        };
        let mut compared = 0;
        for name in expected.names().filter(|name| *name == "embeddings" || name.ends_with(".out")) {
            let ours = ours(name);
            let error = worst(ours, &expected.f32s(name)[..ours.len()]);
            assert!(error <= tolerance, "{name} is off by {error}");
            compared += 1;
        }
        assert!(compared > 1, "no activations in the vectors");
        // gamma1, gamma2, scale1, scale2, shift1, shift2; scales are kept as factors, which the blocks above show.
        let vectors = expected.f32s("blocks.0.ada_lin");
        let width = transformer.config().n_embd as usize;
        for (part, name) in [(0, "gamma1"), (1, "gamma2"), (4, "shift1"), (5, "shift2")] {
            let error = worst(ours(&format!("blocks.0.{name}")), &vectors[part * width..][..width]);
            assert!(error <= tolerance, "{name} is off by {error}");
        }
    }
}

#[test]
fn golden_guidance_and_filters() {
    let Some((golden, tolerance)) = golden() else { return };
    for device in devices(&[Tier::Portable]) {
        let vectors = golden.tensors(golden.text("/transformer/teacher_forced").expect("file"));
        let scale = golden.number("/transformer/teacher_forced_cfg/cfg_scale").expect("scale") as f32;
        let temperature =
            golden.number("/transformer/teacher_forced_cfg/temperature").expect("temperature") as f32;
        let [rows, positions, vocab] = vectors.shape("logits")[..] else { panic!("shape of logits") };
        let (logits, guided) = (vectors.f32s("logits"), vectors.f32s("logits_cfg_temp"));
        let (conditional, unconditional) = logits.split_at((rows - 1) * positions * vocab);
        let sampling = Sampling { cfg_scale: scale, temperature, ..Sampling::default() };
        let pairs: Vec<LogitRow<'_>> = conditional
            .chunks_exact(vocab)
            .zip(unconditional.chunks_exact(vocab).cycle())
            .map(|(c, u)| LogitRow { conditional: c, unconditional: Some(u), sampling, seed: 1, number: 0 })
            .collect();
        let drawn = pollster::block_on(draw(&device, &pairs)).expect("a run");
        for (drawn, guided) in drawn.iter().zip(guided.chunks_exact(vocab)) {
            assert!(worst(&drawn.guided, guided) <= tolerance);
            assert!(drawn.kept.iter().all(|&kept| kept));
        }

        let file = golden.tensors(golden.text("/transformer/filtering/file").expect("file"));
        for setting in golden.list("/transformer/filtering/settings") {
            let suffix = setting["suffix"].as_str().expect("suffix");
            let sampling = Sampling {
                top_k: setting["top_k"].as_u64().expect("top_k") as u32,
                top_p: setting["top_p"].as_f64().expect("top_p") as f32,
                ..Sampling::default()
            };
            let rows: Vec<LogitRow<'_>> = guided
                .chunks_exact(vocab)
                .map(|row| LogitRow { conditional: row, unconditional: None, sampling, seed: 1, number: 0 })
                .collect();
            let drawn = pollster::block_on(draw(&device, &rows)).expect("a run");
            let kept: Vec<u8> =
                drawn.iter().flat_map(|drawn| drawn.kept.iter().map(|&kept| u8::from(kept))).collect();
            assert!(kept == file.u8s(&format!("keep_mask_{suffix}")), "{suffix}: other tokens are kept");
            for drawn in drawn {
                assert!(drawn.kept[drawn.token.expect("a token") as usize], "{suffix}");
            }
        }
    }
}

#[test]
fn golden_greedy_sequences_and_picture() {
    let Some((golden, tolerance)) = golden() else { return };
    for device in devices(&[Tier::Fast]) {
        let transformer = load(&golden, &device, TransformerPrecision::F32);
        let teacher_forced = golden.tensors(golden.text("/transformer/teacher_forced").expect("file"));
        let classes = unsigned(&teacher_forced.i32s("classes"));
        let expected = golden.tensors(golden.text("/transformer/greedy/file").expect("file"));
        let job = Job::new();
        for scale in golden.list("/transformer/greedy/cfg_scales") {
            let scale = scale.as_f64().expect("a scale");
            let tokens = unsigned(&expected.i32s(&format!("tokens_cfg{scale:?}")));
            let sequences: Vec<&[u32]> =
                tokens.chunks_exact(transformer.config().block_size as usize).collect();
            let sampling = Sampling { cfg_scale: scale as f32, temperature: 0.0, ..Sampling::default() };
            let request = |&class: &u32| {
                let condition = Condition::Class(class);
                PictureRequest { condition, sampling, seed: 0, number: 0, fixed: Vec::new() }
            };
            let requests: Vec<PictureRequest> = classes[..sequences.len()].iter().map(request).collect();
            let mut told = vec![Vec::new(); requests.len()];
            let made = transformer.generate(&requests, &job, |new| {
                assert_eq!(told[new.picture].len(), new.position as usize);
                told[new.picture].extend_from_slice(new.tokens);
            });
            let made = pollster::block_on(made).expect("pictures");
            for (row, tokens) in sequences.iter().enumerate() {
                assert!(made[row].tokens == *tokens, "scale {scale}: row {row} differs");
                assert!(told[row] == *tokens, "scale {scale}: row {row}: progress reported other tokens");
            }
            let name = format!("logits_cfg{scale:?}_stride16");
            if expected.has(&name) {
                let [_, rows, vocab] = expected.shape(&name)[..] else { panic!("shape of {name}") };
                let theirs = expected.f32s(&name);
                let logits = transformer.logits(Condition::Class(classes[0]), sequences[0], None, &job);
                let logits = pollster::block_on(logits).expect("logits");
                let ours: Vec<f32> = (0..rows).flat_map(|row| logits.row(16 * row).to_vec()).collect();
                let error = worst(&ours, &theirs[..rows * vocab]);
                assert!(error <= tolerance, "scale {scale}: logits along the picture are off by {error}");
            }
        }
        check_picture(&golden, &device);
    }
}

/// Decodes the picture that the manifest names, with every tokenizer at hand: the one that the manifest names, and the one
/// inside the transformer's checkpoint where it has one. Nothing where the manifest names no picture.
fn check_picture(golden: &Golden, device: &Device) {
    let Some(image) = golden.get("/transformer/greedy/image") else { return };
    let scale = image["cfg_scale"].as_f64().expect("cfg_scale");
    let row = image["row"].as_u64().expect("row") as usize;
    let outside = golden.path(image["tokenizer"].as_str().expect("tokenizer"));
    let set = match image["weights"].as_str() {
        Some("raw") => WeightSet::Raw,
        Some("ema") => WeightSet::Ema,
        other => panic!("weights {other:?}"),
    };
    let inside = golden.path(golden.text("/transformer/checkpoint").expect("checkpoint"));
    let expected = golden.tensors(golden.text("/transformer/greedy/file").expect("file"));
    let name = format!("tokens_cfg{scale:?}");
    let [_, length] = expected.shape(&name)[..] else { panic!("shape of {name}") };
    let side = length.isqrt() as u32;
    let tokens = unsigned(&expected.i32s(&name)[row * length..][..length]);
    let grid = TokenGrid { rows: side, cols: side, tokens };
    let theirs = expected.f32s("image_cfg");
    let plane = theirs.len() / 3;
    let mut pictures = Vec::new();
    for (file, set) in [(outside, Some(set)), (inside, None)] {
        let model = pollster::block_on(Model::open_path(&file)).expect("the checkpoint opens");
        if set.is_none() && !model.tensors().iter().any(|entry| entry.name.starts_with("first_stage_model."))
        {
            println!("no tokenizer inside {}", file.display());
            continue;
        }
        let decoded = decode(device, &model, set, &grid);
        for (at, pixel) in decoded.pixels().enumerate() {
            for (channel, &value) in pixel.0.iter().enumerate() {
                let exact = f64::from(theirs[channel * plane + at].clamp(-1.0, 1.0) + 1.0) / 2.0 * 255.0;
                let off = (f64::from(value) + 0.5 - exact).abs();
                assert!(off <= 1.0, "{}: pixel {at}: {value}, not {exact}", file.display());
            }
        }
        pictures.push(decoded);
    }
    let equal = pictures.windows(2).all(|pair| pair[0] == pair[1]);
    assert!(equal, "the tokenizer inside and the one outside differ");
}

fn decode(device: &Device, model: &Model, set: Option<WeightSet>, grid: &TokenGrid) -> image::RgbImage {
    let weights = model.tokenizer(set).expect("a tokenizer");
    let decoding = async {
        let job = Job::new();
        let tokenizer = Tokenizer::load(device, &weights, Precision::F32, &job).await.expect("it loads");
        tokenizer.decode(std::slice::from_ref(grid), &RunOptions::default(), &job).await
    };
    pollster::block_on(decoding).expect("a picture").pictures.remove(0)
}

/// A folder whose checkpoint holds the transformer alone, and whose manifest names the tokenizer for the picture.
#[test]
fn golden_picture_of_a_tokenizer_outside_of_the_checkpoint() {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    let golden = Golden::open_folder(repository.clone());
    let gpu = software_gpu(Tier::Portable);
    let (checkpoint, tokenizer) = ("ar_small.safetensors", "tokenizer_tiny.ckpt");
    // A corner of the picture is enough.
    let side = 4;
    let mut greedy = golden.tensors("ar_small_greedy.safetensors");
    let tokens = greedy.i32s("tokens_cfg2.25")[..side * side].to_vec();
    greedy.insert("tokens_cfg2.25", Tensor::i32s(&[1, side * side], &tokens));

    // The stage by stage run, which has its own golden vectors, says what the picture must be.
    let model = pollster::block_on(Model::open_path(&golden.path(tokenizer))).expect("the checkpoint opens");
    let weights = model.tokenizer(Some(WeightSet::Ema)).expect("a tokenizer");
    let trace = pollster::block_on(async {
        let loaded = Tokenizer::load(&gpu, &weights, Precision::F32, &Job::new()).await.expect("it loads");
        loaded.trace_decode(&unsigned(&tokens), (1, side as u32, side as u32)).await.expect("a run")
    });
    let picture = trace.activation("dec.conv_out").expect("the picture");
    greedy.insert("image_cfg", Tensor::f32s(&picture.shape, &picture.values));

    let folder = std::env::temp_dir().join(format!("ibq-golden-outside-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    greedy.write(&folder.join("greedy.safetensors"));
    for file in [checkpoint, tokenizer] {
        std::fs::copy(repository.join(file), folder.join(file)).expect("a copy");
    }
    let image = json!({ "cfg_scale": 2.25, "row": 0, "tokenizer": tokenizer, "weights": "ema" });
    let transformer =
        json!({ "checkpoint": checkpoint, "greedy": { "file": "greedy.safetensors", "image": image } });
    let manifest = json!({ "transformer": transformer }).to_string();
    std::fs::write(folder.join("manifest.json"), manifest).expect("a manifest");
    let made = Golden::open_folder(folder.clone());
    check_picture(&made, &gpu.into());
    std::fs::remove_dir_all(folder).expect("removed");
}
