//! What a training run reports while it runs: one stream of [`TrainEvent`]s for tokenizers and transformers, which a command
//! line, a log file or a screen receive as [`EventSink`]s.
//!
//! This crate has neither files nor tensors, so that it runs wherever events are shown.

mod event;
mod record;
mod sink;
mod warning;

pub use event::{ModelKind, Progress, TrainEvent};
pub use record::{Evaluation, HeldOut, Record, TokenizerRecord, TransformerRecord};
pub use sink::{EventSink, Sinks};
pub use warning::Warning;
