//! New pictures, their likelihood, and what else is done with transformers.

use ibq_core::{
    device::{Device, Processor},
    files::{Model, WeightSet},
    generator::{OpenedGenerator, Recipe, RecipeTokenizer},
    gpu::Precision,
    job::Job,
    picture::{encode_png, with_text},
    tokenizer::Tokenizer,
    transformer::{Condition, PictureRequest, Sampling, TransformerPrecision},
};
use serde_json::Value;

use crate::command::{Folder, Ran, colorful, golden};

/// Tokens that pictures begin with, so that few are left to be made.
fn given(folder: &Folder) {
    let rows: Vec<Vec<u32>> =
        (0..16).map(|row| (0..16).map(|col| (row * 37 + col * 11) % 512).collect()).collect();
    let file = serde_json::json!({
        "width": 256, "height": 256, "factor": 16, "grid": [16, 16], "codebook_size": 512, "model": "none", "tokens": rows,
    });
    folder.write("given.json", file.to_string().as_bytes());
}

/// Runs a command on the small transformer of the golden vectors, on this device.
fn ibq_on(device: &str, folder: &Folder, words: &str) -> Ran {
    let (model, config) = (golden("ar_small.safetensors"), golden("ar_small.yaml"));
    let mut all: Vec<&str> = words.split_whitespace().collect();
    all.extend(["--model", &model, "--config", &config, "--device", device]);
    folder.ibq_with(&all)
}

/// The same on the processor, which is faster than a software adapter.
fn ibq(folder: &Folder, words: &str) -> Ran {
    ibq_on("cpu", folder, words)
}

fn generate(folder: &Folder, words: &str) -> Ran {
    ibq(folder, &format!("generate {words} --tokenizer {}", golden("tokenizer_tiny.ckpt")))
}

fn recipe(folder: &Folder, name: &str) -> Recipe {
    let png = std::fs::read(folder.at(name)).unwrap();
    Recipe::of_png(&png).unwrap().expect("settings inside")
}

/// Writes a PNG that carries a recipe.
fn write_recipe(folder: &Folder, name: &str, recipe: &Recipe) {
    let png = encode_png(&colorful(8, 8)).unwrap();
    // As anybody may write it, with places that this program does not write.
    folder.write(name, &with_text(&png, Recipe::KEYWORD, &serde_json::to_string(recipe).unwrap()));
}

#[test]
fn pictures_carry_what_repeats_them() {
    let folder = Folder::new("generate");
    given(&folder);
    let ran = generate(
        &folder,
        "--class 3,7 --count 2 --seed 5 --cfg 2:cosine --prefix given.json --keep 240 --grid --tokens -o out",
    )
    .ends_with(0);
    assert!(ran.err.contains("tokens/s"), "{}", ran.err);
    let pictures =
        ["class-3-seed-5-1.png", "class-3-seed-5-2.png", "class-7-seed-5-1.png", "class-7-seed-5-2.png"];
    let mut all = pictures.to_vec();
    all.extend(["grid.png", "tokens.json"]);
    assert_eq!(folder.list("out"), all);
    // Two rows of two, with gaps of 8.
    assert_eq!(folder.open("out/grid.png").dimensions(), (520, 520));
    let tokens: Value =
        serde_json::from_slice(&std::fs::read(folder.at("out/tokens.json")).unwrap()).unwrap();
    assert_eq!(tokens.as_array().unwrap().len(), 4);
    let first = recipe(&folder, "out/class-3-seed-5-1.png");
    assert_eq!((first.seed, first.number, first.grid), (5, 0, [16, 16]));
    let kept: Vec<u32> = (0..240).map(|at| (at / 16 * 37 + at % 16 * 11) % 512).collect();
    for name in pictures {
        assert_eq!(recipe(&folder, &format!("out/{name}")).tokens[..240], kept);
    }
    assert_ne!(recipe(&folder, "out/class-3-seed-5-2.png").tokens, first.tokens);
    generate(&folder, "--class 3,7 --count 2 --seed 5 -o out").ends_with(1).says(&["--overwrite"]);

    // The file says which models it needs and the head count, and nothing about this machine.
    let made = recipe(&folder, "out/class-7-seed-5-2.png");
    let text = made.to_json().unwrap();
    assert!(!text.contains("golden/") && !text.contains("\"path\""), "{text}");
    assert_eq!((made.model.as_str(), made.sha256.map(|it| it.len())), ("ar_small.safetensors", Some(64)));
    folder.ibq("generate --from out/class-7-seed-5-2.png -o a.png").ends_with(1).says(&["--model"]);
    let models = [golden("ar_small.safetensors"), golden("tokenizer_tiny.ckpt")];
    let words =
        format!("generate --from out/class-7-seed-5-2.png -o again.png --device cpu --model {}", models[0]);
    folder.ibq(&words).ends_with(1).says(&["tokenizer tokenizer_tiny.ckpt", "--tokenizer"]);
    let words = format!("{words} --tokenizer {}", models[1]);
    let ran = folder.ibq(&words).ends_with(0);
    assert!(!ran.err.contains("note:"), "{}", ran.err);
    let bytes = |name: &str| std::fs::read(folder.at(name)).unwrap();
    assert!(bytes("again.png") == bytes("out/class-7-seed-5-2.png"), "another picture");
    // Another device and kernels of another tier are no other picture.
    for (name, device) in [("adapter", "software"), ("portable", "software --tier portable")] {
        let ran = folder.ibq(&words.replace("again", name).replace("cpu", device));
        assert!(!ran.ends_with(0).err.contains("note:"));
        assert_eq!(recipe(&folder, &format!("{name}.png")), recipe(&folder, "again.png"));
    }
}

