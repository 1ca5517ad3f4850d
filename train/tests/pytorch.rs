//! Checkpoints for PyTorch: the engine reads them as it reads official ones.

use std::path::PathBuf;

use burn::tensor::Device;
use ibq_core::{
    files::{Model, WeightSet},
    tokenizer::{ModelKind, Rule},
};
use ibq_tests::folder::Folder;
use ibq_train::{
    data::Pictures,
    pytorch::{Entry, Values, save},
    tokenizer::{
        CODEBOOK, Checkpoint, Preset, Trainer, export_pytorch, import, loss::Lpips,
        official_yaml::tokenizer_yaml,
    },
    transformer::{self, CodeMap, TokenSet, inner_codes, official_yaml::transformer_yaml, parameters::slots},
    weights::Weights,
};

const SMALL: &str = r#"
[model]
ch = 32
ch_mult = [1, 1]
num_res_blocks = 1
attn_resolutions = []
resolution = 16
z_channels = 8
embed_dim = 8
n_embed = 64
[quantizer]
rule = "ibq"
[adversarial]
weight = 0.1
filters = 8
layers = 2
[training]
side = 16
batch = 2
steps = 100
learning_rate = 1e-3
ema_decay = 0.5
"#;

/// A tokenizer after two steps with a discriminator.
fn trained() -> Checkpoint {
    trained_by("ibq")
}

fn trained_by(rule: &str) -> Checkpoint {
    let preset = SMALL.replace("rule = \"ibq\"", &format!("rule = \"{rule}\""));
    let mut trainer = Trainer::new(Preset::parse("small", &preset).unwrap(), Device::flex());
    let pictures = Pictures::scenes(4, 16, 0, &[1], |_| {});
    for _ in 0..2 {
        trainer.step(&pictures).unwrap();
    }
    trainer.checkpoint()
}

#[test]
fn a_tokenizer_has_its_raw_weights_and_their_averages() {
    let folder = Folder::new("tokenizer");
    let path = folder.0.join("tokenizer.ckpt");
    let checkpoint = trained();
    export_pytorch(&checkpoint, &path).unwrap();
    pollster::block_on(async {
        let model = Model::open_path(&path).await.unwrap();
        assert_eq!(model.kind(), ModelKind::Tokenizer);
        for (set, ours) in [(WeightSet::Raw, &checkpoint.weights), (WeightSet::Ema, &checkpoint.ema.weights)]
        {
            let tokenizer = model.tokenizer(Some(set)).unwrap();
            for (name, _) in checkpoint.preset.model.parameters() {
                assert_eq!(tokenizer.read(&name).await.unwrap(), ours.values(&name), "{set} {name}");
            }
        }
        assert_eq!(model.read_tensor("model_ema.decay").await.unwrap(), [0.5]);
        assert_eq!(model.read_integers("model_ema.num_updates").await.unwrap(), [-1]);
        let discriminator = &checkpoint.adversary.as_ref().unwrap().discriminator;
        for (name, tensor) in discriminator.weights.iter().chain(discriminator.statistics.iter()) {
            let stored = format!("loss.discriminator.{name}");
            let shape: Vec<usize> =
                model.tensor(&stored).unwrap().shape.iter().map(|size| *size as usize).collect();
            assert_eq!(shape, tensor.shape, "{name}");
            let values: Vec<f32> = tensor.values.to_data().iter().collect();
            assert_eq!(model.read_tensor(&stored).await.unwrap(), values, "{name}");
        }
        let counter = "loss.discriminator.main.3.num_batches_tracked";
        assert_eq!(model.read_integers(counter).await.unwrap(), [6]);
        assert!(model.tensor("model_ema.lossdiscriminatormain3weight").is_some());
        assert!(model.tensor("model_ema.lossdiscriminatormain3running_mean").is_none());
    });
    let different = |name: &str| checkpoint.weights.values(name) != checkpoint.ema.weights.values(name);
    assert!(different("encoder.conv_in.weight"), "raw weights and averages cannot be told apart");
    // A training can start from it.
    let (weights, model) = import(&path, &Device::flex()).unwrap();
    assert_eq!(weights.values(CODEBOOK), checkpoint.ema.weights.values(CODEBOOK));
    let fine =
        Trainer::from_model(Preset::parse("small", SMALL).unwrap(), weights, model, Device::flex()).unwrap();
    assert_eq!(fine.average().values(CODEBOOK), checkpoint.ema.weights.values(CODEBOOK));
}

