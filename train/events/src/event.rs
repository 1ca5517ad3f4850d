//! What happens in a run.

use serde::{Deserialize, Serialize};

use crate::{HeldOut, Record, Warning};

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// Images to tokens and back.
    Tokenizer,
    /// New tokens for a class.
    Transformer,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Seconds of training, those before an interruption included.
    pub seconds: f64,
    /// Fraction of the run that is done, 0 to 1: by steps, or by the clock if that is further.
    pub fraction: f64,
}

impl Progress {
    /// Estimate of the seconds that are left.
    #[must_use]
    pub fn seconds_left(&self) -> f64 {
        (self.seconds * (1.0 - self.fraction) / self.fraction.max(1e-9)).min(1e9)
    }
}

/// One event of a run, in the order in which they happen: the start (from scratch, from a model, or resumed), then steps, with
/// records, measurements, sheets of samples, warnings and checkpoints between them, and the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum TrainEvent {
    /// The run resumes from a checkpoint.
    Resumed {
        /// Steps done before.
        step: u64,
        /// The checkpoint.
        path: String,
    },
    /// The run starts from the weights of a model.
    Initialized {
        /// The model.
        path: String,
        /// Codes of its tokenizer that changed since, of a transformer's model; their rows begin like the nearest previous
        /// ones.
        changed_codes: usize,
        /// Its number of classes and that of the tokens, where they differ: then the classes begin anew.
        classes: Option<[usize; 2]>,
    },
    /// Rarely used codes are looked for.
    SplittingCodes {
        /// Number of this round, from 1.
        round: usize,
    },
    /// Rarely used codes were moved to the cells with the largest errors.
    CodesSplit {
        /// Number of this round, from 1.
        round: usize,
        /// Codes that were rarely used.
        rare: usize,
        /// Those of them that now share the cell of another code.
        moved: usize,
    },
    /// The steps begin.
    Started {
        /// What is trained.
        model: ModelKind,
        /// Parameters of the model.
        parameters: u64,
        /// Codes of the codebook, or of the vocabulary.
        codes: u32,
        /// Images to train on.
        images: usize,
        /// Images that are only measured with.
        held_out: usize,
        /// How far the run already is.
        progress: Progress,
    },
    /// A step was done.
    Step {
        /// How far the run is.
        progress: Progress,
        /// The loss: weighted reconstruction loss of a tokenizer, cross-entropy of a transformer.
        loss: f64,
    },
    /// Means over the steps since the last record.
    Record {
        /// The numbers.
        record: Record,
    },
    /// The averaged weights were measured on held-out images. The next record repeats the numbers.
    HeldOut {
        /// Steps done.
        step: u64,
        /// The measurement.
        held_out: HeldOut,
    },
    /// A sheet of reconstructions or of generated images.
    Sheet {
        /// Steps done.
        step: u64,
        /// The sheet as a PNG file.
        png: Vec<u8>,
    },
    /// A symptom of a run that goes wrong appeared.
    Warning {
        /// The symptom.
        warning: Warning,
    },
    /// A file of the training images cannot be used.
    Skipped {
        /// The file, or the member of a shard.
        path: String,
        /// Why.
        reason: String,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// Steps done.
        step: u64,
        /// The checkpoint.
        path: String,
    },
    /// The run ended, and its last checkpoint is written.
    Done {
        /// Steps done.
        step: u64,
        /// Whether it was stopped before its end.
        is_stopped: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransformerRecord;

    #[test]
    fn the_time_left_follows_from_the_fraction_done() {
        let progress = Progress { step: 10, seconds: 30.0, fraction: 0.25 };
        assert!((progress.seconds_left() - 90.0).abs() < 1e-9);
        assert_eq!(Progress::default().seconds_left(), 0.0);
    }

    #[test]
    fn events_come_back_from_json() {
        let record = Record::Transformer(TransformerRecord { step: 3, ..Default::default() });
        for event in [
            TrainEvent::Resumed { step: 3, path: "run/checkpoint.safetensors".into() },
            TrainEvent::Record { record },
            TrainEvent::HeldOut { step: 3, held_out: HeldOut::Transformer(2.5) },
            TrainEvent::Warning { warning: Warning::UsageFell { codes: 3, best: 9 } },
            TrainEvent::Done { step: 3, is_stopped: true },
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<TrainEvent>(&text).unwrap(), event, "{text}");
        }
    }
}