/// The way of the window: a tokenizer that is loaded already, with settings of its own, draws the tokens.
#[test]
fn a_picture_that_a_loaded_tokenizer_drew_is_repeated() {
    let folder = Folder::new("loaded-tokenizer");
    let (path, checkpoint) = (golden("ar_small.safetensors"), golden("tokenizer_tiny.ckpt"));
    let yaml = std::fs::read_to_string(golden("ar_small.yaml")).unwrap();
    let request = PictureRequest {
        condition: Condition::Mix(3, 7, 0.25),
        sampling: Sampling::pretty(),
        seed: 11,
        number: 2,
        fixed: (0..250).map(|token| Some(token * 2)).collect(),
    };
    let png = pollster::block_on(async {
        let job = Job::new();
        let device = Device::from(Processor::open(0));
        let weights =
            Model::open_path(checkpoint.as_ref()).await.unwrap().tokenizer(Some(WeightSet::Raw)).unwrap();
        let loaded = Tokenizer::load(&device, &weights, Precision::F32, &job).await.unwrap();
        let model = Model::open_path(path.as_ref()).await.unwrap();
        let mut opened = OpenedGenerator::new("ar_small.safetensors", &model, Some(&yaml)).unwrap();
        assert!(opened.offer_tokenizer(loaded));
        let generator = opened.load(&device, TransformerPrecision::Int8, &job).await.unwrap();
        let grids =
            generator.transformer.generate(std::slice::from_ref(&request), &job, |_| {}).await.unwrap();
        let picture = generator.decode(&grids, &job).await.unwrap().remove(0);
        generator.recipe(&request, &grids[0].tokens).png(&picture).unwrap()
    });
    folder.write("window.png", &png);
    let made = recipe(&folder, "window.png");
    let named = made.tokenizer.clone().unwrap();
    let expected = RecipeTokenizer {
        name: "tokenizer_tiny.ckpt".to_owned(),
        path: String::new(),
        sha256: named.sha256.clone(),
        weights: Some(WeightSet::Raw),
        precision: Precision::F32,
    };
    assert_eq!((made.path.as_str(), &named), ("", &expected));
    assert_eq!(named.sha256.map(|digest| digest.len()), Some(64));
    let words = |from: &str| {
        format!("generate --from {from} -o again.png --device cpu --model {path} --tokenizer {checkpoint}")
    };
    let ran = folder.ibq(&words("window.png")).ends_with(0);
    assert!(!ran.err.contains("SHA-256"), "{}", ran.err);
    assert!(std::fs::read(folder.at("again.png")).unwrap() == png, "another picture");

    // Another file of the same model is used, and that is said.
    let mut other = made;
    other.sha256 = Some("0".repeat(64));
    write_recipe(&folder, "other.png", &other);
    let ran = folder.ibq(&format!("{} --overwrite", words("other.png"))).ends_with(0);
    assert!(ran.err.contains("ar_small.safetensors: is another file than the one"), "{}", ran.err);
}

