//! Whole runs of both kinds of model: their events, their files, and that an interrupted run resumes as if it never stopped.

mod small_preset;

use std::{fs, io, path::Path};

use burn::tensor::Device;
use ibq_core::{job::Job, tokenizer::TokenizerConfig};
use ibq_tests::folder::Folder;
use ibq_train::{
    data::Pictures,
    log::{JsonLog, LOG_FILE, SheetFolder, TensorBoardLog},
    random::Random,
    tokenizer::{self, initial_weights},
    training::{CHECKPOINT_FILE, Intervals},
    transformer::{self, TokenSet},
    weights::Weights,
};
use ibq_train_events::{Evaluation, EventSink, HeldOut, ModelKind, Record, Sinks, TrainEvent, Warning};
use small_preset::tokenizer_preset;

const TRANSFORMER: &str = "
[model]
vocab_size = 48
block_size = 64
n_layer = 1
n_head = 2
n_embd = 16
class_num = 3
ffn_dim = 32
[training]
batch = 2
steps = 7
learning_rate = 5e-3
warm_up = 2
first_rate = 0.01
final_rate = 0.05
weight_decay = [0.05, 0.05]
dropout = 0.1
class_dropout = 0.1
ema_decay = 0.9
";

const INTERVALS: Intervals = Intervals { log_every: 2, save_every: 3 };

/// Cancels a job after a step.
struct Stop(u64, Job);

impl EventSink for Stop {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        if let TrainEvent::Step { progress, .. } = event
            && progress.step == self.0
        {
            self.1.cancel();
        }
        Ok(())
    }
}

/// Runs a part of a run with all sinks of the command line, up to a step, and returns its events.
fn run_until(folder: &Path, step: u64, run: impl FnOnce(&Job, &mut dyn EventSink)) -> Vec<TrainEvent> {
    let (job, mut events) = (Job::new(), Vec::new());
    let mut sinks = Sinks::new()
        .with(&mut events)
        .with(JsonLog::open(folder).unwrap())
        .with(TensorBoardLog::new(folder).unwrap())
        .with(SheetFolder::open(folder).unwrap())
        .with(Stop(step, job.clone()));
    run(&job, &mut sinks);
    drop(sinks);
    events
}

fn losses(events: &[TrainEvent]) -> Vec<f64> {
    let loss = |event: &TrainEvent| match event {
        TrainEvent::Step { loss, .. } => Some(*loss),
        _ => None,
    };
    events.iter().filter_map(loss).collect()
}

/// What happened, a word for each event.
fn words(events: &[TrainEvent]) -> Vec<&'static str> {
    let word = |event: &TrainEvent| match event {
        TrainEvent::Resumed { .. } => "resumed",
        TrainEvent::Started { .. } => "started",
        TrainEvent::Step { .. } => "step",
        TrainEvent::Record { .. } => "record",
        TrainEvent::HeldOut { .. } => "held out",
        TrainEvent::Sheet { .. } => "sheet",
        TrainEvent::Checkpoint { .. } => "checkpoint",
        TrainEvent::Done { is_stopped: false, .. } => "finished",
        TrainEvent::Done { is_stopped: true, .. } => "stopped",
        _ => "other",
    };
    events.iter().map(word).filter(|word| *word != "other").collect()
}

/// The records of the log, and the files of a run.
fn check_files(folder: &Path, steps: &[u64]) -> Vec<Record> {
    let log = fs::read_to_string(folder.join(LOG_FILE)).unwrap();
    let records: Vec<Record> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().map(Record::step).collect::<Vec<_>>(), steps);
    assert!(folder.join(CHECKPOINT_FILE).exists());
    for step in [3, 6, 7] {
        let sheet = fs::read(folder.join(format!("samples/step-{step:06}.png"))).unwrap();
        assert!(sheet.starts_with(b"\x89PNG"));
    }
    let logs = fs::read_dir(folder).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("events.out.tfevents")
    });
    assert!(logs.count() >= 1);
    records
}

/// From the first step to the last one.
const WHOLE: [&str; 24] = [
    "started",
    "step",
    "step",
    "record",
    "step",
    "held out",
    "record",
    "checkpoint",
    "sheet",
    "step",
    "record",
    "step",
    "step",
    "held out",
    "record",
    "checkpoint",
    "sheet",
    "step",
    "held out",
    "record",
    "checkpoint",
    "sheet",
    "checkpoint",
    "finished",
];

fn train_tokenizer(folder: &Path, job: &Job, sink: &mut dyn EventSink) {
    let preset = folder.join("preset.toml");
    fs::write(&preset, tokenizer_preset(7)).unwrap();
    let config = tokenizer::TrainConfig {
        folder: folder.to_owned(),
        preset: preset.display().to_string(),
        init: None,
        options: tokenizer::TrainerOptions::default(),
        double_codes: 0,
        split_codes: 0,
        intervals: INTERVALS,
    };
    let images = Pictures::scenes(8, 16, 0, &[1], |_| {});
    let held_out = Pictures::scenes(2, 16, 90, &[1], |_| {});
    let mut trainer = tokenizer::open_trainer(&config, &Device::flex(), sink).unwrap();
    tokenizer::train(&mut trainer, &images, &held_out, &config, job, sink).unwrap();
}

