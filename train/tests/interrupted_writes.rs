//! The trainer under signals, and killed at random moments.
#![cfg(unix)]

mod small_preset;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use burn::tensor::Device;
use ibq_core::interruption::is_ignored;
use ibq_tests::folder::Folder;
use ibq_tests::interrupted::{fill_disk, kill_at_random_moments};
use ibq_train::{data::Pictures, tokenizer::Checkpoint, training::CHECKPOINT_FILE};
use small_preset::tokenizer_preset;

fn ibq_train(folder: &Folder, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ibq-train"));
    command.args(words.split_whitespace()).current_dir(&folder.0).stdin(Stdio::null());
    command
}

/// A run without an end, with a record at every step.
const TRAINING: &str = "tokenizer --preset preset.toml --out run --scenes 40 --log-every 1 --save-every 1000000 --device cpu --threads 1";

fn train(folder: &Folder) -> Child {
    fs::write(folder.0.join("preset.toml"), tokenizer_preset(100_000)).unwrap();
    ibq_train(folder, TRAINING).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads standard output up to the first record.
fn wait_for_a_step(child: &mut Child) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("step ")), "it ended before its first step");
}

fn is_checkpoint(folder: &Folder) -> bool {
    Checkpoint::open(&folder.0.join("run").join(CHECKPOINT_FILE), &Device::flex()).is_ok()
}

#[test]
fn signals_save_a_checkpoint_also_when_nobody_reads_standard_output_and_the_exit_code_names_them() {
    for (signal, number, code) in [("-INT", 2, 130), ("-TERM", 15, 143), ("-HUP", 1, 129)] {
        if is_ignored(number) {
            continue;
        }
        let folder = Folder::new(&format!("signal{signal}"));
        let mut child = train(&folder);
        // The pipe is closed after that: every later line fails.
        wait_for_a_step(&mut child);
        let second = ibq_train(&folder, TRAINING).output().unwrap();
        let error = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(!second.status.success() && error.contains("another process"), "{error}");
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(is_checkpoint(&folder), "{signal}: no checkpoint");
    }
}

/// `ibq-train pictures` with its output.
const PICTURES: &str = "pictures --out p.pict --count 300 --side 32";

fn assert_pictures_are_whole(folder: &Folder) {
    assert_eq!(Pictures::open(&folder.0.join("p.pict")).unwrap().len(), 300);
}

fn assert_run_is_whole(folder: &Folder) {
    assert!(is_checkpoint(folder), "the checkpoint is lost or not whole");
    let log = fs::read_to_string(folder.0.join("run/log.jsonl")).unwrap();
    // The last line may be cut; the next run removes it.
    let whole = &log[..log.rfind('\n').map_or(0, |end| end + 1)];
    assert!(whole.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
}

#[test]
#[ignore = "a long proof: cargo xtask acceptance kills"]
fn kills_leave_every_output_whole() {
    let folder = Folder::new("kills");
    kill_at_random_moments(
        "ibq-train pictures",
        &folder.0,
        || ibq_train(&folder, PICTURES),
        || assert_pictures_are_whole(&folder),
    );
    // A checkpoint that a run resumes for three seconds, with a checkpoint and a sheet at every step.
    let mut child = train(&folder);
    wait_for_a_step(&mut child);
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap();
    let (checkpoint, begin) =
        (folder.0.join("run").join(CHECKPOINT_FILE), folder.0.join("begin.safetensors"));
    fs::rename(&checkpoint, &begin).unwrap();
    // One held-out picture, so that the run mostly writes.
    fs::create_dir(folder.0.join("held-out")).unwrap();
    image::RgbImage::new(64, 64).save(folder.0.join("held-out/a.png")).unwrap();
    let words = TRAINING.replace("1000000", "1") + " --held-out held-out --minutes 0.05";
    kill_at_random_moments(
        "ibq-train tokenizer",
        &folder.0.join("run"),
        || {
            fs::copy(&begin, &checkpoint).unwrap();
            ibq_train(&folder, &words)
        },
        || assert_run_is_whole(&folder),
    );
}

#[test]
#[ignore = "a long proof: cargo xtask acceptance full-disk"]
fn full_disks_leave_every_output_whole() {
    let folder = Folder::new("full");
    assert!(ibq_train(&folder, PICTURES).output().unwrap().status.success());
    let size = fs::metadata(folder.0.join("p.pict")).unwrap().len();
    fill_disk(
        "ibq-train pictures",
        &folder.0,
        2 + size.div_ceil(1024) as usize,
        || ibq_train(&folder, PICTURES),
        || assert_pictures_are_whole(&folder),
    );
}
