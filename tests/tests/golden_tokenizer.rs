//! Golden vectors of the tokenizer: every case that the manifest lists, on every tier and precision.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ibq_core::{
    device::{Device, Processor},
    files::{Model, WeightSet},
    gpu::{Precision, Tier},
    job::Job,
    tokenizer::{Activation, RunOptions, Tiling, Tokenizer},
};
use ibq_tests::{
    device::software_gpu,
    vectors::{Golden, Tensors, worst},
};
use serde_json::Value;

fn load(device: impl Into<Device>, checkpoint: &Path, weights: &str, precision: Precision) -> Tokenizer {
    let set = match weights {
        "ema" => WeightSet::Ema,
        "raw" => WeightSet::Raw,
        other => panic!("weights `{other}`"),
    };
    pollster::block_on(async {
        let model = Model::open_path(checkpoint).await.expect("the checkpoint opens");
        let weights = model.tokenizer(Some(set)).expect("a tokenizer");
        Tokenizer::load(device, &weights, precision, &Job::new()).await.expect("it loads")
    })
}

/// One case of the manifest with its tensors.
struct Case {
    file: String,
    checkpoint: PathBuf,
    weights: String,
    image: Vec<f32>,
    /// Batch, height, width.
    shape: (u32, u32, u32),
    results: Tensors,
}

fn cases(golden: &Golden) -> Vec<Case> {
    let text = |case: &Value, field: &str| case[field].as_str().expect(field).to_owned();
    let read = |case: &Value| {
        let file = text(case, "file");
        let images = golden.tensors(&text(case, "image_from"));
        let [batch, 3, height, width] = images.shape("image")[..] else { panic!("{file}: image shape") };
        Case {
            checkpoint: golden.path(&text(case, "checkpoint")),
            weights: text(case, "weights"),
            image: images.f32s("image"),
            shape: (batch as u32, height as u32, width as u32),
            results: golden.tensors(&file),
            file,
        }
    };
    golden.list("/tokenizer/cases").iter().map(read).collect()
}

#[test]
fn golden_tokens_are_equal_and_values_within_tolerance() {
    tokens_are_equal_and_values_within_tolerance_on(&software_gpu(Tier::Portable).into());
}

#[test]
fn golden_tokens_are_equal_and_values_within_tolerance_on_the_processor() {
    tokens_are_equal_and_values_within_tolerance_on(&Processor::open(2).into());
}

fn tokens_are_equal_and_values_within_tolerance_on(device: &Device) {
    let golden = Golden::open();
    let (latent, decode) = (
        golden.number("/tolerance/latent").expect("tolerance"),
        golden.number("/tolerance/decode").expect("tolerance"),
    );
    let mut loaded: BTreeMap<(PathBuf, String), Tokenizer> = BTreeMap::new();
    let cases = cases(&golden);
    for case in &cases {
        let key = (case.checkpoint.clone(), case.weights.clone());
        let tokenizer = loaded
            .entry(key)
            .or_insert_with(|| load(device, &case.checkpoint, &case.weights, Precision::F32));
        let trace = pollster::block_on(tokenizer.trace_encode(&case.image, case.shape)).expect("a run");
        let expected = case.results.i32s("indices");
        let ours: Vec<i32> = trace.indices.iter().map(|&index| index as i32).collect();
        assert_eq!(ours, expected, "{}: tokens", case.file);
        for (stage, name) in [("enc.conv_out", "h"), ("quant_conv", "z")] {
            let error = worst(&trace.activation(stage).expect(stage).values, &case.results.f32s(name));
            assert!(error <= latent, "{}: {name} is off by {error}", case.file);
            println!("{}: {name} within {error:.1e}", case.file);
        }
        let error = worst(&trace.margins, &case.results.f32s("margin"));
        assert!(error <= 2.0 * latent, "{}: margin is off by {error}", case.file);

        let [batch, rows, cols] = case.results.shape("indices")[..] else { panic!("indices shape") };
        let shape = (batch as u32, rows as u32, cols as u32);
        let trace = pollster::block_on(tokenizer.trace_decode(&trace.indices, shape)).expect("a run");
        let vectors = worst(&trace.activation("z_q").expect("z_q").values, &case.results.f32s("z_q"));
        assert!(vectors == 0.0, "{}: z_q is off by {vectors}", case.file);
        let error =
            worst(&trace.activation("dec.conv_out").expect("picture").values, &case.results.f32s("decode"));
        assert!(error <= decode, "{}: decode is off by {error}", case.file);
        println!("{}: {} tokens equal, decode within {error:.1e}", case.file, ours.len());
    }
}