/// A picture that anybody may have made names files of this machine, which are not opened.
#[test]
fn files_that_a_picture_names_are_never_opened() {
    let folder = Folder::new("hostile-recipe");
    given(&folder);
    let words = "--prefix given.json --keep 252 --device cpu";
    folder.ibq(&format!("generate --class lighthouse -o a.png {words}")).ends_with(0);
    let made = recipe(&folder, "a.png");
    for place in ["/etc/passwd", "\\\\host\\share\\m", "//host/share/m", "https://host/m/"] {
        let mut hostile = made.clone();
        place.clone_into(&mut hostile.path);
        hostile.model = "\u{1b}]52;c;aGk=\u{7}model".to_owned();
        write_recipe(&folder, "hostile.png", &hostile);
        let ran = folder.ibq("generate --from hostile.png -o b.png --device cpu").ends_with(1);
        assert!(!ran.err.contains(place) && !ran.err.contains('\u{1b}'), "{}", ran.err);
        ran.says(&["generator \u{fffd}]52;c;aGk=\u{fffd}model is; give it with --model"]);

        let tokenizer = RecipeTokenizer {
            name: "t".to_owned(),
            path: place.to_owned(),
            sha256: None,
            weights: None,
            precision: Precision::F32,
        };
        let mut hostile = made.clone();
        hostile.tokenizer = Some(tokenizer);
        write_recipe(&folder, "hostile.png", &hostile);
        let ran = folder.ibq("generate --from hostile.png -o b.png --device cpu").ends_with(1);
        ran.says(&["where its tokenizer t is; give it with --tokenizer"]);
    }
}

#[test]
fn pictures_of_the_bundled_models_name_them() {
    let folder = Folder::new("bundled-generator");
    given(&folder);
    let words = "--prefix given.json --keep 252 --device cpu";
    folder.ibq(&format!("generate --class lighthouse -o a.png {words}")).ends_with(0);
    let made = recipe(&folder, "a.png");
    let name = made.path.strip_prefix("bundled:").expect("a bundled model").to_owned();
    assert_eq!(
        (made.model.as_str(), made.class_names.as_slice()),
        (name.as_str(), &["lighthouse".to_owned()][..])
    );
    assert_eq!(made.tokenizer, None, "its tokenizer is inside");
    folder.ibq("generate --from a.png -o again.png --device cpu").ends_with(0);
    let bytes = |name: &str| std::fs::read(folder.at(name)).unwrap();
    assert!(bytes("again.png") == bytes("a.png"), "another picture");

    // As the window wrote it once: the bare name of the generator.
    let mut old = made.clone();
    old.path = name;
    write_recipe(&folder, "old.png", &old);
    folder.ibq("generate --from old.png -o old-again.png --device cpu").ends_with(0);
    assert!(bytes("old-again.png") == bytes("a.png"), "another picture");

    for (path, said) in [("bundled:other", "bundled model other"), ("", "does not say where its generator")] {
        let mut lost = made.clone();
        path.clone_into(&mut lost.path);
        write_recipe(&folder, "lost.png", &lost);
        let ran = folder.ibq("generate --from lost.png -o b.png --device cpu").ends_with(1);
        ran.says(&[said, "--model"]);
    }
    let default = std::fs::read_to_string(golden("../../assets/models/default.txt")).unwrap();
    let bundled = RecipeTokenizer {
        name: default.trim().to_owned(),
        path: format!("bundled:{}", default.trim()),
        sha256: None,
        weights: Some(WeightSet::Ema),
        precision: Precision::F16,
    };
    let mut outside = made.clone();
    outside.tokenizer = Some(bundled.clone());
    write_recipe(&folder, "outside.png", &outside);
    folder.ibq("generate --from outside.png -o outside-again.png --device cpu").ends_with(0);
    let mut named = recipe(&folder, "outside-again.png").tokenizer.unwrap();
    assert_eq!(named.sha256.take().map(|digest| digest.len()), Some(64));
    assert_eq!(named, bundled);
    for (path, said) in [("bundled:other", "bundled model other"), ("", "does not say where its tokenizer")] {
        let mut lost = made.clone();
        lost.tokenizer = Some(RecipeTokenizer { path: path.to_owned(), ..bundled.clone() });
        write_recipe(&folder, "lost.png", &lost);
        let ran = folder.ibq("generate --from lost.png -o b.png --device cpu").ends_with(1);
        ran.says(&[said, "--tokenizer"]);
    }
}

