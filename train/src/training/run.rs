//! The loop of a run, the same for both kinds of model: steps, and between them checkpoints, measurements and records.

use std::{io, path::Path, time::Duration};

use ibq_core::job::Job;
use ibq_train_events::{EventSink, HeldOut, Progress, Record, TrainEvent, Warning};

use super::checkpoint::CheckpointError;
use crate::data::Skipped;

/// Name of the checkpoint in the folder of a run.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// Fraction of the time that may be spent waiting for images without a warning.
const ALLOWED_WAITING: f64 = 0.2;

/// Steps between what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// Steps between two records.
    pub log_every: u64,
    /// Steps between two checkpoints, each with a measurement on held-out images and a sheet of samples.
    pub save_every: u64,
}

/// A run ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// A step cannot be done.
    #[error(transparent)]
    Step(E),
    /// The checkpoint cannot be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A sheet cannot be made, or a sink cannot write an event.
    #[error(transparent)]
    Events(#[from] io::Error),
}

/// A model in training, as the loop sees it.
pub(crate) trait Run {
    /// Why a step cannot be done.
    type StepError;

    /// How far it is.
    fn progress(&self) -> Progress;

    /// Does a step and returns its loss; none if it was cancelled while it waited for images.
    fn step(&mut self) -> Result<Option<f64>, Self::StepError>;

    /// Writes the checkpoint.
    fn save(&self, path: &Path) -> Result<(), CheckpointError>;

    /// Measures the averaged weights on held-out images, if there are any.
    fn measure(&mut self) -> Option<HeldOut>;

