//! Model folders made from the official checkpoints.

use std::path::{Path, PathBuf};

use ibq_core::{
    files::{FolderWriter, Model, WeightSet, WeightsError},
    gpu::Precision,
    job::Job,
    tokenizer::{ModelKind, TokenizerWeights, convert},
};
use ibq_tests::vectors::Golden;
use pollster::block_on;

/// A folder of this test alone, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-convert-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder").flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("removal");
    }
}

fn weights(set: WeightSet) -> Option<TokenizerWeights> {
    let golden = Golden::open();
    let file = golden.text("/tokenizer/checkpoint")?;
    let model = block_on(Model::open_path(&golden.path(file))).unwrap_or_else(|error| panic!("{error}"));
    model
        .available()
        .contains(&set)
        .then(|| model.tokenizer(Some(set)).unwrap_or_else(|error| panic!("{error}")))
}

fn reopen(folder: &Path) -> TokenizerWeights {
    let model = block_on(Model::open_path(folder)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(model.kind(), ModelKind::Tokenizer);
    model.tokenizer(None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn golden_weights_survive_conversion() {
    for (set, precision) in [(WeightSet::Ema, Precision::F32), (WeightSet::Raw, Precision::F16)] {
        let Some(weights) = weights(set) else { continue };
        let scratch = Scratch::new(&precision.to_string());
        let folder = scratch.0.join("model");
        let job = Job::new();
        block_on(convert(&weights, precision, &folder, &job)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scratch.names(), ["model"]);
        assert!((job.snapshot().done - 1.0).abs() < 1e-6);
        let converted = reopen(&folder);
        assert_eq!((converted.set(), converted.config()), (set, weights.config()));
        for (name, _) in weights.config().parameters() {
            let before = block_on(weights.read(&name)).expect("values");
            let after = block_on(converted.read(&name)).expect("values");
            match precision {
                Precision::F32 => assert_eq!(before, after, "{name}"),
                Precision::F16 => {
                    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= a.abs() / 2048.0 + 3e-8;
                    assert!(before.iter().zip(&after).all(close), "{name}");
                }
            }
        }
        let size = std::fs::metadata(folder.join("model.safetensors")).expect("the file").len();
        let bytes = if precision == Precision::F32 { 4 } else { 2 };
        let values = weights.config().parameter_count() * bytes;
        assert!(size > values && size < values + (1 << 20), "{size} bytes for {values}");
        // A model folder is replaced by the next one.
        block_on(convert(&weights, Precision::F16, &folder, &Job::new()))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scratch.names(), ["model"]);
        reopen(&folder);
    }
}

#[test]
fn golden_weights_overwrite_nothing_but_model_folders() {
    let Some(weights) = weights(WeightSet::Ema) else { return };
    let scratch = Scratch::new("refuse");
    let refused = |out: &Path| match block_on(convert(&weights, Precision::F16, out, &Job::new())) {
        Err(WeightsError::Write { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let file = scratch.0.join("file");
    std::fs::write(&file, "text").expect("a file");
    assert!(refused(&file).contains("is a file"));
    let full = scratch.0.join("full");
    std::fs::create_dir(&full).expect("a folder");
    std::fs::write(full.join("letter.txt"), "dear").expect("a file");
    assert!(refused(&full).contains("`letter.txt`"));
    std::fs::rename(full.join("letter.txt"), full.join("model.safetensors")).expect("another name");
    assert!(refused(&full).contains("not a model folder"));
    assert_eq!(scratch.names(), ["file", "full"]);
    assert_eq!(std::fs::read_to_string(full.join("model.safetensors")).expect("still there"), "dear");
}

#[test]
fn golden_weights_leave_nothing_behind_when_cancelled() {
    let Some(weights) = weights(WeightSet::Ema) else { return };
    let scratch = Scratch::new("cancel");
    let job = Job::new();
    job.cancel();
    let result = block_on(convert(&weights, Precision::F32, &scratch.0.join("model"), &job));
    assert!(matches!(result, Err(WeightsError::Cancelled(_))), "{result:?}");
    assert!(scratch.names().is_empty());
}

#[test]
fn golden_weights_too_large_for_f16_are_named() {
    let Some(weights) = weights(WeightSet::Ema) else { return };
    let scratch = Scratch::new("f16");
    let config = ibq_core::files::FolderConfig {
        kind: ModelKind::Tokenizer.key().to_owned(),
        weights: WeightSet::Raw,
        precision: Precision::F16,
        source: "a test".to_owned(),
        tokenizer: Some(serde_json::json!(weights.config())),
        transformer: None,
        class_names: Vec::new(),
    };
    let parameters = vec![("a".to_owned(), vec![2]), ("b".to_owned(), vec![1])];
    let mut writer = FolderWriter::create(&scratch.0.join("model"), &config, &parameters).expect("a writer");
    writer.append(&[1.0]).expect("a value");
    let error = writer.append(&[2.0, 70_000.0]).unwrap_err().to_string();
    assert!(error.contains("`b`") && error.contains("70000") && error.contains("f32"), "{error}");
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("`b`: has only 0 of 1 values"), "{error}");
    assert!(scratch.names().is_empty());
}
