//! The official presets hold the published numbers.

use ibq_core::transformer::TransformerConfig;
use ibq_train::{
    optim::{AdamConfig, AdamWConfig},
    tokenizer::{
        Preset, Training,
        adversary::AdversarialConfig,
        loss::{DiscriminatorLoss, ReconstructionLoss},
        quantizer::{Ibq, QuantizerConfig, QuantizerWeights},
    },
    transformer::{self, Start},
};

/// Steps of an epoch of ImageNet: 1,281,167 pictures in batches of 256, and of 768.
const EPOCH: u64 = 1_281_167u64.div_ceil(256);
const LONGER_EPOCH: u64 = 1_281_167u64.div_ceil(768);

#[test]
fn the_published_tokenizers() {
    let twice = vec![250 * EPOCH, 300 * EPOCH];
    for (name, codes, steps, drops) in [
        ("ibq-1024", 1024, 330 * EPOCH, twice.clone()),
        ("ibq-8192", 8192, 280 * EPOCH, vec![250 * EPOCH]),
        ("ibq-16384", 16_384, 330 * EPOCH, twice.clone()),
        ("ibq-262144", 262_144, 330 * EPOCH, twice),
        ("ibq-16384-pretrain", 16_384, 1_500_000, vec![]),
        ("ibq-262144-pretrain", 262_144, 1_500_000, vec![]),
    ] {
        let preset = Preset::open(name).unwrap();
        let model = &preset.model;
        assert_eq!((model.n_embed, model.embed_dim, model.z_channels), (codes, 256, 256));
        assert_eq!(
            (model.ch, model.ch_mult.as_slice(), model.num_res_blocks),
            (128, &[1, 1, 2, 2, 4][..], 4)
        );
        assert_eq!((model.attn_resolutions.as_slice(), model.resolution), (&[16][..], 256));
        let QuantizerConfig::Ibq(ibq) = &preset.quantizer else { panic!("not IBQ") };
        assert_eq!(
            ibq,
            &Ibq { beta: 0.25, beta_on_commitment: false, entropy_temperature: 0.01, ..Ibq::default() }
        );
        assert_eq!(
            preset.quantizer_loss,
            QuantizerWeights { quantization: 1.0, entropy: 0.05, sample: 1.0, mean: 1.0 }
        );
        assert_eq!(
            preset.loss,
            ReconstructionLoss { l1: 1.0, l2: 0.0, structural: 0.0, lpips: 1.0, vgg: vec![] }
        );
        assert_eq!(
            preset.adversarial,
            Some(AdversarialConfig {
                weight: 0.1,
                adaptive: false,
                start: 0,
                loss: DiscriminatorLoss::Hinge,
                lecam: 0.05,
                filters: 64,
                layers: 3,
            })
        );
        assert_eq!(preset.adam, AdamConfig { betas: [0.5, 0.9], epsilon: 1e-8, clip_norm: None });
        assert_eq!(
            preset.training,
            Training {
                side: 256,
                batch: 256,
                steps,
                learning_rate: 1e-4,
                warm_up: 0,
                final_rate: 1.0,
                drops: drops.clone(),
                ema_decay: 0.999,
                continuous_steps: 0,
                revive_every: 0,
                only_decoder: false,
                latent_energy_weight: 0.0,
                latent_energy: 1.0,
                seed: 0,
            }
        );
        let mut expected = 1e-4;
        for drop in drops {
            let rate = |step: u64| preset.training.rate(step, step as f64 / steps as f64);
            assert!(
                (rate(drop - 1) / expected - 1.0).abs() < 1e-9,
                "{name}, step {drop}: {}",
                rate(drop - 1)
            );
            expected *= 0.1;
            assert!((rate(drop) / expected - 1.0).abs() < 1e-9, "{name}, step {drop}: {}", rate(drop));
        }
    }
}

#[test]
fn the_published_transformers() {
    // Larger ones train longer, and depend less on the class at the start.
    for (size, epochs, warm, gamma_rows, final_rate, last_decay) in [
        ("b", 300, 6, 1e-3, 0.1, 0.05),
        ("l", 350, 7, 1e-3, 0.1, 0.05),
        ("xl", 400, 8, 1e-4, 0.01, 0.05),
        ("xxl", 450, 9, 1e-5, 0.01, 0.08),
    ] {
        let preset = transformer::Preset::open(&format!("ar-{size}")).unwrap();
        assert_eq!(Some(preset.model), TransformerConfig::official(&size.to_uppercase()));
        let t = &preset.training;
        assert_eq!((t.batch, t.steps, t.warm_up), (768, epochs * LONGER_EPOCH, warm * LONGER_EPOCH));
        assert_eq!((t.learning_rate, t.first_rate, t.final_rate), (3e-4, 0.005, final_rate));
        assert_eq!(t.weight_decay, [0.05, last_decay]);
        // The official code keeps no average of a transformer's weights.
        assert_eq!((t.dropout, t.class_dropout, t.ema_decay), (0.1, 0.1, 0.0));
        assert_eq!(
            preset.optimizer,
            AdamWConfig { betas: [0.9, 0.95], epsilon: 1e-8, clip_norm: Some(1.0), decay_everything: true }
        );
        assert_eq!(preset.start, Start { gamma_rows, ..Start::default() });
        let near = |ours: f64, expected: f64| (ours / expected - 1.0).abs() < 1e-9;
        assert!(near(t.at(0).0, 0.005 * 3e-4) && near(t.at(t.warm_up).0, 3e-4));
        assert!(near(t.at(t.steps - 1).0, final_rate * 3e-4));
    }
}

#[test]
fn a_name_that_is_no_preset_is_answered_with_the_presets() {
    let message = Preset::open("ibq-1000").unwrap_err().to_string();
    assert!(
        message.contains("ibq-1000") && message.contains("ibq-1024") && message.contains("tiny"),
        "{message}"
    );
    let message = transformer::Preset::open("ar-s").unwrap_err().to_string();
    assert!(message.contains("ar-s") && message.contains("ar-xxl"), "{message}");
}
