//! Every command of `ibq` that writes, killed at random moments and with a full disk: long proofs, run by
//! `cargo xtask acceptance kills full-disk`.
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use ibq_core::files::Model;
use ibq_tests::{
    folder::Folder,
    interrupted::{fill_disk, kill_at_random_moments},
};

fn golden(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(name).display().to_string()
}

/// `ibq` with these words in a folder, on the small tokenizer.
fn ibq(folder: &Folder, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ibq"));
    command.args(words.split_whitespace()).current_dir(&folder.0);
    command
}

/// A way to see that a file is whole.
type Whole = fn(&Path) -> bool;

fn is_picture(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| ibq_core::picture::open(&bytes).is_ok())
}

fn is_token_file(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok())
}

fn is_model(path: &Path) -> bool {
    pollster::block_on(Model::open_path(path)).is_ok()
}

/// The commands: name, words, what they write, and how to see that it is whole.
fn commands() -> Vec<(&'static str, String, &'static str, Whole)> {
    let model = golden("tokenizer_tiny.ckpt");
    let gpu = format!("--model {model} --adapter software");
    vec![
        ("convert", format!("convert {model} -o model --overwrite"), "model", is_model as Whole),
        ("encode", format!("encode a.png -o tokens.json {gpu}"), "tokens.json", is_token_file),
        ("decode", format!("decode given.json -o decoded.png {gpu}"), "decoded.png", is_picture),
        ("reconstruct", format!("reconstruct a.png -o again.png {gpu}"), "again.png", is_picture),
    ]
}

/// A folder with a picture, its tokens, and what a command wrote before.
fn prepare(name: &str, words: &str) -> Folder {
    let folder = Folder::new(name);
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8 * 3, y as u8 * 3, 90]));
    fs::write(folder.0.join("a.png"), ibq_core::picture::encode_png(&picture).unwrap()).unwrap();
    let model = golden("tokenizer_tiny.ckpt");
    for words in [&format!("encode a.png -o given.json --model {model} --adapter software"), words] {
        let output = ibq(&folder, words).output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }
    folder
}

#[test]
#[ignore = "a long proof: cargo xtask acceptance kills"]
fn kills_leave_every_output_whole() {
    for (name, words, output, is_whole) in commands() {
        let folder = prepare(name, &words);
        let path = folder.0.join(output);
        kill_at_random_moments(
            &format!("ibq {name}"),
            &folder.0,
            || ibq(&folder, &words),
            || assert!(is_whole(&path), "{name}: {output} is lost or not whole"),
        );
    }
}

#[test]
#[ignore = "a long proof: cargo xtask acceptance full-disk"]
fn full_disks_leave_every_output_whole() {
    for (name, words, output, is_whole) in commands() {
        let folder = prepare(&format!("full-{name}"), &words);
        let path = folder.0.join(output);
        let size = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
        let largest = if path.is_dir() { size(&path.join("model.safetensors")) } else { size(&path) };
        fill_disk(
            &format!("ibq {name}"),
            &folder.0,
            2 + largest.div_ceil(1024) as usize,
            || ibq(&folder, &words),
            || assert!(is_whole(&path), "{name}: {output} is lost or not whole"),
        );
    }
}
