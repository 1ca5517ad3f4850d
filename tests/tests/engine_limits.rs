//! What the engine does at its limits: memory known beforehand, tiles, cancellation, a lost device, wrong input.

use std::path::PathBuf;

use ibq_core::{
    files::Model,
    gpu::{AdapterChoice, Gpu, GpuError, GpuOptions, Precision},
    job::Job,
    picture::{Resize, Size},
    tokenizer::{RunOptions, Tiling, Tokenizer, TokenizerConfig, TokenizerError, reconstruct},
    tokens::TokenGrid,
};
use ibq_tests::vectors::Golden;
use image::{Rgb, RgbImage};

/// The golden tokenizer on a device of its own.
fn tokenizer() -> Option<Tokenizer> {
    let golden = Golden::open();
    let checkpoint: PathBuf = golden.path(golden.text("/tokenizer/checkpoint")?);
    pollster::block_on(async {
        let options = GpuOptions { adapter: AdapterChoice::Software, ..GpuOptions::default() };
        let gpu = Gpu::open(&options).await.expect("a software adapter");
        let weights =
            Model::open_path(&checkpoint).await.expect("a checkpoint").tokenizer(None).expect("weights");
        Some(Tokenizer::load(&gpu, &weights, Precision::F32, &Job::new()).await.expect("it loads"))
    })
}

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x * 3, y * 5, x ^ y].map(|value| (value % 256) as u8)))
}

fn encode(
    tokenizer: &Tokenizer,
    picture: &RgbImage,
    options: &RunOptions,
) -> Result<TokenGrid, TokenizerError> {
    let one = std::slice::from_ref(picture);
    pollster::block_on(tokenizer.encode(one, options, &Job::new()))
        .map(|mut encoding| encoding.grids.remove(0))
}

#[test]
fn memory_is_what_was_planned() {
    let Some(tokenizer) = tokenizer() else { return };
    let factor = tokenizer.config().factor();
    let (width, height) = (6 * factor, 4 * factor);
    let plan = tokenizer.plan(Size::new(width, height), 1, Tiling::Auto).expect("a plan");
    assert_eq!(plan.tiles, None);
    let loaded = tokenizer.device().memory().now;
    assert!(loaded.abs_diff(plan.weights) < 4096, "{loaded} bytes loaded, {} planned", plan.weights);
    encode(&tokenizer, &picture(width, height), &RunOptions::default()).expect("tokens");
    let peak = tokenizer.device().memory().peak - loaded;
    // Parameters of kernels and the way back of results come on top: some kilobytes.
    assert!(peak <= plan.activations + 256 * 1024, "{peak} bytes used, {} planned", plan.activations);
    assert!(peak * 2 >= plan.activations, "{peak} bytes used, {} planned", plan.activations);
}

#[test]
fn tiles_cover_the_picture_and_are_said() {
    let Some(tokenizer) = tokenizer() else { return };
    let factor = tokenizer.config().factor();
    let whole = picture(12 * factor + 3, 9 * factor);
    let options = RunOptions {
        tiling: Tiling::Side(8 * factor),
        margins: true,
        latents: true,
        ..RunOptions::default()
    };
    let result =
        pollster::block_on(reconstruct(&tokenizer, whole.clone(), Resize::None, &options, &Job::new()));
    let result = result.expect("a reconstruction");
    assert_eq!(result.reconstruction.dimensions(), whole.dimensions());
    assert_eq!((result.grid.rows, result.grid.cols), (9, 13));
    assert_eq!(result.margins.map(|margins| margins.len()), Some(9 * 13));
    assert_eq!(result.latents.map(|z| z.len()), Some(9 * 13 * tokenizer.config().embed_dim as usize));
    assert!(result.notes.iter().any(|note| note.contains("tiles")), "{:?}", result.notes);
    let plan = tokenizer.plan(Size::square(16 * factor), 1, options.tiling).expect("a plan");
    let tiles = plan.tiles.expect("tiles");
    assert!(tiles.tiles > 1 && !tiles.automatic);
}

