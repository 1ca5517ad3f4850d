//! Families of tokenizers: which rule a model's tokens follow, who says so, and what is refused by name.

use crate::command::{Folder, golden};
use ibq_core::{
    files::{Model, WeightSet},
    gpu::{AdapterChoice, Gpu, GpuOptions, Precision},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenFile,
};
use pollster::block_on;

/// The configuration that taming-transformers would write beside the tiny model, whose tensors are those of a VQGAN.
const VQGAN: &str = "\
model:
  base_learning_rate: 4.5e-06
  target: taming.models.vqgan.VQModel
  params:
    embed_dim: 32
    n_embed: 512
    ddconfig:
      double_z: false
      z_channels: 32
      resolution: 256
      in_channels: 3
      out_ch: 3
      ch: 32
      ch_mult:
      - 1
      - 1
      - 1
      - 2
      - 2
      num_res_blocks: 2
      attn_resolutions:
      - 16
      dropout: 0.0
    lossconfig:
      target: taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator
      params:
        disc_conditional: false
        disc_in_channels: 3
        disc_start: 0
        disc_weight: 0.75
        codebook_weight: 1.0
data:
  target: main.DataModuleFromConfig
  params:
    batch_size: 14
";

/// For every latent vector of a picture of the tiny model, the code that is nearest in f64.
fn nearest_codes(picture: &image::RgbImage) -> Vec<u32> {
    block_on(async {
        let path = golden("tokenizer_tiny.ckpt");
        let model = Model::open_path(path.as_ref()).await.unwrap();
        let weights = model.tokenizer(Some(WeightSet::Raw)).unwrap();
        let codes = weights.read("quantize.embedding.weight").await.unwrap();
        let options = GpuOptions { adapter: AdapterChoice::Software, ..GpuOptions::default() };
        let gpu = Gpu::open(&options).await.unwrap();
        let tokenizer = Tokenizer::load(&gpu, &weights, Precision::F32, &Job::new()).await.unwrap();
        let options = RunOptions { latents: true, ..RunOptions::default() };
        let encoding = tokenizer.encode(std::slice::from_ref(picture), &options, &Job::new()).await.unwrap();
        let dimension = weights.config().quantizer().dimension as usize;
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
        };
        let nearest = |latent: &[f32]| {
            let distances = codes.chunks_exact(dimension).map(|code| distance(code, latent)).enumerate();
            distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0 as u32
        };
        encoding.latents.unwrap()[0].chunks_exact(dimension).map(nearest).collect()
    })
}

fn tokens(folder: &Folder, name: &str) -> Vec<u32> {
    let file = TokenFile::read(name, &std::fs::read(folder.at(name)).unwrap()).unwrap();
    file.grids.into_iter().flat_map(|grid| grid.tokens).collect()
}

#[test]
fn a_vqgan_with_its_yaml_gives_the_nearest_codes_and_without_it_ibq_is_assumed_and_that_is_said() {
    let folder = Folder::new("vqgan");
    let picture = folder.picture("a.png", 96, 80);
    folder.write("vqgan.yaml", VQGAN.as_bytes());
    let model = golden("tokenizer_tiny.ckpt");
    let encode = |out: &str, more: &[&str]| {
        let words = ["encode", "a.png", "-o", out, "--device", "cpu"];
        folder.ibq_with(&[&words, more].concat()).ends_with(0)
    };
    let raw = ["--model", &model, "--weights", "raw"];
    let ran = encode("vq.json", &[&raw[..], &["--config", "vqgan.yaml"]].concat());
    assert!(!ran.err.contains("assumed"), "{}", ran.err);
    let nearest = nearest_codes(&picture);
    assert_eq!(tokens(&folder, "vq.json"), nearest);

    encode("assumed.json", &raw).says(&["note: ", "IBQ (largest dot product) is assumed", "--config"]);
    let assumed = tokens(&folder, "assumed.json");
    let same = assumed.iter().zip(&nearest).filter(|(a, b)| a == b).count();
    assert!(2 * same < nearest.len(), "{same} of {} tokens are the same by both rules", nearest.len());

    // A converted folder says the rule by itself.
    let words = ["convert", &model, "--weights", "raw", "--config", "vqgan.yaml", "-o", "vqgan"];
    folder.ibq_with(&words).ends_with(0);
    let ran = encode("folder.json", &["--model", "vqgan"]);
    assert!(!ran.err.contains("assumed"), "{}", ran.err);
    assert_eq!(tokens(&folder, "folder.json"), nearest);
    let json = folder.ibq("info vqgan --json --device cpu").ends_with(0).json();
    assert_eq!((&json["quantizer"], &json["quantizer_assumed"]), (&"vq".into(), &false.into()));
    assert_eq!((&json["kind"], &json["config"]["quantizer"]), (&"tokenizer".into(), &"vq".into()));
    let text = folder.ibq("info vqgan --device cpu").ends_with(0).out;
    assert!(text.contains("VQGAN tokenizer") && text.contains("VQ (nearest code)"), "{text}");

    // Converting does not turn an assumption into a statement.
    folder.ibq_with(&["convert", &model, "-o", "assumed"]).ends_with(0).says(&["is assumed"]);
    let json = folder.ibq("info assumed --json --device cpu").ends_with(0).json();
    assert_eq!((&json["quantizer"], &json["quantizer_assumed"]), (&"ibq".into(), &true.into()));
    let text = folder.ibq("info assumed --device cpu").ends_with(0).out;
    assert!(text.contains("IBQ (largest dot product) (assumed"), "{text}");

    // It knows better than a configuration for another rule.
    folder.write("ibq.yaml", &std::fs::read(golden("tokenizer_tiny.yaml")).unwrap());
    folder.ibq("info vqgan --config ibq.yaml --device cpu").ends_with(1).says(&["quantizer", "ibq", "vq"]);
}