    /// A sheet of samples as a PNG file, called after [`measure`](Self::measure).
    fn sheet(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// Means over the steps since the last record.
    fn record(&mut self, held_out: Option<HeldOut>) -> Record;

    /// Symptoms that this record has and the one before did not have.
    fn warnings(&mut self, record: &Record) -> Vec<Warning>;

    /// Files that turned out to be unusable since this was last called.
    fn skipped(&self) -> Vec<Skipped> {
        Vec::new()
    }

    /// How long steps waited for images since this was last called.
    fn waited(&self) -> Duration {
        Duration::ZERO
    }
}

/// Does the steps of a run until it is done or `job` is cancelled. `folder` gets the checkpoint, `sink` the events.
pub(crate) fn run_steps<R: Run>(
    run: &mut R,
    folder: &Path,
    intervals: Intervals,
    job: &Job,
    sink: &mut dyn EventSink,
) -> Result<(), RunError<R::StepError>> {
    let path = folder.join(CHECKPOINT_FILE);
    let save = |run: &R, sink: &mut dyn EventSink| -> Result<(), RunError<R::StepError>> {
        run.save(&path)?;
        let (step, path) = (run.progress().step, path.display().to_string());
        Ok(sink.receive(&TrainEvent::Checkpoint { step, path })?)
    };
    let mut recorded = run.progress().seconds;
    while run.progress().fraction < 1.0 && !job.is_cancelled() {
        let loss = match run.step() {
            Ok(Some(loss)) => loss,
            Ok(None) => break,
            Err(error) => {
                report_skipped(run, sink)?;
                return Err(RunError::Step(error));
            }
        };
        let progress = run.progress();
        let step = progress.step;
        sink.receive(&TrainEvent::Step { progress, loss })?;
        let is_saved = step.is_multiple_of(intervals.save_every) || progress.fraction >= 1.0;
        let mut held_out = None;
        if is_saved {
            held_out = run.measure();
            if let Some(held_out) = held_out.clone() {
                sink.receive(&TrainEvent::HeldOut { step, held_out })?;
            }
        }
        if is_saved || step.is_multiple_of(intervals.log_every) {
            let record = run.record(held_out);
            sink.receive(&TrainEvent::Record { record: record.clone() })?;
            report_skipped(run, sink)?;
            let mut warnings = run.warnings(&record);
            let fraction = run.waited().as_secs_f64() / (progress.seconds - recorded).max(1e-9);
            if fraction > ALLOWED_WAITING {
                warnings.push(Warning::WaitingForImages { fraction });
            }
            for warning in warnings {
                sink.receive(&TrainEvent::Warning { warning })?;
            }
            recorded = progress.seconds;
        }
        if is_saved {
            // After its record: a run that is killed at any moment then has the records of all steps that its checkpoint has.
            save(run, sink)?;
            if let Some(png) = run.sheet()? {
                sink.receive(&TrainEvent::Sheet { step, png })?;
            }
        }
    }
    save(run, sink)?;
    report_skipped(run, sink)?;
    let step = run.progress().step;
    Ok(sink.receive(&TrainEvent::Done { step, is_stopped: job.is_cancelled() })?)
}

fn report_skipped<R: Run>(run: &R, sink: &mut dyn EventSink) -> io::Result<()> {
    for Skipped { path, reason } in run.skipped() {
        sink.receive(&TrainEvent::Skipped { path: path.display().to_string(), reason })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ibq_train_events::TransformerRecord;

    use super::*;

    /// The counter fails in the next step.
    const FAILS_AFTER: u64 = 1;

    /// A run of ten steps that only counts.
    struct Counting {
        step: u64,
        cancels_at: u64,
        job: Job,
    }

    impl Run for Counting {
        type StepError = &'static str;

        fn progress(&self) -> Progress {
            Progress { step: self.step, seconds: self.step as f64, fraction: self.step as f64 / 10.0 }
        }

        fn step(&mut self) -> Result<Option<f64>, &'static str> {
            if self.step == FAILS_AFTER {
                return Err("no such step");
            }
            self.step += 1;
            if self.step == self.cancels_at {
                self.job.cancel();
            }
            Ok(Some(1.0 / self.step as f64))
        }

        fn save(&self, _: &Path) -> Result<(), CheckpointError> {
            Ok(())
        }

        fn measure(&mut self) -> Option<HeldOut> {
            Some(HeldOut::Transformer(0.5))
        }

        fn sheet(&mut self) -> io::Result<Option<Vec<u8>>> {
            Ok(Some(vec![self.step as u8]))
        }

        fn record(&mut self, _: Option<HeldOut>) -> Record {
            Record::Transformer(TransformerRecord { step: self.step, ..Default::default() })
        }

        fn warnings(&mut self, record: &Record) -> Vec<Warning> {
            (record.step() == 4).then_some(Warning::LossVanished).into_iter().collect()
        }

        fn skipped(&self) -> Vec<Skipped> {
            if self.step == FAILS_AFTER {
                vec![Skipped { path: "a.png".into(), reason: "broken".into() }]
            } else {
                vec![]
            }
        }

        fn waited(&self) -> Duration {
            Duration::from_secs_f64(if self.step == 6 { 1.5 } else { 0.1 })
        }
    }

    fn names(events: &[TrainEvent]) -> Vec<String> {
        let name = |event: &TrainEvent| match event {
            TrainEvent::Step { progress, .. } => format!("{}", progress.step),
            TrainEvent::Checkpoint { step, .. } => format!("save {step}"),
            TrainEvent::HeldOut { step, .. } => format!("measure {step}"),
            TrainEvent::Record { record } => format!("record {}", record.step()),
            TrainEvent::Sheet { step, .. } => format!("sheet {step}"),
            TrainEvent::Warning { warning } => format!("{warning:?}"),
            TrainEvent::Skipped { path, .. } => format!("skipped {path}"),
            TrainEvent::Done { step, is_stopped } => format!("done {step} {is_stopped}"),
            other => format!("{other:?}"),
        };
        events.iter().map(name).collect()
    }

    fn events(step: u64, cancels_at: u64) -> (Vec<String>, Result<(), RunError<&'static str>>) {
        let job = Job::new();
        let mut run = Counting { step, cancels_at, job: job.clone() };
        let intervals = Intervals { log_every: 2, save_every: 5 };
        let mut sink = Vec::new();
        let result = run_steps(&mut run, Path::new("run"), intervals, &job, &mut sink);
        (names(&sink), result)
    }

    #[test]
    fn checkpoints_records_and_warnings_come_at_their_intervals_and_at_the_end() {
        let (events, result) = events(3, u64::MAX);
        result.unwrap();
        assert_eq!(
            events,
            [
                "4",
                "record 4",
                "LossVanished",
                "5",
                "measure 5",
                "record 5",
                "save 5",
                "sheet 5",
                "6",
                "record 6",
                "WaitingForImages { fraction: 1.5 }",
                "7",
                "8",
                "record 8",
                "9",
                "10",
                "measure 10",
                "record 10",
                "save 10",
                "sheet 10",
                "save 10",
                "done 10 false",
            ]
        );
    }

    #[test]
    fn a_cancelled_run_saves_where_it_is() {
        let (events, result) = events(5, 7);
        result.unwrap();
        assert_eq!(events[2..], ["WaitingForImages { fraction: 1.5 }", "7", "save 7", "done 7 true"]);
    }

    #[test]
    fn a_step_that_fails_ends_the_run_after_the_files_that_were_skipped() {
        let (events, result) = events(FAILS_AFTER, u64::MAX);
        assert!(matches!(result, Err(RunError::Step("no such step"))));
        assert_eq!(events, ["skipped a.png"]);
    }
}
