//! New pictures, their likelihood, and what else is done with transformers.

use ibq_core::{picture::text_of, transformer::Recipe};
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

/// Runs a command on the small transformer of the golden vectors.
fn ibq(folder: &Folder, words: &str) -> Ran {
    let (model, config) = (golden("ar_small.safetensors"), golden("ar_small.yaml"));
    let mut all: Vec<&str> = words.split_whitespace().collect();
    all.extend(["--model", &model, "--config", &config, "--adapter", "software"]);
    folder.ibq_with(&all)
}

fn generate(folder: &Folder, words: &str) -> Ran {
    ibq(folder, &format!("generate {words} --tokenizer {}", golden("tokenizer_tiny.ckpt")))
}

fn recipe(folder: &Folder, name: &str) -> Recipe {
    let png = std::fs::read(folder.at(name)).unwrap();
    Recipe::from_json(&text_of(&png, "ibq").expect("settings inside")).unwrap()
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

    // The file alone names both models and the head count.
    let words = "generate --from out/class-7-seed-5-2.png -o again.png --adapter software";
    let ran = folder.ibq(words).ends_with(0);
    assert!(!ran.err.contains("note:"), "{}", ran.err);
    let bytes = |name: &str| std::fs::read(folder.at(name)).unwrap();
    assert!(bytes("again.png") == bytes("out/class-7-seed-5-2.png"), "another picture");
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
        let words = format!("convert {model} --config {config} --adapter software {words}");
        folder.ibq(&words)
    };
    convert("-o few --class-names few.txt").ends_with(1).says(&["has 2 names", "10 classes"]);
    convert("-o f32 --class-names names.txt").ends_with(0);
    let ran = convert("-o int4 --precision int4 --class-names names.txt").ends_with(0);
    assert!(ran.out.contains("as int4"), "{}", ran.out);
    let bytes = |path: &str| std::fs::metadata(folder.at(path)).unwrap().len();
    assert!(bytes("int4/model.safetensors") * 3 < bytes("f32/model.safetensors"));
    let info = folder.ibq("info int4 --adapter software").ends_with(0).out;
    assert!(info.contains("width 32") && info.contains("stored as") && !info.contains("f16  "), "{info}");

    // The weights do not tell the number of heads, and a width of 32 allows no guess.
    folder
        .ibq(&format!("info {model} --adapter software"))
        .ends_with(1)
        .says(&["number of heads", "official YAML"]);
    let info = folder.ibq(&format!("info {model} --json --adapter software --config {config}"));
    let info = info.ends_with(0).json()["transformer"].clone();
    assert_eq!((&info["config"]["n_layer"], &info["config"]["class_num"]), (&2.into(), &10.into()));
    assert_eq!(info["memory"].as_array().unwrap().len(), 4);
    let weights = |index: usize| info["memory"][index]["weights_bytes"].as_u64().unwrap();
    assert!(weights(0) > weights(1) && weights(2) > weights(3) && info["parameters"].as_u64().unwrap() > 0);

    let tokenizer = golden("tokenizer_tiny.ckpt");
    let words =
        format!("--tokenizer {tokenizer} --adapter software --prefix given.json --keep 250 --model int4");
    let ran = folder.ibq(&format!("generate --class towny -o a.png {words}")).ends_with(0);
    assert!(ran.err.contains("taken as class 1, tawny owl"), "{}", ran.err);
    let made = recipe(&folder, "a.png");
    assert_eq!((made.class_name.as_deref(), made.precision.name()), (Some("tawny owl"), "int4"));
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
    let report = ibq(&folder, "bench --generate --tokens 2 --precision int8 --json").ends_with(0).json();
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
