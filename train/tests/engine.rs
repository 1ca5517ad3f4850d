//! What a run makes is what the engine runs: the same tokens and pictures, up to rounding.

use burn::tensor::{Device, Tensor, TensorData};
use ibq_core::{
    files::Model,
    gpu::{Gpu, GpuOptions, Precision},
    job::Job,
    tokenizer::{Rule, RunOptions, Tokenizer, TokenizerConfig},
};
use ibq_train::{
    data::Pictures,
    random::Random,
    tokenizer::{
        CODEBOOK, Preset, Trainer, export, import, initial_weights, network::encode,
        quantizer::QuantizerConfig, reconstruct, rule_is_assumed,
    },
    weights::Weights,
};

#[test]
fn an_exported_model_has_the_same_tokens_in_the_engine() {
    let device = Device::flex();
    for rule in Rule::ALL {
        let config = TokenizerConfig {
            ch: 32,
            ch_mult: vec![1, 2, 1],
            num_res_blocks: 1,
            attn_resolutions: vec![16],
            resolution: 32,
            z_channels: 24,
            embed_dim: 16,
            n_embed: 128,
            rule,
            in_channels: 3,
            out_ch: 3,
        };
        let mut weights = initial_weights(&config, &mut Random::new(5), &device);
        lengthen_codes(&mut weights);
        let different = different_tokens_in_the_engine(&weights, &config, &QuantizerConfig::of(rule));
        assert!(different < 0.001, "{different} of the tokens differ");
        // The other rule would choose other codes.
        let codes = Rule::ALL.map(|rule| {
            let pictures = Pictures::held_out_scenes(1, 32, 0);
            reconstruct(&weights, &config, &QuantizerConfig::of(rule), &pictures, &device).1
        });
        let alike = codes[0].iter().zip(&codes[1]).filter(|(a, b)| a == b).count();
        assert!(2 * alike < codes[0].len(), "both rules choose {alike} of {} codes", codes[0].len());
    }
}

/// Gives the codes very different norms, as they have after training: the rules then disagree.
fn lengthen_codes(weights: &mut Weights) {
    let [codes, dimension] = weights.get::<2>(CODEBOOK).dims();
    let scales: Vec<f32> = (0..codes).map(|code| 20.0 + (code % 7) as f32 * 40.0).collect();
    weights.update(CODEBOOK, |values| {
        let scales = Tensor::<1>::from_data(TensorData::new(scales, [codes]), &values.device());
        (values.reshape([codes, dimension]) * scales.reshape([codes, 1])).reshape([codes * dimension])
    });
}

#[test]
fn a_run_by_vector_quantization_has_the_same_tokens_in_the_engine() {
    let preset = r#"
[model]
ch = 32
ch_mult = [1, 1]
num_res_blocks = 1
attn_resolutions = []
resolution = 32
z_channels = 8
embed_dim = 8
n_embed = 64
[quantizer]
rule = "vq"
[training]
side = 32
batch = 4
steps = 100
learning_rate = 1e-3
continuous_steps = 2
"#;
    let mut trainer = Trainer::new(Preset::parse("vq", preset).unwrap(), Device::flex());
    let pictures = Pictures::scenes(4, 32, 0, &[1], |_| {});
    for _ in 0..4 {
        trainer.step(&pictures).unwrap();
    }
    let checkpoint = trainer.checkpoint();
    let preset = &checkpoint.preset;
    assert_eq!(preset.model.rule, Rule::Vq);
    let weights = &checkpoint.ema.weights;
    let different = different_tokens_in_the_engine(weights, &preset.model, &preset.quantizer);
    // The codes are latents of an encoder that has learned little: many are nearly the same.
    assert!(different < 0.01, "{different} of the tokens differ");
}

/// Exports, reads back, and compares the trainer's tokens and pictures with the engine's. Returns the fraction of the tokens
/// that differ; these are of codes that are equally good up to rounding.
fn different_tokens_in_the_engine(
    weights: &Weights,
    config: &TokenizerConfig,
    quantizer: &QuantizerConfig,
) -> f64 {
    let device = Device::flex();
    let name = format!("ibq-train-engine-{}-{}-{}", config.rule.key(), config.n_embed, std::process::id());
    let folder = std::env::temp_dir().join(name);
    export(weights, config, Precision::F32, "a test", &folder).unwrap();
    assert!(!rule_is_assumed(&folder).unwrap());

    let (read, config_read) = import(&folder, &device).unwrap();
    assert_eq!(config_read, *config);
    assert!(weights.iter().all(|(name, _)| read.values(name) == weights.values(name)));

    let pictures = Pictures::held_out_scenes(1, 32, 0);
    let (ours, our_codes) = reconstruct(&read, config, quantizer, &pictures, &device);

    let (grids, decoded) = pollster::block_on(async {
        let gpu = Gpu::open(&GpuOptions::default()).await.unwrap();
        let model = Model::open_path(&folder).await.unwrap().tokenizer(None).unwrap();
        let tokenizer = Tokenizer::load(&gpu, &model, Precision::F32, &Job::new()).await.unwrap();
        let all: Vec<_> = (0..pictures.len()).map(|index| pictures.get(index)).collect();
        let (options, job) = (RunOptions::default(), Job::new());
        let encoding = tokenizer.encode(&all, &options, &job).await.unwrap();
        let decoding = tokenizer.decode(&encoding.grids, &options, &job).await.unwrap();
        (encoding.grids, decoding.pictures)
    });
    std::fs::remove_dir_all(&folder).unwrap();

    let theirs: Vec<u32> = grids.iter().flat_map(|grid| grid.tokens.clone()).collect();
    assert_eq!(theirs.len(), our_codes.len());
    let different = theirs.iter().zip(&our_codes).filter(|(a, b)| a != b).count();
    let loss = loss_of_other_codes(&read, config, &pictures, &our_codes, &theirs);
    assert!(loss < 1e-4, "{different} of {} tokens differ, and lose up to {loss}", theirs.len());
    if different == 0 {
        for (ours, theirs) in ours.iter().zip(&decoded) {
            let most = ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(most <= Some(1), "pixels differ by {most:?}");
        }
    }
    different as f64 / theirs.len() as f64
}

/// The most that a code of `others` loses against that of `codes`, in the score of the rule, relative to the sizes that the
/// score is the difference of.
fn loss_of_other_codes(
    weights: &Weights,
    config: &TokenizerConfig,
    pictures: &Pictures,
    codes: &[u32],
    others: &[u32],
) -> f32 {
    let dimension = config.embed_dim as usize;
    let codebook = weights.values(CODEBOOK);
    let all: Vec<usize> = (0..pictures.len()).collect();
    let mut latents: Vec<f32> = Vec::new();
    for batch in all.chunks(8) {
        let map = encode(weights, config, pictures.tensor(batch, &Device::flex())).permute([0, 2, 3, 1]);
        latents.extend(map.to_data().iter::<f32>());
    }
    let loss = |((latent, code), other): ((&[f32], &u32), &u32)| {
        let [code, other] = [code, other].map(|code| &codebook[*code as usize * dimension..][..dimension]);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let score = |code: &[f32]| match config.rule {
            Rule::Ibq => dot(latent, code),
            Rule::Vq => dot(latent, code) - 0.5 * dot(code, code),
        };
        (score(code) - score(other)) / (dot(latent, latent) + dot(code, code))
    };
    latents.chunks_exact(dimension).zip(codes).zip(others).map(loss).fold(0.0, f32::max)
}
