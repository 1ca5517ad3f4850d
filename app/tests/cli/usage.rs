//! What the command line answers before anything is computed.

use crate::command::{Folder, golden};

#[test]
fn help_names_every_command() {
    let folder = Folder::new("help");
    let help = folder.ibq("--help").ends_with(0);
    for command in ["info", "convert", "encode", "decode", "reconstruct", "bench"] {
        assert!(help.out.contains(&format!("\n  {command}")), "{}", help.out);
        let own = folder.ibq(&format!("{command} --help")).ends_with(0);
        assert!(own.out.contains("Usage: ibq"), "{}", own.out);
    }
    assert!(folder.ibq("--version").ends_with(0).out.starts_with("ibq "));
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    let folder = Folder::new("usage");
    folder.picture("a.png", 32, 32);
    folder.picture("b.png", 32, 32);
    for (words, said) in [
        ("paint a.png", "paint"),
        ("reconstruct a.png", "--output"),
        ("reconstruct -o out", "IMAGE"),
        ("reconstruct a.png -o out --resize large", "fit:512x512"),
        ("reconstruct a.png -o out --tile 0", "`off`"),
        ("reconstruct a.png -o out --precision f64", "f16"),
        ("reconstruct a.png -o out --weights best", "ema"),
        ("reconstruct a.png -o out.jpg", "PNG"),
        ("reconstruct a.png b.png -o out.png", "folder"),
        ("encode a.png -o tokens.txt", ".safetensors"),
    ] {
        let ran = folder.ibq(words).ends_with(2).says(&[said, "--help"]);
        assert_eq!(ran.out, "", "{words}");
    }
    assert_eq!(folder.list("."), ["a.png", "b.png"]);
}

#[test]
fn a_missing_input_is_named_and_ends_with_1() {
    let folder = Folder::new("missing");
    folder.write("empty/readme.txt", b"no picture");
    folder.ibq("reconstruct nothing.png -o out").ends_with(1).says(&["nothing.png: no such file"]);
    folder.ibq("encode empty -o t.json").ends_with(1).says(&["empty: no pictures in this folder"]);
    folder.ibq("encode *.webp -o t.json").ends_with(1).says(&["*.webp: matches no file"]);
    folder.ibq("decode t.json -o a.png").ends_with(1).says(&["t.json: no such file"]);
    folder.ibq("info model.ckpt").ends_with(1).says(&["model.ckpt"]);
    assert_eq!(folder.list("."), ["empty"]);
}

#[test]
fn nothing_is_replaced_that_was_not_meant() {
    let folder = Folder::new("replace");
    folder.picture("a.png", 32, 32);
    folder.picture("pictures/a.png", 32, 32);
    folder.write("b.json", b"[]");
    let before = std::fs::read(folder.at("a.png")).unwrap();
    for (words, said) in [
        ("reconstruct a.png -o a.png", "would replace an input"),
        ("reconstruct a.png -o .", "would replace an input"),
        ("reconstruct a.png -o . --overwrite", "would replace an input"),
        ("reconstruct a.png -o pictures", "--overwrite"),
        ("reconstruct a.png -o b.json", "no folder"),
    ] {
        let ran = folder.ibq(words).says(&[said]);
        assert_eq!(ran.code, 1, "{words}: {}", ran.err);
    }
    assert_eq!(std::fs::read(folder.at("a.png")).unwrap(), before);
}

#[test]
fn hostile_token_files_are_refused_by_name() {
    let folder = Folder::new("hostile-tokens");
    folder.write("empty.json", b"");
    folder.write("words.json", b"{\"tokens\": \"all of them\"}");
    folder.write("deep.json", "[".repeat(1 << 20).as_bytes());
    folder.write("short.npy", b"\x93NUMPY\x01\x00");
    let header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (4294967295, 4294967295), }\n";
    let mut huge = b"\x93NUMPY\x01\x00".to_vec();
    huge.extend((header.len() as u16).to_le_bytes());
    huge.extend(header);
    folder.write("huge.npy", &huge);
    let mut length = u64::MAX.to_le_bytes().to_vec();
    length.extend(b"{}");
    folder.write("length.safetensors", &length);
    for name in ["empty.json", "words.json", "deep.json", "short.npy", "huge.npy", "length.safetensors"] {
        let ran = folder.ibq(&format!("decode {name} -o a.png")).ends_with(1).says(&[name]);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        assert!(!folder.at("a.png").exists());
    }
}

