//! Training of a transformer: gradients, resuming, learning, export, and agreement with the engine.

use burn::tensor::Device;
use ibq_core::{
    files::Model,
    gpu::{Gpu, GpuOptions, Precision},
    job::Job,
    tokenizer::{Rule, TokenizerConfig},
    transformer::{
        Condition, PictureRequest, Sampling, Transformer, TransformerConfig, TransformerPrecision,
        TransformerWeights,
    },
};
use ibq_tests::folder::Folder;
use ibq_train::{
    data::Pictures,
    optim::AdamWState,
    precision::LossScale,
    random::Random,
    tokenizer::initial_weights,
    transformer::{
        Checkpoint, Preset, TokenSet, Trainer, TrainerOptions, export,
        network::{PassDropout, Sequences, logits, loss},
        parameters::{named, slots},
        sample,
    },
    weights::Weights,
};

const PRESET: &str = "
[model]
vocab_size = 48
block_size = 64
n_layer = 2
n_head = 2
n_embd = 32
class_num = 3
ffn_dim = 64

[training]
batch = 4
steps = 60
learning_rate = 5e-3
warm_up = 5
first_rate = 0.01
final_rate = 0.05
weight_decay = [0.05, 0.05]
dropout = 0.1
class_dropout = 0.1
ema_decay = 0.9

[start]
gamma = 1.0
class = 1.0
tokens_from_codes = 0.5
head_from_codes = 0.05
";

fn tokenizer() -> (Weights, TokenizerConfig) {
    let config = TokenizerConfig {
        ch: 32,
        ch_mult: vec![1, 1],
        num_res_blocks: 1,
        attn_resolutions: vec![],
        resolution: 16,
        z_channels: 8,
        embed_dim: 8,
        n_embed: 48,
        rule: Rule::Ibq,
        in_channels: 3,
        out_ch: 3,
    };
    (initial_weights(&config, &mut Random::new(5), &Device::flex()), config)
}

fn preset() -> Preset {
    Preset::parse("a test", PRESET).unwrap()
}

/// Tokens that follow a rule: each is the one before plus the class plus 1.
fn tokens() -> TokenSet {
    let (weights, config) = tokenizer();
    let names = ["one", "two", "three"].map(str::to_owned).to_vec();
    let mut set = TokenSet::new(&weights, &config, 16, names);
    for picture in 0..128u16 {
        let class = picture % 3;
        set.classes.push(class);
        set.tokens.extend((0..64).map(|position| (picture + position * (class + 1)) % 48));
    }
    set
}

/// Weights that make everything matter.
fn lively(config: &TransformerConfig) -> Vec<f32> {
    let mut random = Random::new(9);
    let mut weights = Vec::new();
    for slot in slots(config) {
        let around = if slot.name.ends_with("norm.weight") { 1.0 } else { 0.0 };
        let scale = if slot.shape.len() == 2 { 1.0 / (slot.shape[1] as f32).sqrt() } else { 0.3 };
        let scale = if slot.name.contains("emb") { 1.0 } else { scale };
        weights.extend(slot.range.map(|_| around + scale * random.normal()));
    }
    weights
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let config = preset().model;
    let (slots, weights) = (slots(&config), lively(&config));
    let set = tokens();
    let sequences = Sequences { classes: &[0, 2, 3], tokens: &set.tokens[..3 * 64] };
    let dropout = PassDropout { rate: 0.2, random: Random::new(4) };
    let at = |values: &[f32]| {
        let weights = named(&slots, values, &Device::flex());
        f64::from(loss(&weights, &config, sequences, Some(dropout.clone())).into_scalar::<f32>())
    };
    let tracked = named(&slots, &weights, &Device::flex()).tracked();
    let found = loss(&tracked, &config, sequences, Some(dropout.clone()));
    assert!((f64::from(found.clone().inner().into_scalar::<f32>()) - at(&weights)).abs() < 1e-6);
    let mut passed = found.backward();
    let gradients = tracked.gradients(&mut passed);
    let mut random = Random::new(2);
    for slot in &slots {
        let gradient: Vec<f32> = gradients[&slot.name].to_data().iter().collect();
        let length = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        // Along the gradient the slope is its length; a random part in the direction shows errors across it.
        let direction: Vec<f64> = gradient
            .iter()
            .map(|g| {
                f64::from(*g) / length + 0.5 * f64::from(random.normal()) / (gradient.len() as f64).sqrt()
            })
            .collect();
        let slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * f64::from(*g)).sum();
        let step = 0.01 / length.max(0.05);
        let moved = |sign: f64| {
            let mut values = weights.clone();
            let place = values[slot.range.clone()].iter_mut().zip(&direction);
            place.for_each(|(value, d)| *value += (sign * step * d) as f32);
            at(&values)
        };
        let measured = (moved(1.0) - moved(-1.0)) / (2.0 * step);
        assert!(
            (measured - slope).abs() < 0.02 * slope.abs() + 1e-4,
            "{}: slope {measured}, gradient {slope}",
            slot.name
        );
    }
}