#[test]
fn the_yaml_beside_the_file_states_the_rule() {
    let folder = Folder::new("rule");
    for (rule, class) in [(Rule::Ibq, "src.IBQ.models.ibqgan.IBQ"), (Rule::Vq, "taming.models.vqgan.VQModel")]
    {
        let path = folder.0.join(format!("{}.ckpt", rule.key()));
        let checkpoint = trained_by(rule.key());
        export_pytorch(&checkpoint, &path).unwrap();
        let yaml = tokenizer_yaml(&checkpoint.preset.model);
        assert!(yaml.contains(class), "{yaml}");
        let model = pollster::block_on(Model::open_path(&path)).unwrap();
        let alone = model.tokenizer(None).unwrap();
        assert_eq!((alone.config().rule, alone.rule_is_assumed()), (Rule::Ibq, true));
        let stated = alone.with_yaml(&yaml).unwrap();
        assert_eq!((stated.config().rule, stated.rule_is_assumed()), (rule, false));
    }
}

const TRANSFORMER: &str = "
[model]
vocab_size = 64
block_size = 64
n_layer = 2
n_head = 4
n_embd = 32
class_num = 3
ffn_dim = 96
[training]
batch = 2
steps = 10
learning_rate = 1e-3
warm_up = 1
first_rate = 0.01
final_rate = 0.05
weight_decay = [0.05, 0.05]
dropout = 0.0
class_dropout = 0.1
ema_decay = 0.5
[start]
gamma = 1.0
class = 1.0
tokens_from_codes = 0.5
head_from_codes = 0.05
";

fn tokens(checkpoint: &Checkpoint, classes: &[&str]) -> TokenSet {
    let names = classes.iter().map(|name| (*name).to_owned()).collect();
    let mut set = TokenSet::new(&checkpoint.ema.weights, &checkpoint.preset.model, 16, names);
    for picture in 0..64u16 {
        set.classes.push(picture % classes.len() as u16);
        set.tokens.extend((0..64).map(|position| (picture + 3 * position) % 64));
    }
    set
}

