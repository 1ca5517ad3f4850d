//! Quantizers: choices, codes, losses, and the gradient of each loss on latents and codes.

use burn::tensor::Tensor;
use ibq_tests::vectors::{Golden, Tensors};
use ibq_train::tokenizer::quantizer::{BetaOn, Ibq, Quantizer, QuantizerWeights, Vq};

use super::{ToTensor, assert_close, assert_near, rows, vectors};

/// Float32 of the official code is itself off by up to 5e-5 where the temperature is 0.01.
const TOLERANCE: f32 = 2e-4;

const NOTHING: QuantizerWeights =
    QuantizerWeights { quantization: 0.0, entropy: 0.0, sample: 0.0, mean: 0.0 };

/// Compares the gradients of one scalar, in which only the losses in `weights` count, and the codes if `on_codes` is given.
fn check_gradients(
    vectors: &Tensors,
    rule: &dyn Quantizer,
    variant: &str,
    scalar: &str,
    weights: &QuantizerWeights,
    on_codes: Option<Tensor<2>>,
) {
    let (z, codebook) = (rows(vectors.tensor("z")), vectors.tensor::<2>("embedding"));
    let quantized = rule.forward(z.clone(), codebook.clone());
    let on_codes = on_codes.unwrap_or_else(|| z.clone().zeros_like());
    let (d_z, d_codebook) = rule.backward(z, codebook, &quantized, on_codes, weights);
    let truth = rows(vectors.tensor(&format!("{variant}.grad_z.{scalar}")));
    assert_close(d_z, truth, TOLERANCE, &format!("{variant}: gradient of {scalar} on latents"));
    let truth = vectors.tensor::<2>(&format!("{variant}.grad_embedding.{scalar}"));
    assert_close(d_codebook, truth, TOLERANCE, &format!("{variant}: gradient of {scalar} on codes"));
}

fn check_choice(vectors: &Tensors, rule: &dyn Quantizer, variant: &str) {
    let quantized = rule.forward(rows(vectors.tensor("z")), vectors.tensor("embedding"));
    let chosen: Vec<i32> = quantized.indices.to_data().iter::<i32>().collect();
    assert_eq!(chosen, vectors.i32s(&format!("{variant}.indices")), "{variant}");
    let truth = rows(vectors.tensor(&format!("{variant}.z_q")));
    assert_close(quantized.codes, truth, 1e-6, &format!("{variant}: codes"));
}

#[test]
fn golden_ibq() {
    let golden = Golden::open();
    let quantizer = golden.get("/training/quantizer").unwrap();
    let vectors = vectors(&golden, "/training/quantizer/file");
    for (variant, settings) in quantizer["ibq"].as_object().unwrap() {
        let number = |name: &str| settings[name].as_f64().unwrap() as f32;
        // In one tile, and in tiles of five rows: the last one is smaller.
        for tile_rows in [None, Some(5)] {
            let (beta, entropy_temperature) = (number("beta"), number("entropy_temperature"));
            let rule = Ibq { beta, entropy_temperature, tile_rows, ..Ibq::default() };
            check_choice(&vectors, &rule, variant);

            let quantized = rule.forward(rows(vectors.tensor("z")), vectors.tensor("embedding"));
            let losses = quantized.losses;
            let (sample, mean) = (number("sample_weight"), number("batch_weight"));
            let entropy = sample * losses.sample_entropy - mean * losses.mean_entropy;
            for (scalar, ours) in [
                ("quant_loss", losses.quantization),
                ("sample_entropy", losses.sample_entropy),
                ("avg_entropy", losses.mean_entropy),
                ("entropy_loss", entropy),
            ] {
                let truth = vectors.scalar(&format!("{variant}.{scalar}"));
                assert_near(ours.into(), truth.into(), 1e-4, &format!("{variant}: {scalar}"));
            }

            let check = |scalar, weights, on_codes| {
                check_gradients(&vectors, &rule, variant, scalar, &weights, on_codes);
            };
            check("quant_loss", QuantizerWeights { quantization: 1.0, ..NOTHING }, None);
            check("sample_entropy", QuantizerWeights { entropy: 1.0, sample: 1.0, ..NOTHING }, None);
            // The penalty subtracts the mean entropy.
            check("avg_entropy", QuantizerWeights { entropy: 1.0, mean: -1.0, ..NOTHING }, None);
            check("entropy_loss", QuantizerWeights { entropy: 1.0, sample, mean, ..NOTHING }, None);
            check("zq_dot_R", NOTHING, Some(rows(vectors.tensor("R"))));
        }
    }
}

#[test]
fn golden_vq() {
    let golden = Golden::open();
    let quantizer = golden.get("/training/quantizer").unwrap();
    let vectors = vectors(&golden, "/training/quantizer/file");
    for (variant, settings) in quantizer["vq"].as_object().unwrap() {
        let beta_on = if settings["legacy"].as_bool().unwrap() { BetaOn::Codes } else { BetaOn::Latents };
        let rule = Vq { beta: settings["beta"].as_f64().unwrap() as f32, beta_on };
        check_choice(&vectors, &rule, variant);
        let losses = rule.forward(rows(vectors.tensor("z")), vectors.tensor("embedding")).losses;
        let truth = vectors.scalar(&format!("{variant}.loss"));
        assert_near(losses.quantization.into(), truth.into(), 1e-5, variant);
        check_gradients(
            &vectors,
            &rule,
            variant,
            "loss",
            &QuantizerWeights { quantization: 1.0, ..NOTHING },
            None,
        );
        check_gradients(&vectors, &rule, variant, "zq_dot_R", &NOTHING, Some(rows(vectors.tensor("R"))));
    }
}

#[test]
fn golden_ties() {
    let golden = Golden::open();
    let vectors = vectors(&golden, "/training/ties");
    let quantized = Ibq::default().forward(rows(vectors.tensor("z")), vectors.tensor("embedding"));
    let chosen: Vec<i32> = quantized.indices.to_data().iter::<i32>().collect();
    assert_eq!(chosen, vectors.i32s("indices"), "the lowest index wins");
}

#[test]
fn golden_entropy() {
    let golden = Golden::open();
    let vectors = vectors(&golden, "/training/entropy");
    let logits = vectors.tensor::<2>("logits");
    // With the unit vectors as codes, the logits of a latent are its own values.
    let codes = Tensor::eye(logits.dims()[1], &logits.device());
    let mut found = 0;
    for name in vectors.names() {
        let Some(temperature) = name.strip_suffix(".sample_entropy") else { continue };
        let entropy_temperature = temperature.trim_start_matches('t').parse().unwrap();
        let rule = Ibq { entropy_temperature, ..Ibq::default() };
        let losses = rule.forward(logits.clone(), codes.clone()).losses;
        let truth = |what: &str| f64::from(vectors.scalar(&format!("{temperature}.{what}")));
        assert_near(losses.sample_entropy.into(), truth("sample_entropy"), 1e-4, temperature);
        assert_near(losses.mean_entropy.into(), truth("avg_entropy"), 1e-5, temperature);
        assert_near((losses.sample_entropy - losses.mean_entropy).into(), truth("loss"), 1e-5, temperature);
        found += 1;
    }
    assert!(found > 0);
}