#[test]
fn golden_stages_agree_by_name() {
    let golden = Golden::open();
    let tolerance = golden.number("/tolerance/decode").expect("tolerance");
    let gpu = software_gpu(Tier::Fast);
    for stages in golden.list("/tokenizer/stages") {
        let (file, of) = (stages["file"].as_str().expect("file"), stages["case"].as_str().expect("case"));
        let case = cases(&golden).into_iter().find(|case| case.file == of).expect("the case of the stages");
        let tokenizer = load(&gpu, &case.checkpoint, &case.weights, Precision::F32);
        let expected = golden.tensors(file);
        let [batch, rows, cols] = case.results.shape("indices")[..] else { panic!("indices shape") };
        let mut trace = pollster::block_on(tokenizer.trace_encode(&case.image, case.shape)).expect("a run");
        let shape = (batch as u32, rows as u32, cols as u32);
        let decoded = pollster::block_on(tokenizer.trace_decode(&trace.indices, shape)).expect("a run");
        trace.activations.extend(decoded.activations);
        let mut compared = 0;
        for name in expected.names() {
            let (stage, part) = name.rsplit_once('.').map_or((name, ""), |(stage, part)| (stage, part));
            let (values, theirs) = match part {
                "top_left" | "bottom_right" | "mean_std" | "rows0_16" => {
                    let stage = trace.activation(stage).unwrap_or_else(|| panic!("no stage {stage}"));
                    (excerpt(stage, part, expected.shape(name)), expected.f32s(name))
                }
                _ => match trace.activation(name) {
                    Some(stage) => (stage.values.clone(), expected.f32s(name)),
                    None => panic!("no stage {name}"),
                },
            };
            let error = worst(&values, &theirs);
            assert!(error <= tolerance, "{file}: {name} is off by {error}");
            compared += 1;
        }
        println!("{file}: {compared} activations agree");
        assert!(compared > 0, "{file} names no activations");
    }
}

/// The part of an activation that an excerpt of the vectors shows.
fn excerpt(activation: &Activation, part: &str, shape: &[usize]) -> Vec<f32> {
    let [_, channels, height, width] = activation.shape;
    let at = |c: usize, r: usize, x: usize| activation.values[(c * height + r) * width + x];
    match part {
        "mean_std" => {
            let count = activation.values.len() as f64;
            let mean = activation.values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
            let squares: f64 = activation.values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
            vec![mean as f32, (squares / (count - 1.0)).sqrt() as f32]
        }
        "rows0_16" => {
            let rows = shape[shape.len() - 2];
            let items = activation.shape[0];
            (0..items * channels)
                .flat_map(|plane| &activation.values[plane * height * width..][..rows * width])
                .copied()
                .collect()
        }
        _ => {
            let (rows, cols) = (shape[shape.len() - 2], shape[shape.len() - 1]);
            let (top, left) = if part == "top_left" { (0, 0) } else { (height - rows, width - cols) };
            (0..channels)
                .flat_map(|c| (0..rows).flat_map(move |r| (0..cols).map(move |x| (c, r, x))))
                .map(|(c, r, x)| at(c, top + r, left + x))
                .collect()
        }
    }
}