#[test]
fn a_resumed_run_has_the_same_losses() {
    let folder = Folder::new("resume");
    let path = folder.0.join("checkpoint.safetensors");
    let tokens = tokens();
    let losses =
        |trainer: &mut Trainer| -> Vec<f64> { (0..4).map(|_| trainer.step(&tokens).unwrap().loss).collect() };
    let mut whole = Trainer::new(preset(), &tokens).unwrap();
    losses(&mut whole);
    whole.checkpoint().save(&path).unwrap();
    let expected = losses(&mut whole);
    let checkpoint = Checkpoint::open(&path).unwrap();
    let mut resumed = Trainer::resume(checkpoint);
    assert_eq!(losses(&mut resumed), expected);

    // The factor of mixed precision comes along.
    let mut scale = LossScale::default();
    scale.halve();
    let mixed = Checkpoint { loss_scale: Some(scale), ..whole.checkpoint() };
    mixed.save(&path).unwrap();
    assert_eq!(Checkpoint::open(&path).unwrap(), mixed);

    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(Checkpoint::open(&path).unwrap_err().to_string().contains("checkpoint.safetensors"));
}

#[test]
fn a_rule_is_learned_and_the_class_matters() {
    let tokens = tokens();
    let mut trainer = Trainer::new(preset(), &tokens).unwrap();
    let first = trainer.step(&tokens).unwrap().loss;
    assert!((first - 48f64.ln()).abs() < 0.3, "{first}");
    while trainer.fraction() < 1.0 {
        trainer.step(&tokens).unwrap();
    }
    let last = trainer.measure(&tokens, 8).unwrap();
    assert!(last < 1.0, "{first} only fell to {last}");

    let state = trainer.checkpoint().state;
    let weights = named(&slots(&preset().model), &state.average, &Device::flex());
    let score = |class: u16| {
        let sequences = Sequences { classes: &[class], tokens: &tokens.tokens[..64] };
        loss(&weights, &preset().model, sequences, None).into_scalar::<f32>()
    };
    assert!(score(0) + 0.5 < score(1), "the right class is not preferred: {} {}", score(0), score(1));
}