#[test]
fn wrong_wishes_are_refused_in_words() {
    let folder = Folder::new("generate-usage");
    given(&folder);
    folder.write("plain.png", &ibq_core::picture::encode_png(&colorful(8, 8)).unwrap());
    for (words, code, said) in [
        ("--class 10", 2, "has 0 to 9"),
        ("--class owl", 2, "no names of classes"),
        ("--class 1 --top-p 0", 2, "top-p is 0"),
        ("--class 1 --top-p 1.5", 2, "top-p is 1.5"),
        ("--class 1 --temperature -1", 2, "temperature is -1"),
        ("--class 1 --cfg nan", 2, "guidance scale"),
        ("--class 1 --cfg 4:sine", 2, "sine"),
        ("--class 1 --prefix given.json --keep 300", 1, "only 256 tokens"),
        ("--class 1 --keep 3", 2, "--prefix"),
        ("--class 1 --count 0", 2, "--count"),
        ("--class all --count 100000", 2, "--npz"),
        ("--from plain.png", 1, "carries no settings"),
        ("--from plain.png --class 1", 2, "--class"),
        ("--class 1,2 --precision int2", 2, "int4"),
    ] {
        let ran = generate(&folder, &format!("{words} -o out")).says(&[said]);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words}: {}", ran.err);
    }
    generate(&folder, "--class 1,2 -o one.png").ends_with(2).says(&["need a folder"]);
    generate(&folder, "--class 1 --npz s.npz --grid").ends_with(2).says(&["--grid"]);
    ibq(&folder, "generate --class 1 -o out").ends_with(1).says(&["ar_small.safetensors", "--tokenizer"]);
    let other = golden("../../assets/models/scenes-f4");
    let ran = ibq(&folder, &format!("generate --class 1 -o out --tokenizer {other}"));
    ran.ends_with(1).says(&["8,192 codes", "trained on 512"]);
    let tokenizer = golden("tokenizer_tiny.ckpt");
    let ran = folder.ibq(&format!("generate --class 1 -o out --model {tokenizer}"));
    ran.ends_with(1).says(&["is no transformer"]);
    assert_eq!(folder.list("."), ["given.json", "plain.png"]);
}

#[test]
fn a_sample_file_is_gone_on_with_after_an_interruption() {
    let folder = Folder::new("npz");
    given(&folder);
    let make = || generate(&folder, "--class 3,7 --count 2 --prefix given.json --keep 250 --npz s.npz");
    make().ends_with(0).says(&["4 pictures of 256 × 256"]);
    let whole = std::fs::read(folder.at("s.npz")).unwrap();
    assert!(whole.len() > 4 * 256 * 256 * 3 && whole.starts_with(b"PK"));
    make().ends_with(1).says(&["s.npz", "--overwrite"]);
    // As if it had been killed in the middle of the third picture.
    std::fs::remove_file(folder.at("s.npz")).unwrap();
    folder.write("s.npz.partial", &whole[..whole.len() - 3 * 256 * 256 - 80_000]);
    let other = generate(&folder, "--class 3,7 --count 2 --seed 1 --npz s.npz");
    other.ends_with(1).says(&["s.npz.partial", "other settings"]);
    make().ends_with(0).says(&["goes on after 2 of 4"]);
    assert!(std::fs::read(folder.at("s.npz")).unwrap() == whole, "another file");
    assert_eq!(folder.list("."), ["given.json", "s.npz"]);
}

#[test]
fn tokens_are_scored_and_their_logits_written() {
    let folder = Folder::new("score");
    given(&folder);
    let scored = |words: &str| ibq(&folder, &format!("score given.json {words}")).ends_with(0);
    let document = scored("--class 3 --logits l.npy --json").json();
    let picture = &document[0];
    let each: Vec<f64> =
        picture["per_token"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    assert_eq!(each.len(), 256);
    let total = picture["log_likelihood"].as_f64().unwrap();
    assert!((total - each.iter().sum::<f64>()).abs() < 1e-9 && each.iter().all(|&value| value < 0.0));
    let npy = std::fs::read(folder.at("l.npy")).unwrap();
    assert!(String::from_utf8_lossy(&npy[..100]).contains("(257, 512)"));
    let logits: Vec<f64> = npy[npy.len() - 257 * 512 * 4..]
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&word| f64::from(f32::from_le_bytes(word)))
        .collect();
    // Token 0 is 0, token 1 is 11.
    for (position, token) in [(0, 0), (1, 11)] {
        let row = &logits[position * 512..][..512];
        let sum: f64 = row.iter().map(|logit| logit.exp()).sum();
        assert!((row[token] - sum.ln() - each[position]).abs() < 1e-5);
    }
    let portable = ibq_on("software", &folder, "score given.json --class 3 --json --tier portable");
    let portable = portable.ends_with(0).json()[0]["log_likelihood"].as_f64().unwrap();
    assert!((portable - total).abs() < 1e-2, "{portable}, not {total}");
    let text = scored("--class none").out;
    assert!(text.contains("log-likelihood") && text.contains("256"), "{text}");
    folder.write("small.npy", &std::fs::read(folder.at("l.npy")).unwrap());
    ibq(&folder, "score small.npy --class 3").ends_with(1).says(&["small.npy"]);
}