#[test]
fn a_configuration_of_another_class_of_model_is_refused_with_its_name() {
    let folder = Folder::new("classes");
    let model = golden("tokenizer_tiny.ckpt");
    let info = |yaml: &str| {
        folder.write("a.yaml", yaml.as_bytes());
        folder.ibq_with(&["info", &model, "--config", "a.yaml", "--device", "cpu"])
    };
    for class in ["taming.models.vqgan.GumbelVQ", "taming.models.vqgan.EMAVQ", "mine.models.OwnVQ"] {
        let ran = info(&VQGAN.replace("taming.models.vqgan.VQModel", class)).ends_with(1);
        ran.says(&["a.yaml", class, "taming.models.vqgan.VQModel", "src.IBQ.models.ibqgan.IBQ"]);
    }
    let transformer = std::fs::read_to_string(golden("ar_small.yaml")).unwrap();
    info(&transformer).ends_with(1).says(&["cond_transformer_llama.Net2NetTransformer"]);
    info(&VQGAN.replace("  target: taming.models.vqgan.VQModel\n", "")).ends_with(0);
    // The configuration of a tokenizer is none of a transformer.
    let generator = golden("ar_small.safetensors");
    folder.write("a.yaml", VQGAN.as_bytes());
    let ran = folder.ibq_with(&["info", &generator, "--config", "a.yaml", "--device", "cpu"]);
    ran.ends_with(1).says(&["taming.models.vqgan.VQModel", "Net2NetTransformer"]);
}

#[test]
fn models_that_cannot_be_run_are_refused_by_name() {
    let folder = Folder::new("refused");
    folder.picture("a.png", 32, 32);
    for (name, tensors, said) in [
        ("gumbel", &["quantize.embed.weight", "quantize.proj.weight"][..], "GumbelVQ"),
        ("llamagen", &["encoder.conv_blocks.0.res.0.conv1.weight", "quantize.embedding.weight"], "LlamaGen"),
        ("lfq", &["encoder.mid_block.0.conv1.weight"], "Open-MAGVIT2"),
        ("net2net", &["transformer.blocks.0.attn.key.weight"], "Net2NetTransformer"),
    ] {
        let file = format!("{name}.safetensors");
        let tensors = tensors.iter().chain(&["encoder.conv_in.weight"]);
        let entries: serde_json::Map<_, _> = tensors
            .map(|name| {
                let entry = serde_json::json!({ "dtype": "F32", "shape": [0], "data_offsets": [0, 0] });
                ((*name).to_owned(), entry)
            })
            .collect();
        let header = serde_json::Value::Object(entries).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.into_bytes());
        folder.write(&file, &bytes);
        let ran = folder.ibq(&format!("encode a.png -o t.json --model {file}"));
        ran.ends_with(1).says(&[&file, said, "not supported"]);
        let text = folder.ibq(&format!("info {file}")).ends_with(0).out;
        assert!(text.contains(said) && text.contains("not supported"), "{text}");
    }
}