/// Half precision, on every tier: close to the f32 vectors, and nearly all tokens equal.
#[test]
fn golden_half_precision_is_close() {
    let golden = Golden::open();
    let cases = cases(&golden);
    let Some(case) = cases.iter().min_by_key(|case| case.image.len()) else { return };
    for tier in [Tier::Portable, Tier::Fast, Tier::Matrix] {
        let gpu = software_gpu(tier);
        if gpu.info().tier != tier {
            println!("{} has no {tier} tier", gpu.info().name);
            continue;
        }
        let tokenizer = load(&gpu, &case.checkpoint, &case.weights, Precision::F16);
        let trace = pollster::block_on(tokenizer.trace_encode(&case.image, case.shape)).expect("a run");
        let z = worst(&trace.activation("quant_conv").expect("z").values, &case.results.f32s("z"));
        let expected = case.results.i32s("indices");
        let equal = trace.indices.iter().zip(&expected).filter(|&(&a, &b)| a as i32 == b).count();
        let indices: Vec<u32> = expected.iter().map(|&index| index as u32).collect();
        let [batch, rows, cols] = case.results.shape("indices")[..] else { panic!("indices shape") };
        let shape = (batch as u32, rows as u32, cols as u32);
        let trace = pollster::block_on(tokenizer.trace_decode(&indices, shape)).expect("a run");
        let picture =
            worst(&trace.activation("dec.conv_out").expect("picture").values, &case.results.f32s("decode"));
        println!(
            "{tier} f16: z within {z:.3}, picture within {picture:.3}, {equal} of {} tokens",
            expected.len()
        );
        assert!(z < 0.1 && picture < 0.1, "{tier}: z {z}, picture {picture}");
        assert!(equal * 10 >= expected.len() * 8, "{tier}: only {equal} of {} tokens", expected.len());
    }
}

/// The 8-bit road that users take gives the same tokens as the float one, alone and in a batch.
#[test]
fn golden_pictures_in_bytes_one_by_one_and_together() {
    let golden = Golden::open();
    let cases = cases(&golden);
    let Some(case) = cases.iter().min_by_key(|case| case.image.len()) else { return };
    let gpu = software_gpu(Tier::Fast);
    let tokenizer = load(&gpu, &case.checkpoint, &case.weights, Precision::F32);
    let (_, height, width) = case.shape;
    let picture = |seed: u32| {
        image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([x * seed, y * 3, x * y + seed].map(|value| (value % 256) as u8))
        })
    };
    let pictures: Vec<_> = [1, 5, 9].map(picture).into();
    let (options, job) = (RunOptions::default(), Job::new());
    let together = pollster::block_on(tokenizer.encode(&pictures, &options, &job)).expect("tokens");
    let decoded = pollster::block_on(tokenizer.decode(&together.grids, &options, &job)).expect("pictures");
    for (index, picture) in pictures.iter().enumerate() {
        let one = std::slice::from_ref(picture);
        let alone = pollster::block_on(tokenizer.encode(one, &options, &job)).expect("tokens");
        assert_eq!(alone.grids[0], together.grids[index]);
        let back = pollster::block_on(tokenizer.decode(&alone.grids, &options, &job)).expect("a picture");
        assert!(back.pictures[0] == decoded.pictures[index], "picture {index}");
        let floats: Vec<f32> = (0..3)
            .flat_map(|c| picture.pixels().map(move |pixel| ibq_core::picture::pixel_to_model(pixel.0[c])))
            .collect();
        let trace = pollster::block_on(tokenizer.trace_encode(&floats, (1, height, width))).expect("a run");
        assert_eq!(trace.indices, alone.grids[0].tokens);
    }
    let small = pollster::block_on(tokenizer.encode(
        &[pictures[0].clone()],
        &RunOptions { tiling: Tiling::Side(1 << 14), ..options },
        &job,
    ));
    assert!(small.expect("tokens").tiles.is_none(), "one tile is no tiling");
}