#[test]
fn an_interrupted_run_of_a_tokenizer_resumes_with_the_same_losses_and_files() {
    let folder = Folder::new("tokenizer-run");
    let (whole, parts) = (folder.0.join("whole"), folder.0.join("parts"));
    let expected = run_until(&whole, u64::MAX, |job, sink| train_tokenizer(&whole, job, sink));
    assert_eq!(words(&expected), WHOLE);
    let TrainEvent::Started { model, codes, images, held_out, .. } = expected[0] else {
        panic!("{expected:?}")
    };
    assert_eq!((model, codes, images, held_out), (ModelKind::Tokenizer, 48, 8, 2));

    let first = run_until(&parts, 4, |job, sink| train_tokenizer(&parts, job, sink));
    assert!(words(&first).ends_with(&["step", "record", "checkpoint", "stopped"]));
    let rest = run_until(&parts, u64::MAX, |job, sink| train_tokenizer(&parts, job, sink));
    assert_eq!(words(&rest)[..3], ["resumed", "started", "step"]);
    assert_eq!([losses(&first), losses(&rest)].concat(), losses(&expected));

    let records = check_files(&parts, &[2, 3, 4, 6, 7]);
    let Record::Tokenizer(last) = &records[4] else { panic!("{records:?}") };
    let logged = last.held_out.as_ref().unwrap();
    let measured = |events: &[TrainEvent]| -> Evaluation {
        let at_the_end = |event: &TrainEvent| match event {
            TrainEvent::HeldOut { step: 7, held_out: HeldOut::Tokenizer(held_out) } => Some(held_out.clone()),
            _ => None,
        };
        events.iter().find_map(at_the_end).unwrap()
    };
    assert_eq!(measured(&rest), measured(&expected));
    assert_eq!(logged.pictures, 2);
    assert!((logged.psnr - measured(&rest).psnr).abs() < 1e-9);
}

fn tokens() -> (TokenSet, (Weights, TokenizerConfig)) {
    let config = tokenizer::Preset::parse("a test", &tokenizer_preset(7)).unwrap().model;
    let weights = initial_weights(&config, &mut Random::new(5), &Device::flex());
    let names = ["one", "two", "three"].map(str::to_owned).to_vec();
    let mut set = TokenSet::new(&weights, &config, 16, names);
    for image in 0..128u16 {
        set.classes.push(image % 3);
        set.tokens.extend((0..64).map(|position| (image + position * (image % 3 + 1)) % 48));
    }
    (set, (weights, config))
}

fn train_transformer(folder: &Path, job: &Job, sink: &mut dyn EventSink) {
    let preset = folder.join("preset.toml");
    fs::write(&preset, TRANSFORMER).unwrap();
    let config = transformer::TrainConfig {
        folder: folder.to_owned(),
        preset: preset.display().to_string(),
        init: None,
        init_yaml: None,
        fit: false,
        replace_training: false,
        tokenizer: None,
        options: transformer::TrainerOptions::default(),
        intervals: INTERVALS,
    };
    let (tokens, tokenizer) = tokens();
    let mut trainer = transformer::open_trainer(&config, &tokens, sink).unwrap();
    transformer::train(&mut trainer, &tokens, Some(&tokenizer), &config, job, sink).unwrap();
}

#[test]
fn an_interrupted_run_of_a_transformer_resumes_with_the_same_losses_and_files() {
    let folder = Folder::new("transformer-run");
    let (whole, parts) = (folder.0.join("whole"), folder.0.join("parts"));
    let expected = run_until(&whole, u64::MAX, |job, sink| train_transformer(&whole, job, sink));
    assert_eq!(words(&expected), WHOLE);
    let TrainEvent::Started { model, codes, images, held_out, .. } = expected[0] else {
        panic!("{expected:?}")
    };
    assert_eq!((model, codes, images, held_out), (ModelKind::Transformer, 48, 126, 2));

    let first = run_until(&parts, 4, |job, sink| train_transformer(&parts, job, sink));
    assert!(words(&first).ends_with(&["step", "record", "checkpoint", "stopped"]));
    let rest = run_until(&parts, u64::MAX, |job, sink| train_transformer(&parts, job, sink));
    assert_eq!(words(&rest)[..3], ["resumed", "started", "step"]);
    assert_eq!([losses(&first), losses(&rest)].concat(), losses(&expected));
    let records = check_files(&parts, &[2, 3, 4, 6, 7]);
    assert!(records.iter().all(|record| matches!(record, Record::Transformer(_))));
}

#[test]
fn a_collapse_is_noticed_also_after_a_run_resumed() {
    let folder = Folder::new("collapse-run");
    let mut first = run_until(&folder.0, 3, |job, sink| train_tokenizer(&folder.0, job, sink));
    // The log claims that far more codes were in use than there are.
    let path = folder.0.join(LOG_FILE);
    let log = fs::read_to_string(&path).unwrap();
    fs::write(&path, log + "{\"codes_in_use\":4800,\"positions\":128}\nhalf a li").unwrap();
    first.extend(run_until(&folder.0, 4, |job, sink| train_tokenizer(&folder.0, job, sink)));
    let fell = |event: &&TrainEvent| {
        matches!(event, TrainEvent::Warning { warning: Warning::UsageFell { best: 4800, .. } })
    };
    assert_eq!(first.iter().filter(fell).count(), 1);
}