#[test]
fn a_cancelled_job_stops_and_the_next_one_runs() {
    let Some(tokenizer) = tokenizer() else { return };
    let side = 4 * tokenizer.config().factor();
    let job = Job::new();
    job.cancel();
    let pictures = [picture(side, side)];
    let stopped = pollster::block_on(tokenizer.encode(&pictures, &RunOptions::default(), &job));
    assert!(matches!(stopped, Err(TokenizerError::Cancelled(_))), "{stopped:?}");
    encode(&tokenizer, &pictures[0], &RunOptions::default()).expect("tokens");
}

#[test]
fn a_lost_device_is_an_error_that_says_so() {
    let Some(tokenizer) = tokenizer() else { return };
    let side = 4 * tokenizer.config().factor();
    tokenizer.device().gpu().expect("a GPU").device().destroy();
    let error = encode(&tokenizer, &picture(side, side), &RunOptions::default()).expect_err("no device");
    assert!(matches!(error, TokenizerError::Gpu(GpuError::Lost { .. })), "{error:?}");
    assert!(
        error.to_string().contains("lost")
            && tokenizer.device().gpu().is_some_and(|gpu| gpu.lost().is_some()),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let Some(tokenizer) = tokenizer() else { return };
    let factor = tokenizer.config().factor();
    let error =
        encode(&tokenizer, &picture(factor + 1, factor), &RunOptions::default()).expect_err("an odd size");
    assert!(error.to_string().contains(&format!("multiples of {factor}")), "{error}");
    let codes = tokenizer.config().n_embed;
    for (grid, what) in [
        (TokenGrid { rows: 1, cols: 2, tokens: vec![0, codes] }, "codebook"),
        (TokenGrid { rows: 1, cols: 2, tokens: vec![0] }, "holds 1"),
        (TokenGrid { rows: 0, cols: 2, tokens: vec![] }, "cannot be decoded"),
    ] {
        let result = pollster::block_on(tokenizer.decode(&[grid], &RunOptions::default(), &Job::new()));
        let error = result.expect_err(what).to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn the_best_code_of_a_latent_vector_is_its_token() {
    let Some(tokenizer) = tokenizer() else { return };
    let side = 3 * tokenizer.config().factor();
    let options = RunOptions { margins: true, latents: true, ..RunOptions::default() };
    let pictures = [picture(side, side)];
    let encoding = pollster::block_on(tokenizer.encode(&pictures, &options, &Job::new())).expect("tokens");
    let (latents, margins) = (encoding.latents.expect("latents"), encoding.margins.expect("margins"));
    let dimension = tokenizer.config().embed_dim as usize;
    for position in [0, 4, 8] {
        let z = &latents[0][position * dimension..][..dimension];
        let top = pollster::block_on(tokenizer.top_codes(z, 5)).expect("codes");
        assert_eq!(top.len(), 5);
        assert_eq!(top[0].0, encoding.grids[0].tokens[position]);
        assert!((top[0].1 - top[1].1 - margins[0][position]).abs() < 1e-3);
        assert!(top.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        let vector = pollster::block_on(tokenizer.code_vector(top[0].0)).expect("a vector");
        let product: f32 = vector.iter().zip(z).map(|(a, b)| a * b).sum();
        assert!((product - top[0].1).abs() < 1e-3, "{product} is not {}", top[0].1);
    }
}

#[test]
fn the_official_size_asks_for_tiles_only_when_it_must() {
    let options = GpuOptions { adapter: AdapterChoice::Software, ..GpuOptions::default() };
    let gpu = pollster::block_on(Gpu::open(&options)).expect("a software adapter");
    let config = TokenizerConfig::official(16_384);
    let estimate =
        |side| Tokenizer::estimate(&gpu, &config, Precision::F16, Size::square(side), 1, Tiling::Auto);
    let (small, large) = (estimate(256).expect("a plan"), estimate(2048).expect("a plan"));
    assert_eq!(small.tiles, None);
    let tiles = large.tiles.expect("tiles");
    assert!(tiles.automatic && large.weights + large.activations <= 2 << 30, "{large:?}");
    // Weights, and three maps at full resolution: the picture's features, what a block makes, and its input normalized.
    let map = 256 * 256 * 128 * 2;
    assert!(small.activations < 4 * map, "{} bytes", small.activations);
}