#[test]
fn quantized_folders_are_smaller_and_know_their_classes() {
    let folder = Folder::new("convert-ar");
    given(&folder);
    let names =
        ["sea", "tawny owl, night bird", "fox", "oak", "rose", "moon", "castle", "boat", "cup", "cat"];
    folder.write("names.txt", names.join("\n").as_bytes());
    folder.write("few.txt", b"sea\nowl\n");
    let (model, config) = (golden("ar_small.safetensors"), golden("ar_small.yaml"));
    let convert = |words: &str| {
        let words = format!("convert {model} --config {config} --device cpu {words}");
        folder.ibq(&words)
    };
    convert("-o few --class-names few.txt").ends_with(1).says(&["has 2 names", "10 classes"]);
    convert("-o f32 --class-names names.txt").ends_with(0);
    let ran = convert("-o int4 --precision int4 --class-names names.txt").ends_with(0);
    assert!(ran.out.contains("as int4"), "{}", ran.out);
    let bytes = |path: &str| std::fs::metadata(folder.at(path)).unwrap().len();
    assert!(bytes("int4/model.safetensors") * 3 < bytes("f32/model.safetensors"));
    let info = folder.ibq("info int4 --device cpu").ends_with(0).out;
    assert!(info.contains("width 32") && info.contains("stored as") && !info.contains("f16  "), "{info}");

    // The weights do not tell the number of heads, and a width of 32 allows no guess.
    folder
        .ibq(&format!("info {model} --device cpu"))
        .ends_with(1)
        .says(&["number of heads", "official YAML"]);
    let info = folder.ibq(&format!("info {model} --json --device cpu --config {config}"));
    let info = info.ends_with(0).json()["transformer"].clone();
    assert_eq!((&info["config"]["n_layer"], &info["config"]["class_num"]), (&2.into(), &10.into()));
    assert_eq!(info["memory"].as_array().unwrap().len(), 4);
    let weights = |index: usize| info["memory"][index]["weights_bytes"].as_u64().unwrap();
    assert!(weights(0) > weights(1) && weights(2) > weights(3) && info["parameters"].as_u64().unwrap() > 0);

    let tokenizer = golden("tokenizer_tiny.ckpt");
    let words = format!("--tokenizer {tokenizer} --device cpu --prefix given.json --keep 250 --model int4");
    let ran = folder.ibq(&format!("generate --class towny -o a.png {words}")).ends_with(0);
    assert!(ran.err.contains("taken as class 1, tawny owl"), "{}", ran.err);
    let made = recipe(&folder, "a.png");
    assert_eq!((made.class_names.as_slice(), made.precision.name()), (&["tawny owl".to_owned()][..], "int4"));
    // Both names of a mix are kept.
    let mut mix = made;
    (mix.condition, mix.class_names) = (Condition::Mix(1, 2, 0.5), Vec::new());
    write_recipe(&folder, "mix.png", &mix);
    let models = format!("--model int4 --tokenizer {tokenizer}");
    folder.ibq(&format!("generate --from mix.png -o mixed.png --device cpu {models}")).ends_with(0);
    assert_eq!(recipe(&folder, "mixed.png").class_names, ["tawny owl", "fox"]);
    folder
        .ibq(&format!("generate --class fox -o b.png {words} --precision f16"))
        .ends_with(2)
        .says(&["stored as int4"]);
    folder.ibq("convert int4 -o again --precision int4").ends_with(1).says(&["int4 already"]);
    let tokenizer = format!("convert {tokenizer} -o small --precision int8");
    folder.ibq(&tokenizer).ends_with(2).says(&["only transformers"]);
}

#[test]
fn benchmarks_of_a_transformer() {
    let folder = Folder::new("bench-ar");
    let report = ibq_on("software", &folder, "bench --generate --tokens 2 --precision int8 --json");
    let report = report.ends_with(0).json();
    assert_eq!((&report["precision"], &report["random_weights"]), (&"int8".into(), &false.into()));
    let speeds = report["speeds"].as_array().unwrap();
    assert_eq!(speeds.len(), 4);
    assert!(
        speeds.iter().all(|speed| speed["dispatches"] == 14 && speed["tokens_per_s"].as_f64().unwrap() > 0.0)
    );
    let text = ibq(&folder, "bench --drift --pictures 1").ends_with(0).out;
    for part in ["f16", "int8", "int4", "256 tokens", "nats/token"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    folder.ibq("bench --generate --size-like M").ends_with(2).says(&["XXL"]);
    folder.ibq("bench --precision int4").ends_with(2).says(&["--generate"]);
}