#[test]
fn a_loss_that_is_not_finite_is_explained_and_leaves_the_weights_alone() {
    let tokens = tokens();
    let trainer = Trainer::new(preset(), &tokens).unwrap();
    let mut checkpoint = trainer.checkpoint();
    checkpoint.state.weights[7] = f32::NAN;
    checkpoint.step = 100;
    let mut trainer = Trainer::resume(checkpoint);
    let options = TrainerOptions { batch: Some(2), ..Default::default() };
    trainer.configure(&options).unwrap();
    let message = loop {
        // The broken row is only met when its token is.
        match trainer.step(&tokens) {
            Ok(_) if trainer.steps() < 140 => {}
            Ok(_) => panic!("never noticed"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(message.contains("learning rate stayed") && message.contains("from 4 to 2 images"), "{message}");
    let finite = |state: &AdamWState| state.weights.iter().filter(|w| !w.is_finite()).count();
    assert_eq!(finite(&trainer.checkpoint().state), 1);
}

#[test]
fn an_exported_transformer_has_the_same_logits_in_the_engine() {
    let folder = Folder::new("engine");
    let tokens = tokens();
    let mut checkpoint = Trainer::new(preset(), &tokens).unwrap().checkpoint();
    checkpoint.state.average = lively(&checkpoint.preset.model);
    let (weights, config) = tokenizer();
    let path = folder.0.join("model");
    export(&checkpoint, (&weights, &config), Precision::F32, &path).unwrap();

    let model = &checkpoint.preset.model;
    let ours = named(&slots(model), &checkpoint.state.average, &Device::flex());
    let known = &tokens.tokens[..20];
    let ours: Vec<f32> =
        logits(&ours, model, Sequences { classes: &[2], tokens: known }).to_data().iter().collect();
    let theirs = pollster::block_on(async {
        let gpu = Gpu::open(&GpuOptions::default()).await.unwrap();
        let opened = Model::open_path(&path).await.unwrap();
        assert_eq!(opened.folder().unwrap().class_names, ["one", "two", "three"]);
        opened.tokenizer(None).unwrap();
        let weights = TransformerWeights::new(&opened, None).unwrap();
        assert_eq!(weights.config(), model);
        let job = Job::new();
        let transformer = Transformer::load(&gpu, &weights, TransformerPrecision::F32, &job).await.unwrap();
        let known: Vec<u32> = known.iter().map(|token| u32::from(*token)).collect();
        transformer.logits(Condition::Class(2), &known, None, &job).await.unwrap()
    });
    assert!(theirs.values.len() >= ours.len());
    for (index, (ours, theirs)) in ours.iter().zip(&theirs.values).enumerate() {
        assert!((ours - theirs).abs() < 1e-3, "logit {index}: {ours} here, {theirs} in the engine");
    }

    let (mut other, config) = tokenizer();
    other.update("quantize.embedding.weight", |codes| codes * 2.0);
    let refused = export(&checkpoint, (&other, &config), Precision::F32, &path).unwrap_err();
    assert!(refused.to_string().contains("its codes differ"));
}

#[test]
fn the_sampler_of_the_trainer_and_the_engine_choose_the_same_tokens() {
    let folder = Folder::new("greedy");
    let tokens = tokens();
    let mut checkpoint = Trainer::new(preset(), &tokens).unwrap().checkpoint();
    checkpoint.state.average = lively(&checkpoint.preset.model);
    let (weights, config) = tokenizer();
    let path = folder.0.join("model");
    export(&checkpoint, (&weights, &config), Precision::F32, &path).unwrap();

    let model = &checkpoint.preset.model;
    let ours = named(&slots(model), &checkpoint.state.average, &Device::flex());
    let job = Job::new();
    let engine = pollster::block_on(async {
        let gpu = Gpu::open(&GpuOptions::default()).await.unwrap();
        let weights = TransformerWeights::new(&Model::open_path(&path).await.unwrap(), None).unwrap();
        Transformer::load(&gpu, &weights, TransformerPrecision::F32, &job).await.unwrap()
    });
    let mut seen = std::collections::BTreeSet::new();
    for cfg_scale in [1.0, 2.25] {
        let sampling = Sampling { temperature: 0.0, cfg_scale, ..Sampling::default() };
        let classes = [0, 1, 2];
        let ours = sample(&ours, model, &classes, sampling, &mut Random::new(7), |_| {});
        let request = |class: u16| PictureRequest {
            condition: Condition::Class(u32::from(class)),
            sampling,
            seed: 3,
            number: u32::from(class),
            fixed: Vec::new(),
        };
        let requests: Vec<PictureRequest> = classes.map(request).into();
        let grids = pollster::block_on(engine.generate(&requests, &job, |_| {})).unwrap();
        for ((class, ours), grid) in classes.iter().zip(&ours).zip(&grids) {
            let ours: Vec<u32> = ours.iter().map(|token| u32::from(*token)).collect();
            assert_eq!(ours, grid.tokens, "class {class}, guidance {cfg_scale}");
            seen.insert(ours);
        }
    }
    // Neither class nor guidance is without effect, so equal tokens say something.
    assert_eq!(seen.len(), 6);
}

#[test]
fn pictures_become_tokens_that_a_file_keeps() {
    let folder = Folder::new("tokens");
    let path = folder.0.join("tokens.safetensors");
    let (weights, config) = tokenizer();
    let pictures = Pictures::scenes(3, 16, 0, &[1], |_| {});
    let mut set = TokenSet::new(&weights, &config, 16, tokens().class_names);
    set.add(&weights, &config, &pictures, &[0, 1, 2], |_| {});
    // Each picture as it is and mirrored.
    assert_eq!((set.len(), set.tokens.len(), &set.classes[..]), (6, 6 * 64, &[0, 1, 2, 0, 1, 2][..]));
    assert_ne!(set.picture(0), set.picture(3));
    set.save(&path).unwrap();
    assert_eq!(TokenSet::open(&path).unwrap(), set);
    // Too few to keep one back: there is nothing to measure, and no number is made up.
    assert_eq!(Trainer::new(preset(), &set).unwrap().measure(&set, 8), None);
    let message = Trainer::new(Preset::open("ar-tiny").unwrap(), &set).unwrap_err().to_string();
    assert!(message.contains("48 codes, 64 tokens"), "{message}");

    let bytes = std::fs::read(&path).unwrap();
    for broken in [&bytes[..bytes.len() - 1], b"text"] {
        std::fs::write(&path, broken).unwrap();
        assert!(TokenSet::open(&path).unwrap_err().to_string().contains("tokens.safetensors"));
    }
}
