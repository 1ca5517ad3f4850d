//! The largest codebook of the paper, 262,144 codes of 256 values: the tokens of the GPU are those of f64. A long proof, run by
//! `cargo xtask acceptance large-codebook`.

use ibq_core::{
    files::Model,
    gpu::{Gpu, Precision, Tier},
    job::Job,
    tokenizer::Tokenizer,
};
use ibq_tests::{
    device::software_gpu,
    vectors::{Golden, Tensor, Tensors},
};

const CODES: usize = 1 << 18;
const DIMENSION: usize = 256;

/// Pictures of 64 × 64, with 16 tokens each.
const PICTURES: u32 = 4;

/// Values between -1 and 1, by splitmix64.
fn random_values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) >> 40
    };
    (0..count).map(|_| next() as f32 / (1u64 << 23) as f32 - 1.0).collect()
}

/// A file of the golden tokenizer, with random codes of the large size, and random convolutions beside them.
fn write_tokenizer(path: &std::path::Path, codes: &[f32]) {
    let golden = Golden::open();
    let checkpoint = golden.path(golden.text("/tokenizer/checkpoint").expect("checkpoint"));
    let model = pollster::block_on(Model::open_path(&checkpoint)).expect("the checkpoint opens");
    let mut tensors = Tensors::default();
    let mut channels = 0;
    for entry in model.tensors() {
        if ["encoder.", "decoder."].iter().any(|start| entry.name.starts_with(start)) {
            let values = pollster::block_on(model.read_tensor(&entry.name)).expect("a tensor");
            let shape: Vec<usize> = entry.shape.iter().map(|&side| side as usize).collect();
            if entry.name == "encoder.conv_out.bias" {
                channels = shape[0];
            }
            tensors.insert(&entry.name, Tensor::f32s(&shape, &values));
        }
    }
    let convolution = |outputs: usize, inputs: usize, seed| {
        let values = random_values(outputs * inputs, seed);
        Tensor::f32s(&[outputs, inputs, 1, 1], &values)
    };
    tensors.insert("quantize.embedding.weight", Tensor::f32s(&[CODES, DIMENSION], codes));
    tensors.insert("quant_conv.weight", convolution(DIMENSION, channels, 2));
    tensors.insert("quant_conv.bias", Tensor::f32s(&[DIMENSION], &random_values(DIMENSION, 3)));
    tensors.insert("post_quant_conv.weight", convolution(channels, DIMENSION, 4));
    tensors.insert("post_quant_conv.bias", Tensor::f32s(&[channels], &random_values(channels, 5)));
    tensors.write(path);
}

/// The best and the second-best score over all codes in f64, and the best code (lowest index first).
fn best_of(latent: &[f64], codes: &[f32]) -> (usize, f64, f64) {
    let mut best = (0, f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (index, code) in codes.chunks_exact(DIMENSION).enumerate() {
        let score: f64 = code.iter().zip(latent).map(|(&c, &z)| f64::from(c) * z).sum();
        if score > best.1 {
            best = (index, score, best.1);
        } else if score > best.2 {
            best.2 = score;
        }
    }
    best
}

async fn encode(gpu: &Gpu, path: &std::path::Path) -> (Vec<u32>, Vec<f32>, Vec<f32>) {
    let weights = Model::open_path(path).await.expect("it opens").tokenizer(None).expect("a tokenizer");
    let tokenizer = Tokenizer::load(gpu, &weights, Precision::F32, &Job::new()).await.expect("it loads");
    assert_eq!(tokenizer.config().n_embed as usize, CODES);
    let pictures = random_values((PICTURES * 3 * 64 * 64) as usize, 6);
    let trace = tokenizer.trace_encode(&pictures, (PICTURES, 64, 64)).await.expect("a run");
    let latents = trace.activation("quant_conv").expect("z").values.clone();
    (trace.indices, trace.margins, latents)
}

#[test]
#[ignore = "a proof of minutes: cargo xtask acceptance large-codebook"]
fn tokens_of_a_large_codebook_are_those_of_f64() {
    let codes = random_values(CODES * DIMENSION, 1);
    let path = std::env::temp_dir().join(format!("ibq-large-codebook-{}.safetensors", std::process::id()));
    write_tokenizer(&path, &codes);
    let gpu = software_gpu(Tier::Fast);
    let (indices, margins, latents) = pollster::block_on(encode(&gpu, &path));
    std::fs::remove_file(&path).expect("removed");

    let cells = indices.len() / PICTURES as usize;
    let mut closest = f64::INFINITY;
    let mut worst: f64 = 0.0;
    for (token, (&index, &margin)) in indices.iter().zip(&margins).enumerate() {
        // [picture, value, cell]
        let (picture, cell) = (token / cells, token % cells);
        let at = |value: usize| f64::from(latents[(picture * DIMENSION + value) * cells + cell]);
        let latent: Vec<f64> = (0..DIMENSION).map(at).collect();
        let norm = latent.iter().map(|value| value * value).sum::<f64>().sqrt();
        let (best, first, second) = best_of(&latent, &codes);
        // Rounding of a sum of 256 products, relative to the norms of both factors.
        let tolerance = 1e-6 * norm * (DIMENSION as f64).sqrt();
        assert!(first - second > tolerance, "token {token}: two codes are as good");
        assert_eq!(index as usize, best, "token {token}");
        let off = (f64::from(margin) - (first - second)).abs();
        assert!(off <= tolerance, "token {token}: the margin is off by {off}");
        closest = closest.min(first - second);
        worst = worst.max(off);
    }
    println!("codes                     {CODES} of {DIMENSION} values");
    println!("tokens equal to f64       {0} of {0}", indices.len());
    println!("smallest margin           {closest:.2e}");
    println!("largest error of a margin  {worst:.1e}");
    println!("adapter                   {}", gpu.info().name);
    println!("peak memory of the GPU    {} MiB", gpu.memory().peak >> 20);
}