#[test]
fn files_that_are_no_tokenizer_are_named_as_what_they_are() {
    let folder = Folder::new("models");
    folder.picture("a.png", 32, 32);
    folder.write("words.ckpt", b"these are no weights");
    folder.write("empty.safetensors", b"");
    folder.write("model/readme.txt", b"no model");
    for model in ["words.ckpt", "empty.safetensors", "model"] {
        let ran = folder.ibq(&format!("encode a.png -o t.json --model {model}")).ends_with(1).says(&[model]);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        folder.ibq(&format!("convert {model} -o out")).ends_with(1).says(&[model]);
    }
    assert_eq!(folder.list("."), ["a.png", "empty.safetensors", "model", "words.ckpt"]);
}

#[test]
fn info_describes_the_model_for_people_and_machines() {
    let folder = Folder::new("info");
    let model = golden("tokenizer_tiny.ckpt");
    let text = folder.ibq_with(&["info", &model, "--device", "cpu"]).ends_with(0).out;
    for part in ["512 codes of 32 values", "EMA (used), raw", "256 × 256", "512 × 512", "MiB"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    let json = folder.ibq_with(&["info", &model, "--json", "--device", "cpu"]).ends_with(0).json();
    assert_eq!(json["kind"], "tokenizer");
    assert_eq!(json["codebook_size"], 512);
    assert_eq!(json["config"]["ch_mult"], serde_json::json!([1, 1, 1, 2, 2]));
    assert_eq!(json["weights"], serde_json::json!(["ema", "raw"]));
    let memory = &json["memory"]["pictures"];
    let activations = |index: usize| memory[index]["activations_bytes"].as_u64().unwrap();
    assert!(activations(1) > activations(0), "{memory}");
}

#[test]
fn a_configuration_that_disagrees_names_the_field() {
    let folder = Folder::new("config");
    let yaml = std::fs::read_to_string(golden("tokenizer_tiny.yaml")).unwrap();
    folder.write("right.yaml", yaml.as_bytes());
    folder.write("wrong.yaml", yaml.replace("n_embed: 512", "n_embed: 1024").as_bytes());
    let model = golden("tokenizer_tiny.ckpt");
    let info = |config| folder.ibq_with(&["info", &model, "--config", config, "--device", "cpu"]);
    info("right.yaml").ends_with(0);
    info("wrong.yaml").ends_with(1).says(&["wrong.yaml", "n_embed", "1024", "512"]);
}

#[test]
fn the_bundled_model_is_the_default() {
    let folder = Folder::new("bundled");
    let default = golden("../../assets/models/default.txt");
    let name = std::fs::read_to_string(default).unwrap();
    let json = folder.ibq("info --json --device cpu").ends_with(0).json();
    assert_eq!((json["name"].as_str(), &json["kind"]), (Some(name.trim()), &"tokenizer".into()));
}

#[test]
fn a_command_says_nothing_of_a_display_that_it_does_not_need() {
    let folder = Folder::new("display");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ibq"));
    command.arg("info").current_dir(folder.at(".")).stdin(std::process::Stdio::null());
    for name in ["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "DRI_PRIME"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("XDG_RUNTIME_DIR"), "{said}");
}

#[test]
fn codes_in_a_row_are_decoded_as_a_square_or_as_the_grid_that_is_asked_for() {
    let folder = Folder::new("grids");
    folder.write("row.json", b"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]");
    let square = folder.ibq("decode row.json -o square.png --device cpu").ends_with(0);
    square.says(&["note: row.json", "4 × 4 codes in a row"]);
    let wide = folder.ibq("decode row.json -o wide.png --grid 2x8 --device cpu").ends_with(0);
    assert!(!wide.err.contains("note: row.json"), "{}", wide.err);
    let (square, wide) = (folder.open("square.png"), folder.open("wide.png"));
    assert_eq!((square.width(), square.height()), (wide.width() / 2, 2 * wide.height()));
    folder.ibq("decode row.json -o other.png --grid 3x3 --device cpu").ends_with(1).says(&["needs 9"]);
    folder.ibq("decode row.json -o other.png --grid 3 --device cpu").ends_with(2).says(&["16x16"]);
}