#[test]
fn a_transformer_goes_out_and_comes_back_to_be_trained_on() {
    let folder = Folder::new("transformer");
    let path = folder.0.join("transformer.ckpt");
    let tokenizer = trained();
    let three = tokens(&tokenizer, &["one", "two", "three"]);
    let preset = transformer::Preset::parse("a test", TRANSFORMER).unwrap();
    let mut trainer = transformer::Trainer::new(preset.clone(), &three).unwrap();
    trainer.step(&three).unwrap();
    let checkpoint = trainer.checkpoint();
    transformer::export_pytorch(&checkpoint, &tokenizer.ema.weights, &path).unwrap();
    let refused = transformer::export_pytorch(&checkpoint, &tokenizer.weights, &path).unwrap_err();
    assert!(refused.to_string().contains("its codes differ"));

    let yaml = transformer_yaml(&preset.model, &tokenizer.preset.model).unwrap();
    let (weights, model) = transformer::import(&path, Some(&yaml), &Device::flex()).unwrap();
    assert_eq!(model, preset.model);
    for slot in slots(&model) {
        assert_eq!(weights.values(&slot.name), checkpoint.state.average[slot.range], "{}", slot.name);
    }
    let (inner, config) = import(&path, &Device::flex()).unwrap();
    assert_eq!(config.n_embed, 64);
    assert!(
        tokenizer
            .ema
            .weights
            .iter()
            .all(|(name, _)| inner.values(name) == tokenizer.ema.weights.values(name))
    );
    assert_eq!(inner_codes(&path).unwrap().as_ref(), Some(&three.codes));

    // The same classes: all weights are taken over.
    let begun =
        transformer::Trainer::from_model(preset.clone(), (&weights, model.clone()), None, &three).unwrap();
    assert_eq!(begun.checkpoint().state.weights, checkpoint.state.average);
    assert_eq!(begun.checkpoint().state.average, checkpoint.state.average);
    assert_eq!(begun.measure(&three, 1).unwrap(), trainer.measure(&three, 1).unwrap());
    // Codes that moved begin like others.
    let mut sources: Vec<usize> = (0..64).collect();
    sources[5] = 9;
    let code_map = CodeMap { sources, changed: 1 };
    let begun =
        transformer::Trainer::from_model(preset.clone(), (&weights, model.clone()), Some(&code_map), &three)
            .unwrap();
    for name in ["tok_emb.weight", "head.weight"] {
        let (now, before) = (begun.average().values(name), weights.values(name));
        assert_eq!(now[5 * 32..6 * 32], before[9 * 32..10 * 32], "{name}");
        assert_eq!(now[6 * 32..], before[6 * 32..], "{name}");
    }
    // Other classes: they begin anew, "no class" and all else stay.
    let two = tokens(&tokenizer, &["four", "five"]);
    let mut begun =
        transformer::Trainer::from_model(preset.clone(), (&weights, model.clone()), None, &two).unwrap();
    assert_eq!(begun.preset().model.class_num, 2);
    let average = begun.average();
    let table = |weights: &Weights| weights.values("class_emb.embedding_table.weight");
    assert_eq!(table(&average)[2 * 32..], table(&weights)[3 * 32..]);
    assert_ne!(table(&average)[..32], table(&weights)[..32]);
    assert_eq!(average.values("head.weight"), weights.values("head.weight"));
    begun.step(&two).unwrap();
    // Another tokenizer: refused.
    let mut other = two;
    other.vocab = 32;
    let message =
        transformer::Trainer::from_model(preset, (&weights, model), None, &other).unwrap_err().to_string();
    assert!(message.contains("32 codes"), "{message}");
}

#[test]
fn weights_of_lpips_may_come_as_two_files_of_pytorch() {
    let folder = Folder::new("lpips");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/lpips.safetensors");
    let bytes = std::fs::read(golden).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let values: Vec<(String, Vec<usize>, Vec<f32>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let values = tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
            (name.to_owned(), tensor.shape().to_vec(), values.collect())
        })
        .collect();
    let files = ["features", "lin"].map(|start| {
        let path = folder.0.join(format!("{start}.pth"));
        let tensors = values.iter().filter(|(name, _, _)| name.starts_with(start));
        let entry = |(name, shape, values): &'_ (String, Vec<usize>, Vec<f32>)| {
            (name.clone(), shape.clone(), values.clone())
        };
        let picked: Vec<_> = tensors.map(entry).collect();
        let entries: Vec<Entry<'_>> = picked
            .iter()
            .map(|(name, shape, values)| Entry {
                name: name.clone(),
                shape: shape.clone(),
                values: Values::Floats(values),
            })
            .collect();
        save(&path, &[], &entries).unwrap();
        path
    });
    let picture = burn::tensor::Tensor::<4>::zeros([1, 3, 16, 16], &Device::flex());
    let measure = |files: &[PathBuf]| {
        let lpips = Lpips::open(files, &Device::flex()).unwrap();
        lpips.of(picture.clone(), picture.clone() + 0.5).into_scalar::<f32>()
    };
    assert_eq!(measure(&files), measure(&[golden.into()]));
}
